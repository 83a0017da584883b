import * as v from 'valibot';
import { size } from '../../core/fields.ts';
import { treeMemory } from '../../core/process-memory.ts';
import { approximateSize } from '../../core/sizes.ts';
import type { Judgement } from '../judgement.ts';
import { bad, ok, unknown } from './judgement.ts';
import { treeOf } from './life-tree.ts';
import { splitKind } from './split-kind.ts';

const options = v.strictObject({
  max: v.pipe(
    size,
    v.description('How much memory the whole process tree may take; shared pages count once, swap counts.'),
  ),
});
type Options = v.InferOutput<typeof options>;

/** Judges how many bytes a tree takes; undefined where that could not be read. */
export function judgeMemory(bytes: number | undefined, max: number): Judgement {
  if (bytes === undefined) return unknown('cannot read the memory of its processes');
  const value = approximateSize(bytes);
  const reason = `its processes take ${value}`;
  return bytes > max
    ? bad(value, `${reason}, ${approximateSize(max)} at most`)
    : ok(value, `${reason} of ${approximateSize(max)}`);
}

/** The process tree keeps to its memory. */
export const memory = splitKind<Options, { readonly bytes: number | undefined }>({
  kind: 'memory',
  main: 'max',
  options,
  everyMs: 15_000,
  timeoutMs: 10_000,
  reader:
    (_options, context) =>
    async ({ life }) => {
      const tree = await treeOf(life, context);
      return { bytes: tree === undefined ? undefined : await treeMemory(tree) };
    },
  judge:
    ({ max }) =>
    ({ bytes }) =>
      judgeMemory(bytes, max),
  source: () => ['memory'],
});
