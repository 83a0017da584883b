import type { RecordedProcess } from '../../core/runner.ts';
import type { PlannedJob } from '../../jobs/job.ts';
import type { Current, RunEnd } from '../../jobs/job-state.ts';

/** A run that is waited for. */
export interface Wait {
  readonly job: PlannedJob;
  readonly run: Current;
  readonly spawned: (process: RecordedProcess) => void;
  readonly done: (end: RunEnd | undefined) => void;
  /** Monotonic. */
  readonly since: number;
  /** systemd is just asked for it. */
  asking: boolean;
  /** systemd has taken that in. */
  asked: boolean;
  /** Looks that were told since: the first may have begun before. */
  looks: number;
  /** The run of the unit that was known before that. */
  before: string | null;
  /** It was seen to have begun before systemd was asked how it is. */
  seen: boolean;
  pid: number | null;
  stopped: boolean;
  /** When it was seen that it is over; monotonic. */
  overAt: number | undefined;
}

/** @param since monotonic milliseconds. */
export function newWait(
  job: PlannedJob,
  run: Current,
  spawned: (process: RecordedProcess) => void,
  done: (end: RunEnd | undefined) => void,
  since: number,
): Wait {
  const known = { before: null, seen: false, pid: null, stopped: false, overAt: undefined };
  return { job, run, spawned, done, since, asking: false, asked: false, looks: 0, ...known };
}
