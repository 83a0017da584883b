import type { GenericSchema } from 'valibot';
import type { Clock } from '../core/clock.ts';
import type { Units } from '../core/units.ts';
import type { BeatInbox } from './beats/inbox.ts';
import type { GateSettings } from './gate.ts';
import type { Judgement, WatchedLife } from './judgement.ts';

export interface LookRequest {
  /** Wall milliseconds. */
  readonly now: number;
  readonly life: WatchedLife;
  /** Aborts at the watch's deadline: the look then counts as `unknown` (or, for probes of the service itself, as the kind says). */
  readonly signal: AbortSignal;
  /**
   * Takes what the look read, before it is judged, for the history that `vahti try` replays. Called once a look, by kinds that can
   * be replayed. False: it came too late, and is not to be judged.
   */
  readonly keep?: (reading: Reading) => boolean;
}

/** What a look read: small, plain JSON, so that it can be kept and judged again. Undefined values count as absent. */
export type Reading = Readonly<Record<string, unknown>>;

/** When a look began, and at which life. */
export type Moment = Pick<LookRequest, 'now' | 'life'>;

/**
 * Says what a reading means. It looks at nothing but the readings so far, which one watch gave, in their order; so the same
 * readings are always judged the same.
 */
export type Judge<R> = (reading: R, moment: Moment) => Judgement;

/** What a judge may know beside the options. */
export type About = Pick<WatchContext, 'service' | 'folder' | 'graceMs'>;

/** How readings of a kind are judged again, by other options or at another time. */
export interface Replay<Options = unknown> {
  /** The options that the readings depend on, in a form of their own: readings of an equal source fit, whatever the other options say. */
  source(options: Options, about: About): readonly string[];
  /** A judge that has seen nothing yet. */
  judge(options: Options, about: About): Judge<Reading>;
  /** Tells whether a reading has what these options judge by; without it every one has. */
  fits?(options: Options): (reading: Reading) => boolean;
  /** Of kinds that may look at less than all: what a later look shows of an earlier one. */
  readonly hindsight?: Hindsight<Reading>;
  /** What it would have read in the output of the service; undefined where it reads something else. */
  lines?(options: Options): LineReader<Reading> | undefined;
}

/** Settles what a look left in doubt. */
export interface Hindsight<R> {
  isInDoubt(reading: R): boolean;
  /**
   * The reading as it is to be judged, after a later one; undefined where that does not settle it either.
   * @param later undefined: none is to come.
   */
  settle(reading: R, later: R | undefined): R | undefined;
}

/** Makes readings of lines that a service printed, where the time line has them and no look was kept. */
export interface LineReader<R> {
  /** Lines come in their order. @param at wall milliseconds. */
  take(line: { readonly at: number; readonly text: string }): void;
  /** What a look would have read then, after all lines up to its moment. */
  reading(moment: Moment): R;
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
  /** The control group of a service that has one of its own: of a unit of systemd's. */
  readonly controlGroup?: () => string | undefined;
  /** Where systemd can be asked about units. */
  readonly units?: Units;
  /** The `grace` of the watch, for a kind that keeps it by itself. */
  readonly graceMs: number;
  /** The beats that come in for this watch; undefined where it is of another kind. */
  readonly beats?: BeatInbox | undefined;
}

/** One watch of one service. Looks never overlap. */
export interface Watcher {
  /** Never rejects for what the world may do: that is `unknown`, with the reason. */
  look(request: LookRequest): Promise<Judgement>;
  /**
   * When a look at a life would find something else than the last one did, wall milliseconds; a moment that has passed means at
   * once. Asked after each look, when something about the service changed, and when the watcher says that there is news.
   */
  dueAt?(life: WatchedLife): number | undefined;
  /** Takes what the watcher calls when there is something new to look at. */
  onNews?(listener: () => void): void;
  close?(): Promise<void>;
}

/** What is known of a service when the config is read. */
export interface ProblemContext {
  /** Folder that relative paths are meant from, absolute. */
  readonly folder: string;
  /** The figures that its kind gives: what a watch may look at that names nothing. A command and a unit give none. */
  readonly figures: readonly ('committed' | 'lag' | 'backlog' | 'progressed')[];
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
  /** What holds where the config says nothing, instead of WATCH_DEFAULTS. */
  defaults?(options: Options): Partial<GateSettings>;
  /** Options as they are written, with what else the config says for them: the zone of schedules that name none. Asked where nothing is wrong with them. */
  completed?(written: Readonly<Record<string, unknown>>, zone: string): Readonly<Record<string, unknown>>;
  /** `grace` is not how long nothing counts, but means what the kind says. */
  readonly ownGrace?: true;
  /** What keeps valid options from being used (a file that cannot be, a contradiction); clear clauses that begin "cannot". */
  problems?(options: Options, context: ProblemContext): readonly string[];
  open(options: Options, context: WatchContext): Watcher;
  /** A kind without it leaves no history that could be replayed. */
  readonly replay?: Replay<Options>;
}
