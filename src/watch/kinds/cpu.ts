import * as fs from 'node:fs';
import * as v from 'valibot';
import { treeMembers } from '../../core/processes.ts';
import type { WatchContext } from '../kind.ts';
import type { Judgement, WatchedLife } from '../judgement.ts';
import { bad, ok, span, unknown } from './judgement.ts';
import { treeOf } from './life-tree.ts';
import { percentage } from './options.ts';
import { splitKind } from './split-kind.ts';

const options = v.strictObject({
  max: v.pipe(
    percentage(100_000),
    v.description(
      'How much processor time the whole process tree may take from one look to the next; one processor is 100%.',
    ),
  ),
});
type Options = v.InferOutput<typeof options>;

/** Processor time of one process so far, ticks. */
export interface Ticks {
  readonly own: number;
  /** Of its children that are over and were waited for, with theirs. */
  readonly children: number;
}

/** A tree's processor time at one moment, by `PID/START`. */
export interface CpuSample {
  readonly life: string;
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly processes: ReadonlyMap<string, Ticks>;
}

/** The kernel shows times to programs in ticks of 10 ms, on every architecture that Node runs on (USER_HZ). */
const TICK_MS = 10;
/** Over less than this, ticks are too coarse. */
const SHORTEST_MS = 200;

/**
 * The processors that a tree took between two samples, 1 for one processor. A child that ends hands its time on to its
 * parent; where nobody took it (an orphan), what the living ones took themselves is a lower bound.
 */
export function processorsBetween(before: CpuSample, after: CpuSample): number {
  let handedOn = 0;
  let living = 0;
  for (const [key, { own, children }] of after.processes) {
    const was = before.processes.get(key);
    handedOn += own + children;
    living += own - (was?.own ?? 0);
  }
  for (const { own, children } of before.processes.values()) handedOn -= own + children;
  return (Math.max(0, handedOn, living) * TICK_MS) / (after.at - before.at);
}

/** Judges a share of processors; undefined before the second look. */
export function judgeCpu(processors: number | undefined, elapsedMs: number, max: number): Judgement {
  if (processors === undefined) return unknown('it takes two looks to see what its processes take');
  const value = `${Math.round(processors * 100)}%`;
  const reason = `its processes took ${value} of a processor over ${span(elapsedMs)}`;
  const limit = `${Math.round(max * 100)}%`;
  return processors > max
    ? bad(value, `${reason}, ${limit} at most`)
    : ok(value, `${reason}, ${limit} at most`);
}

/** What its processes took since the look before; without it where there was none in this life, or just now. */
type CpuReading = {
  readonly read: boolean;
  readonly processors?: number | undefined;
  readonly elapsedMs?: number | undefined;
};

/** The process tree keeps to its share of the processors. */
export const cpu = splitKind<Options, CpuReading>({
  kind: 'cpu',
  main: 'max',
  options,
  everyMs: 15_000,
  timeoutMs: 10_000,
  reader(_options, context) {
    let before: CpuSample | undefined;
    return async ({ life }) => {
      const after = await sample(life, context);
      if (after === undefined) return { read: false };
      const since = before?.life === life.id ? before : undefined;
      const elapsedMs = since === undefined ? 0 : Math.round(after.at - since.at);
      if (since === undefined || elapsedMs < SHORTEST_MS) {
        before = since ?? after;
        return { read: true };
      }
      before = after;
      // To the tenth of a percent, which is finer than ticks are.
      const processors = Math.round(processorsBetween(since, after) * 1000) / 1000;
      return { read: true, processors, elapsedMs };
    };
  },
  judge:
    ({ max }) =>
    ({ read, processors, elapsedMs = 0 }) =>
      read
        ? judgeCpu(processors, elapsedMs, max)
        : unknown('cannot read the processor time of its processes'),
  source: () => ['cpu'],
});

async function sample(life: WatchedLife, context: WatchContext): Promise<CpuSample | undefined> {
  const tree = await treeOf(life, context);
  if (tree === undefined) return undefined;
  const members = await treeMembers(tree);
  const at = context.clock.monotonic();
  const processes = new Map<string, Ticks>();
  await Promise.all(
    members.map(async ({ pid, startTicks }) => {
      const ticks = ticksIn(await fs.promises.readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''));
      if (ticks !== undefined) processes.set(`${pid}/${startTicks}`, ticks);
    }),
  );
  return { life: life.id, at, processes };
}

/** utime, stime, cutime and cstime of /proc/PID/stat, proc(5); the name in brackets may hold anything. */
export function ticksIn(stat: string): Ticks | undefined {
  const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, cutime, cstime] = words.slice(11, 15).map(Number);
  if (utime === undefined || stime === undefined || cutime === undefined || cstime === undefined)
    return undefined;
  return { own: utime + stime, children: cutime + cstime };
}
