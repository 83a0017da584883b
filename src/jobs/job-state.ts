import type { RecordedProcess } from '../core/runner.ts';
import type { Cursor, NextDue } from './cursor.ts';
import type { After } from './job.ts';

/** What is known of a job, and what can happen to it. All of it is plain data, and goes through JSON. Times are wall milliseconds. */

/** Why a run was asked for: its time came, another job ended, a person said so. */
export type Cause = 'schedule' | 'after' | 'person';

/** A run that is to begin. */
export interface Waiting {
  /** What was asked for: the same in every try of it. */
  readonly request: string;
  readonly cause: Cause;
  /** Which job it follows, or who asked; empty for its own times. */
  readonly by: string;
  /** The time that it is for. */
  readonly due: number;
  readonly notBefore: number;
  /** From 1. */
  readonly attempt: number;
  readonly retriesLeft: number;
  /** How many other due times it stands for, beside its own. */
  readonly coalesced: number;
  /** It makes up for a run that was cut short: that is done once. */
  readonly redone: boolean;
  readonly set: Readonly<Record<string, string>>;
  readonly dryRun: boolean;
}

/** A run that has begun, as far as anybody can tell. */
export interface Current extends Waiting {
  readonly run: string;
  readonly startedAt: number;
  /** Null until it is known; the next daemon ends it. */
  readonly process: RecordedProcess | null;
}

/**
 * How a run ended. `partly`: what a verb could not do is left for the next run. `skipped`: its `before` said no, or a verb had to leave it for later. `cancelled`: a person
 * ended it. `interrupted`: what ran it ended.
 */
export type Outcome = 'ok' | 'partly' | 'failed' | 'timeout' | 'skipped' | 'cancelled' | 'interrupted';

export interface RunEnd {
  readonly outcome: Outcome;
  /** In a clause: `exit code 3`, `archived 24 parts`. */
  readonly summary: string;
  readonly exit: number | null;
  readonly counts: Readonly<Record<string, number>>;
  /** Of what is `skipped`: it is tried again as often as `retry` says. */
  readonly again?: true;
  /** Where it was not seen: when it ended. */
  readonly endedAt?: number;
}

/** How a run ends that a daemon left behind, or took with it. */
export const CUT_SHORT: RunEnd = {
  outcome: 'interrupted',
  summary: 'cut short: the daemon that ran it ended',
  exit: null,
  counts: {},
};

export interface Pause {
  readonly who: string;
  readonly why: string;
  readonly at: number;
}

/** How a job stands: its last run that counts, and whether one is overdue. */
export type Standing = 'ok' | 'failed' | 'late';

/** A due time that no run has met yet, and when that is late. */
export interface Unmet {
  readonly due: number;
  readonly lateAt: number;
  readonly told: boolean;
}

export interface JobState {
  readonly cursor: Cursor | null;
  readonly pause: Pause | null;
  /** In the order in which they begin. */
  readonly waiting: readonly Waiting[];
  readonly current: Current | null;
  /** The jobs it follows that have succeeded since it was last set off by them. */
  readonly arrived: readonly string[];
  readonly standing: Standing;
  readonly unmet: Unmet | null;
}

export const FRESH: JobState = {
  cursor: null,
  pause: null,
  waiting: [],
  current: null,
  arrived: [],
  standing: 'ok',
  unmet: null,
};

/** What holds for a job, for its machine. */
export interface JobRules {
  /** Its times as they are written: others never fire at once. Null for a job without times. */
  readonly schedule: string | null;
  readonly next: NextDue;
  readonly missed: 'once' | 'skip' | 'all';
  readonly maxAgeMs: number;
  /** How much later than its time a run begins. */
  readonly jitter: (due: number) => number;
  readonly retry: { readonly times: number; readonly everyMs: number };
  /** The first moment from one on at which a run may begin that no person asked for; Infinity where none comes. */
  readonly opens: (now: number) => number;
  /** When a due time is late; undefined where it never is. */
  readonly lateAt: (due: number) => number | undefined;
  readonly after: readonly After[];
  /** A new name for something that is asked for. */
  readonly newId: (now: number) => string;
}

export type JobEvent =
  /** A daemon begins: what ran under the last one is over, unless it goes on. */
  | { readonly kind: 'begin'; readonly goesOn?: boolean }
  /** A run that somebody else began, where one of a job alone can be. What was to run instead waits for it. */
  | { readonly kind: 'found'; readonly run: Current }
  /** Time goes on. */
  | { readonly kind: 'tick' }
  /** Another job is over for good. */
  | { readonly kind: 'chained'; readonly job: string; readonly on: 'ok' | 'failed' }
  | {
      readonly kind: 'asked';
      readonly who: string;
      readonly set: Readonly<Record<string, string>>;
      readonly dryRun: boolean;
    }
  /** Whatever it waited for is there: the first that waits begins. */
  | { readonly kind: 'claim' }
  | { readonly kind: 'spawned'; readonly process: RecordedProcess | null }
  | { readonly kind: 'ended'; readonly end: RunEnd }
  | { readonly kind: 'pause'; readonly who: string; readonly why: string }
  | { readonly kind: 'resume' };

export type JobEffect =
  | { readonly kind: 'begun'; readonly run: Current }
  /** @prop final: no other try of it follows. */
  | {
      readonly kind: 'over';
      readonly run: Current;
      readonly end: RunEnd;
      readonly final: boolean;
      readonly nextAt: number | null;
    }
  | {
      readonly kind: 'flip';
      readonly from: Standing;
      readonly to: Standing;
      readonly reason: string;
      readonly run: string;
    }
  /** For the jobs that follow it. */
  | { readonly kind: 'chain'; readonly on: 'ok' | 'failed' }
  | { readonly kind: 'queued'; readonly waiting: Waiting }
  /** Due times that no run is for. */
  | { readonly kind: 'left'; readonly count: number; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Stepped {
  readonly state: JobState;
  readonly effects: readonly JobEffect[];
}

/** The name of a try. */
export function runId({ request, attempt }: Pick<Waiting, 'request' | 'attempt'>): string {
  return attempt === 1 ? request : `${request}.${attempt}`;
}
