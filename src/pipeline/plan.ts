import type { Retry } from '../core/retry.ts';
import type { Schedule } from '../core/schedule.ts';
import type { InboxConfig } from './inbox/config.ts';
import type { OutcomeWord } from './steps/config.ts';

/** A pipeline as it is resolved: serialisable as JSON, paths absolute, durations milliseconds, sizes bytes. */
export interface PipelinePlan {
  readonly inboxes: readonly InboxPlan[];
  /** The folder that products go to. */
  readonly products: string;
  readonly status?: { readonly host: string; readonly port: number };
  /** The folder that logs of files go to, absolute; none without it. */
  readonly logs?: string;
  readonly version: number;
  readonly onError: 'continue' | 'stop';
  /** How failures are told. `notify`: the channels, where they are not those of the service. */
  readonly failures: { readonly digestMs: number; readonly notify?: readonly string[] };
  /** How long what led to nothing that is there is remembered. */
  readonly keepMs: number;
  /** How many runs there may be at a time. */
  readonly parallel: number;
  /** In the order of their levels: what a step takes from stands before it. */
  readonly steps: readonly StepPlan[];
}

/** What files are counted to that a person names, wherever they lie: no inbox of a config is called so. */
export const ANYWHERE = '(named)';

/** A folder that files come into. */
export interface InboxPlan extends Omit<InboxConfig, 'root'> {
  readonly name: string;
  readonly root: string;
}

export interface StepPlan {
  readonly name: string;
  /** 1 takes from inboxes alone; every other is one more than the highest that it takes from. */
  readonly level: number;
  /** Names of inboxes and steps; a step and an inbox never have the same. */
  readonly from: readonly string[];
  /** Words with templates. */
  readonly run: readonly string[];
  readonly each: 'file' | 'group' | 'batch';
  /** Patterns of the names of inputs; none: all are taken. */
  readonly names: readonly string[];
  readonly makes: readonly string[];
  readonly key?: string;
  /** The most inputs of one run. */
  readonly batch: number;
  readonly waitMs: number;
  readonly inputs: 'new' | 'all';
  readonly to: string;
  /** Where a product lies while it may still grow; at `to` without it. */
  readonly incomplete?: string;
  /** What has not grown for so long is complete. */
  readonly completeAfterMs?: number;
  /** It takes only products that are complete. */
  readonly only?: 'complete';
  readonly merge: boolean;
  readonly overwrite: boolean;
  /** The higher one of the pipeline's and its own. */
  readonly version: number;
  readonly concurrency: number;
  readonly priority: number;
  readonly lock?: string;
  readonly timeoutMs: number;
  readonly stopMs: number;
  readonly retry: Retry;
  readonly deferMs: number;
  /** By exit code, in decimal. */
  readonly exit: Readonly<Record<string, OutcomeWord>>;
  readonly memoryBytes?: number;
  readonly tmp?: 'private';
  readonly enabled: boolean;
  readonly worker: boolean;
  /** Files that its products depend on beside its command; relative ones where it runs. */
  readonly uses: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly at?: Schedule;
  readonly over: 'latest' | 'all';
}

/** The steps that take what comes from an inbox or a step as it comes, in the order of their levels. */
export function stepsAfter(plan: Pick<PipelinePlan, 'steps'>, origin: string): readonly StepPlan[] {
  return plan.steps.filter((step) => step.at === undefined && step.enabled && step.from.includes(origin));
}
