import type { GenericSchema } from 'valibot';
import type { Clock } from '../core/clock.ts';

/** What a look found. `late` is not good any more, `bad` is wrong; `unknown`: it could not look, which says nothing of the service. */
export type Verdict = 'ok' | 'late' | 'bad' | 'unknown';

export interface Judgement {
  readonly verdict: Verdict;
  /** What was seen, with its unit: `3m12s old`, `status 503`, `412 MiB`; null where nothing was. */
  readonly value: string | null;
  /** Why, as a clause: `the newest of raw/*.ndjson is 3m12s old, 90s at most`. */
  readonly reason: string;
}

/** The life that is watched. Evidence of earlier ones does not count. */
export interface WatchedLife {
  readonly id: string;
  readonly pid: number;
  /** Wall milliseconds. */
  readonly startedAt: number;
}

export interface LookRequest {
  /** Wall milliseconds. */
  readonly now: number;
  readonly life: WatchedLife;
  /** Aborts at the watch's deadline: the look then counts as `unknown` (or, for probes of the service itself, as the kind says). */
  readonly signal: AbortSignal;
}

/** What a watcher may use. */
export interface WatchContext {
  readonly service: string;
  readonly clock: Clock;
  /** Folder that relative paths are meant from, absolute. */
  readonly folder: string;
  /** The service's complete environment, for commands. */
  readonly env: Readonly<Record<string, string>>;
  /** The file that the service's output is captured in, absolute. */
  readonly capturedLog: string;
  /** Figures of a built-in kind, as its socket gives them; undefined where it does not answer, or is of no built-in kind. */
  readonly figures: (signal: AbortSignal) => Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** One watch of one service. Looks never overlap. */
export interface Watcher {
  /** Never rejects for what the world may do: that is `unknown`, with the reason. */
  look(request: LookRequest): Promise<Judgement>;
  close?(): Promise<void>;
}

/** A kind of watch: what stands under its key in the config, and how it looks. One file each, and one line in the registry. */
export interface WatchKind<Options = unknown> {
  /** The key that names it: `fresh`, `http`, … */
  readonly kind: string;
  /** The option that a value under the kind's key stands for where it is no map: `url`, for `http: http://…`. */
  readonly main?: string;
  /** Schema of its options: the keys beside `every`, `timeout`, `fail`, `ok`, `hours`, `grace`, `then`. */
  readonly options: GenericSchema<unknown, Options>;
  /** How often it looks, and how long one look may take, where the config says nothing; milliseconds. */
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** What keeps valid options from being used (a file that cannot be, a contradiction); clear clauses that begin "cannot". */
  problems?(options: Options, context: Pick<WatchContext, 'folder'>): readonly string[];
  open(options: Options, context: WatchContext): Watcher;
}
