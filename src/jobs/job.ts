import type { Hours } from '../core/hours.ts';
import type { Schedule } from '../core/schedule.ts';
import type { Window } from '../core/windows.ts';

/** What starts a job beside its times: another one that succeeded, or that failed for good. */
export interface After {
  readonly job: string;
  readonly on: 'ok' | 'failed';
}

/** By when a due run must have succeeded: so long after its time (milliseconds), or at the next one of these times. */
export type Late = { readonly afterMs: number } | { readonly by: Schedule };

/** A command that runs first, and what its failure means: no run, a run all the same, a failed run. */
export interface Before {
  readonly argv: readonly string[];
  readonly fails: 'skip' | 'run' | 'fail';
}

/** A job with everything decided. Durations are milliseconds, paths absolute. Serialisable as JSON. */
export interface PlannedJob {
  readonly name: string;
  /** `run` for a command, else the name of a verb. */
  readonly verb: string;
  /** The command of `run`; empty for a verb. */
  readonly argv: readonly string[];
  /** What a verb is told, as written, but for its paths; empty for a command. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly at: readonly Schedule[];
  readonly after: readonly After[];
  readonly jitterMs: number;
  readonly missed: 'once' | 'skip' | 'all';
  readonly maxAgeMs: number;
  readonly timeoutMs: number;
  readonly retry: { readonly times: number; readonly everyMs: number };
  readonly before?: Before;
  readonly late?: Late;
  /** Names, and `path:/real/path` for the folder of a verb. */
  readonly locks: readonly string[];
  /** When runs may begin; at any time without it. */
  readonly hours?: Hours;
  /** When nobody is told of it, beside the windows of the whole config. */
  readonly quiet?: readonly { readonly window: Window; readonly why: string }[];
  readonly cwd: string;
  /** Values as they are written: `$NAME` and `file:PATH` are looked up for each run, and never shown. */
  readonly env: Readonly<Record<string, string>>;
  readonly envFile?: string;
  /** Paths that a command writes to, absolute; undefined where it does not say. */
  readonly writes?: readonly string[];
  readonly user?: string;
  readonly nice?: number;
  /** The channels that are told of it; undefined where it names none. */
  readonly notify?: readonly string[];
  /** Which runs are told with their output, beside failures: none without it. */
  readonly report?: 'output' | 'always';
  /** The channels that are told that; those of `notify` without it. */
  readonly reportTo?: readonly string[];
}

/** The name of a job in the time line: `job/NAME`. */
export function jobService(name: string): string {
  return `job/${name}`;
}

/** What comes after `STATE/` in the life of a run: `job:NAME/RUN`. */
export function runLife(job: string, run: string): string {
  return `job:${job}/${run}`;
}

/** The job that a life (the whole value of VAHTI_LIFE) is of; undefined where it is of a service. */
export function jobOfLife(life: string): string | undefined {
  const [, whose = ''] = life.split('/');
  return whose.startsWith('job:') ? whose.slice('job:'.length) : undefined;
}

/** What another job waits for, as it is written: `archive`, `archive failed`. */
export function afterText({ job, on }: After): string {
  return on === 'failed' ? `${job} failed` : job;
}
