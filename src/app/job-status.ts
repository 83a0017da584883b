import type { RunRow } from '../jobs/history.ts';
import { causeText } from '../jobs/job-records.ts';
import type { Pause, Standing } from '../jobs/job-state.ts';
import type { Blocked } from '../jobs/locks.ts';
import { beginsAt } from '../jobs/job-machine.ts';
import { nextTimes } from '../jobs/rules.ts';
import type { ScheduledJob } from '../jobs/scheduler.ts';
import { outputPath } from './job-run.ts';
import type { RunProgress } from './job-verb-talk.ts';
import type { StatePaths } from './state.ts';

/** What the daemon says of one job. Times are wall milliseconds. */
export interface JobStatus {
  readonly name: string;
  /** `run`, or the verb. */
  readonly verb: string;
  /** What it does now. `waiting`: its time has come, and something is in the way, or chance says when. */
  readonly state: 'idle' | 'running' | 'waiting' | 'retrying' | 'paused' | 'stuck';
  readonly standing: Standing;
  readonly run: {
    readonly run: string;
    readonly attempt: number;
    readonly startedAt: number;
    readonly pid: number | null;
    readonly cause: string;
    readonly dryRun: boolean;
  } | null;
  readonly progress: RunProgress | null;
  /** What begins next of what was asked for already. */
  readonly waiting: {
    readonly at: number;
    readonly attempt: number;
    readonly cause: string;
    readonly count: number;
  } | null;
  readonly blocked: Blocked | null;
  readonly pause: Pause | null;
  /** When it is late, unless it has succeeded by then. */
  readonly lateAt: number | null;
  readonly last: RunRow | null;
  readonly next: readonly number[];
  /** Of its first time; null where it has none. */
  readonly zone: string | null;
  /** The file that its output goes to, beside the time line. */
  readonly output: string;
}

const NEXT = 3;

export function jobStatus(
  scheduled: ScheduledJob,
  last: RunRow | null,
  progress: RunProgress | null,
  paths: StatePaths,
  now: number,
): JobStatus {
  const { job, state, rules, blocked, pid } = scheduled;
  const { current, waiting, pause, unmet } = state;
  const [first] = waiting;
  return {
    name: job.name,
    verb: job.verb,
    state: stateOf(scheduled),
    standing: state.standing,
    run:
      current === null
        ? null
        : {
            run: current.run,
            attempt: current.attempt,
            startedAt: current.startedAt,
            pid,
            cause: causeText(current),
            dryRun: current.dryRun,
          },
    progress: current === null ? null : progress,
    waiting:
      first === undefined
        ? null
        : {
            at: beginsAt(first, now, rules),
            attempt: first.attempt,
            cause: causeText(first),
            count: waiting.length,
          },
    blocked: blocked ?? null,
    pause,
    lateAt: unmet === null || unmet.told ? null : unmet.lateAt,
    last,
    next: nextTimes(job, now, NEXT),
    zone: job.at[0]?.zone ?? null,
    output: outputPath(paths, job.name),
  };
}

function stateOf({ state, stuck }: ScheduledJob): JobStatus['state'] {
  const { current, waiting, pause } = state;
  const [first] = waiting;
  if (stuck) return 'stuck';
  if (current !== null) return 'running';
  if (pause !== null && first?.cause !== 'person') return 'paused';
  if (first === undefined) return 'idle';
  return first.attempt > 1 && !first.redone ? 'retrying' : 'waiting';
}
