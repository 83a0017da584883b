import type { Runnable } from '../core/scope.ts';
import type { LedgerReader, RetryFilter } from './ledger/ledger.ts';
import type { TaskState } from './ledger/types.ts';
import type { PipelinePlan } from './plan.ts';

/** A run of a step that goes on now. */
export interface RunningTask {
  readonly task: number;
  readonly step: string;
  readonly key: string;
  readonly attempt: number;
  /** Wall milliseconds. */
  readonly started: number;
  /** How many inputs it has, and the first of them, absolute. */
  readonly inputs: number;
  readonly first: string;
}

/** How many tasks of a step are in each state that has any. */
export interface StepFigures {
  readonly step: string;
  readonly level: number;
  readonly enabled: boolean;
  readonly tasks: Readonly<Partial<Record<TaskState, number>>>;
}

/** What a pipeline says of itself: daemon, watches and CLI read it. Moments are wall milliseconds; null: never, or none. */
export interface PipelineFigures {
  readonly kind: 'pipeline';
  /** Files of inboxes that may be worked on and are not done. Those that failed do not count, nor those that wait in their inbox. */
  readonly backlog: number;
  /** Since when the oldest of them may. */
  readonly oldest: number | null;
  /** When a run last came to its end. */
  readonly progressed: number | null;
  readonly running: readonly RunningTask[];
  /** Since when nothing runs; null while something does. */
  readonly idleSince: number | null;
  /** Why nothing new is begun; null: nothing is held. */
  readonly held: string | null;
  /** Files of inboxes by state. */
  readonly files: Readonly<Record<string, number>>;
  readonly steps: readonly StepFigures[];
}

/** What can be asked of a pipeline that runs; the status endpoint and the socket of the service answer with it. */
export interface PipelineView {
  readonly name: string;
  readonly plan: PipelinePlan;
  readonly ledger: LedgerReader;
  /** Absolute: what its runs printed lies here, by `Run.log`. */
  readonly logs: string;
  running(): readonly RunningTask[];
  figures(): Promise<PipelineFigures>;
}

/** A pipeline. `run` lasts until `drain`: nothing new is begun then, what runs is ended as its `stop` says, and its task is done again later. */
export interface Pipeline extends Runnable, PipelineView {
  /** Nothing new is begun from now on, over restarts too. What runs goes on. */
  hold(why: string): Promise<void>;
  /** Ends a hold, whoever made it. */
  resume(): Promise<void>;
  /** What failed is done again; answers with how many tasks those were. */
  retry(filter: RetryFilter): Promise<number>;
  /** Files of inboxes that failed before their first step go on as they are; answers with how many those were. */
  goOn(files: readonly number[]): Promise<number>;
  /** Looks at all inboxes now. */
  look(): Promise<void>;
  /** Resolves when nothing runs and nothing could run now. Rejects where `signal` aborts first. */
  settled(signal: AbortSignal): Promise<void>;
}
