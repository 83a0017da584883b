import * as path from 'node:path';
import * as v from 'valibot';
import { duration } from '../../core/fields.ts';
import type { Judgement } from '../judgement.ts';
import { eachFile } from './found-files.ts';
import { late, ok, span, unknown } from './judgement.ts';
import { oneAtATime, type Read } from './one-at-a-time.ts';
import { files } from './options.ts';
import { OWN_FIGURES, type OwnFigures, readOwnFigures } from './own-figures.ts';
import { splitKind } from './split-kind.ts';

const options = v.strictObject({
  input: v.pipe(
    v.optional(files),
    v.description('The files that come in; without them, what a pipeline says of itself.'),
  ),
  output: v.pipe(v.optional(files), v.description('The files that are made of them.')),
  within: v.pipe(duration, v.description('How long after an input an output has to come.')),
});
type Options = v.InferOutput<typeof options>;

/** How far it is, as the files show. */
interface Progress {
  /** When an output last came, wall milliseconds; undefined: there is none. */
  readonly outputAt: number | undefined;
  /** Inputs that came after that. */
  readonly waiting: number;
  /** When the first of them came. */
  readonly firstAt: number | undefined;
}

export interface ProgressEvidence extends Progress {
  readonly now: number;
  readonly startedAt: number;
}

/** Judges progress: without input nothing is expected; after an input an output has to come in time. */
export function judgeProgress(evidence: ProgressEvidence, withinMs: number): Judgement {
  const { now, startedAt, outputAt, waiting, firstAt } = evidence;
  const last =
    outputAt === undefined
      ? 'there is no output yet'
      : `the last output came ${span(Math.max(0, now - outputAt))} ago`;
  if (firstAt === undefined) return ok('idle', `no input has come since; ${last}`);
  const waited = Math.max(0, now - Math.max(firstAt, startedAt));
  const value = `${waiting} without output`;
  const inputs = waiting === 1 ? '1 input waits' : `${waiting} inputs wait`;
  const inLife = firstAt < startedAt ? ' of this life' : '';
  const reason = `${inputs}, the first for ${span(waited)}${inLife}; ${last}`;
  return waited > withinMs ? late(value, `${reason}; ${span(withinMs)} at most`) : ok(value, reason);
}

/** Output follows input: idle is fine, stuck is not. */
export const progress = splitKind<Options, Read<Progress> | OwnFigures>({
  kind: 'progress',
  main: 'input',
  options,
  everyMs: 60_000,
  timeoutMs: 30_000,
  problems({ input, output }, { figures }) {
    if (input !== undefined && output !== undefined) return [];
    if (input === undefined && output === undefined && figures.includes('progressed')) return [];
    const missing =
      input === undefined
        ? 'without "input", the files that come in'
        : 'without "output", the files that are made of them';
    return [`cannot see progress ${missing}`];
  },
  reader: ({ input, output }, context) =>
    input === undefined || output === undefined
      ? readOwnFigures(context)
      : oneAtATime(context.clock, ({ signal }) => readFiles(input, output, context.folder, signal)),
  judge:
    ({ input, output, within }, { service }) =>
    (reading, { now, life }) => {
      const found = 'given' in reading ? ownProgress(reading, service) : reading;
      if (found.ok) return judgeProgress({ ...found.value, now, startedAt: life.startedAt }, within);
      return unknown(
        input === undefined ? found.reason : `cannot look at ${input} and ${output}: ${found.reason}`,
      );
    },
  source: ({ input, output }, { folder }) =>
    input === undefined || output === undefined
      ? OWN_FIGURES
      : ['progress', path.resolve(folder, input), path.resolve(folder, output)],
});

/** Of a pipeline that has always something to do: what counts is since when it has done nothing. */
function ownProgress({ backlog, oldest, progressed }: OwnFigures, service: string): Read<Progress> {
  if (backlog === undefined) return { ok: false, reason: `${service} gives no figures of its progress` };
  const firstAt = oldest === undefined ? undefined : Math.max(oldest, progressed ?? oldest);
  return { ok: true, value: { waiting: backlog, firstAt, outputAt: progressed } };
}

/** When files came is what counts, on both sides: copies keep the time at which they were made. */
async function readFiles(
  input: string,
  output: string,
  folder: string,
  signal: AbortSignal,
): Promise<Progress> {
  let outputAt: number | undefined;
  let waiting = 0;
  let firstAt: number | undefined;
  const outputs = await eachFile(output, folder, signal, ({ ctime }) => {
    outputAt = Math.max(outputAt ?? ctime, ctime);
  });
  const inputs = await eachFile(input, folder, signal, ({ ctime }) => {
    if (outputAt !== undefined && ctime <= outputAt) return;
    waiting++;
    firstAt = Math.min(firstAt ?? ctime, ctime);
  });
  if (!outputs || !inputs) throw new Error('too many files for its timeout');
  return { outputAt, waiting, firstAt };
}
