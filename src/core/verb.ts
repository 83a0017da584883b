import type { GenericSchema } from 'valibot';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger.ts';
import type { ProductSource } from './products.ts';

/** What came of one run of a verb. */
export interface VerbOutcome {
  /**
   * `done`: everything that was to do is done, or there was nothing to do. `partly`: some of it; the rest is named in `refused` and left
   * for the next run. `deferred`: something else has to end first, so nothing was begun; it is tried again, and is no failure.
   */
  readonly kind: 'done' | 'partly' | 'failed' | 'deferred';
  /** One line: `archived 24 parts, 1.2 GiB to 190 MiB; 1 left: it changed since it was closed`. */
  readonly summary: string;
  /** Numbers by name, for history and figures: `{ files: 24, bytes: 1288490188 }`. */
  readonly counts: Readonly<Record<string, number>>;
  /** What was not done, each with its reason; the first 1,000. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
}

export interface VerbContext {
  readonly job: string;
  /** The id of this run. */
  readonly run: string;
  /** What relative paths are meant from, absolute. */
  readonly folder: string;
  /** The state folder: where a verb keeps what the ledger has no place for. */
  readonly state: string;
  readonly zone: string;
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly products: ProductSource;
  /** Says exactly what would be done, and does none of it. */
  readonly dryRun: boolean;
  /** One line of output, for people; kept with the run. */
  say(line: string): void;
  /** How far it is; calls are cheap. `total` is null while it is not known. */
  progress(at: { readonly done: number; readonly total: number | null; readonly what: string }): void;
  /** Aborts at a drain or at the timeout: finish or leave the file at hand, then end with `partly`. */
  readonly signal: AbortSignal;
}

/** One verb, with the options that stand in the config. */
export interface Verb {
  /** Idempotent and resumable: killed anywhere and run again, it reaches the same end. Never rejects for what the world may do. */
  run(context: VerbContext): Promise<VerbOutcome>;
}

/** A kind of job: what stands under its key in the config. A folder each in `jobs/verbs/`, and one line in the registry. */
export interface VerbKind<Options = unknown> {
  /** The key that names it: `archive`, `sync`, … */
  readonly verb: string;
  /** The option that the value under the verb's key stands for: `root`, for `archive: data/firehose`. */
  readonly main: string;
  /** Schema of its options: the keys beside those that every job has. */
  readonly options: GenericSchema<unknown, Options>;
  /** Options that are paths, relative to the config file; made absolute in the plan. */
  readonly paths: readonly string[];
  /** What keeps valid options from being used; clear clauses that begin "cannot". */
  problems?(options: Options, facts: VerbFacts): readonly string[];
  open(options: Options): Verb;
}

/** A pipeline of the config, as far as verbs go by it. */
export interface PipelineFacts {
  /** The folder of its products, absolute. */
  readonly products: string;
  readonly steps: readonly string[];
}

/** What a verb may know of the rest of the config when its options are checked. */
export interface VerbFacts {
  readonly folder: string;
  /** All jobs by name, with verb and options as written: `proved-by` names them. */
  readonly jobs: ReadonlyMap<
    string,
    { readonly verb: string; readonly options: Readonly<Record<string, unknown>> }
  >;
  /** The services that are pipelines, by name. */
  readonly pipelines?: ReadonlyMap<string, PipelineFacts>;
}
