import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { TreeEnd } from './processes.ts';
import type { RecordDraft } from './record.ts';
import type { UnitFacts } from './units.ts';

/**
 * What the daemon needs of whatever runs a service: processes of its own, a unit of systemd, a container. The promises that
 * come with it (never two lives at once, paced restarts, stops that hold) are what test/rig/runner-conformance.ts asks of each.
 */
export interface Runner {
  readonly name: string;
  snapshot(): ServiceSnapshot;
  /** A person's start does not wait for what the service needs, unless it is `patient`. */
  start(by: By, how?: { readonly patient?: boolean; readonly said?: Said | undefined }): void;
  /** Holds until a person or a boot starts it. */
  stop(by: By, said?: Said): void;
  /**
   * @param who it is said to be by, where that is more exact: `a changed file`.
   * @param fields what the record of it keeps beside that.
   */
  restart(by: By, reason: string, who?: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Gives a running service another life, since what it needs has one: paced, but no failure. */
  renew(reason: string): void;
  /** What of its needs is not there, in words: until this is empty only a person starts it. */
  needs(waitsFor: readonly string[]): void;
  /** The daemon is about to end: what runs goes on until `dispose`, nothing starts any more. */
  retire(): void;
  /** Resolves when the tree of the present life is gone or stuck; at once when there is none. */
  ended(): Promise<void>;
  /**
   * Resolves when what was asked of it last is done, with a sentence where it was refused. A runner without it has done at once
   * what it was asked for.
   */
  settled?(): Promise<string | undefined>;
  /**
   * The daemon ends, or another runner follows: stops the tree and leaves what is wanted, and what is due, to whoever comes next.
   * Answers with what could not be ended.
   * @param whose `daemon`: it is the daemon that ends; a life that somebody else keeps goes on.
   */
  dispose(whose?: 'daemon'): Promise<Leftover | undefined>;
}

/** What a runner is given by the daemon. */
export interface RunnerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** Called synchronously on each change, before anything is done about it. */
  readonly persist: (name: string, state: PersistedService) => void;
  readonly restored?: PersistedService;
  /** Nothing starts before it is gone. */
  readonly leftover?: Leftover;
  /** Called after anything about it changed. */
  readonly changed?: (name: string) => void;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** Names the state folder; the first part of every life. */
  readonly stateId: string;
}

/** What an earlier runner left behind of a service, and not even SIGKILL ended. */
export interface Leftover {
  /** The whole value of VAHTI_LIFE. */
  readonly life: string;
  /** Its main process, as far as it is known. */
  readonly process: RecordedProcess | null;
  readonly pids: readonly number[];
  /** Whether it was said already. */
  readonly told: boolean;
  /** SIGKILL again, and a look what still lives. */
  again(): Promise<TreeEnd>;
}

/** Who asked for something, where that is more exact than `By`, and why, as the record of it says. */
export interface Said {
  readonly who: string;
  /** Empty where no reason was given. */
  readonly why: string;
}

/** `vahti` is whatever the program decides by itself: a watch's ladder, the start of the daemon. */
export type By = 'person' | 'boot' | 'vahti';

export type StateName =
  | 'stopped' // nothing runs; nothing is due
  | 'waiting' // nothing runs; the timer starts it
  | 'blocked' // nothing runs; it starts as soon as what it needs is there
  | 'running' // the main process has been started and has not exited
  | 'stopping' // the tree is being ended, whether it was asked for or the main process exited
  | 'done' // it ended with a code that means: do not start me again
  | 'stuck' // what even SIGKILL cannot end; nothing new starts
  | 'failed'; // it is over, and who runs it has given up: a unit of systemd's

/** How restarts are paced: `fast` at once, `backoff` with growing waits, `slow` every quarter of an hour, for ever. */
export type Lane = 'fast' | 'backoff' | 'slow';

/** Serialisable as JSON. */
export interface LaneState {
  readonly lane: Lane;
  /** Lives in a row that were shorter than a healthy one. */
  readonly failures: number;
  /** When the last counted starts were, 12 at most, wall milliseconds, oldest first. */
  readonly starts: readonly number[];
}

/** What outlives the daemon. Serialisable as JSON. */
export interface PersistedService {
  readonly wanted: boolean;
  /** It ended with a code that means: do not start me again. */
  readonly done: boolean;
  readonly lane: LaneState;
  /** When its next start is due, wall milliseconds. */
  readonly dueAt: number | null;
  /** Its main process, where the next daemon has to end it: see endSurvivors. */
  readonly process: RecordedProcess | null;
  /** Its life was being ended so that another one follows; only said where a life outlives its daemon. */
  readonly ending?: boolean;
}

/** The main process of a life, as its daemon wrote it down. Pid and ticks mean nothing in another boot. */
export interface RecordedProcess {
  readonly pid: number;
  readonly startTicks: number;
  /** The whole value of VAHTI_LIFE: `STATE/SERVICE/LIFE`. */
  readonly life: string;
  readonly boot: string;
}

/** Times are wall milliseconds. */
export interface ServiceSnapshot {
  readonly name: string;
  readonly state: StateName;
  readonly since: number;
  readonly wanted: boolean;
  readonly life: string | null;
  readonly pid: number | null;
  readonly startedAt: number | null;
  /** Whether the present life does its work; null where it has no way to say so. */
  readonly ready: boolean | null;
  readonly readyAt: number | null;
  /** What it needs and is not there, in words. */
  readonly waitsFor: readonly string[];
  readonly lane: Lane;
  readonly failures: number;
  /** Counted starts within the last 10 minutes, 12 at most. */
  readonly startsInWindow: number;
  readonly nextStartAt: number | null;
  readonly lastExit: LastExit | null;
  readonly logPath: string;
  /** What the tree of the present life takes; null without a limit, and before the first look. */
  readonly memory: MemoryFigure | null;
  /** Of a unit of systemd's; absent of all else. */
  readonly unit?: UnitSnapshot;
  /** Of a service that systemd runs for us. */
  readonly runBy?: RunBy;
}

/** The unit that runs a service. */
export interface RunBy {
  /** `vahti-clock.service`. */
  readonly unit: string;
  /** Its control group, from the root of the hierarchy; null where it has none now. */
  readonly group: string | null;
  /** Why it cannot be run, or nothing can be known of it now, in a sentence; null where all is well. */
  readonly trouble: string | null;
}

export interface UnitSnapshot {
  /** `livereduce.service`. */
  readonly name: string;
  /** What systemd said last; null before it said anything. */
  readonly facts: UnitFacts | null;
  /** Why it counts as failed, in words; null where it does not. */
  readonly failure: string | null;
  /** Why systemd cannot be asked now, in a sentence; null where it can. */
  readonly trouble: string | null;
}

export interface LastExit {
  readonly at: number;
  readonly life: string;
  readonly message: string;
  readonly level: number;
}

export interface MemoryFigure {
  readonly bytes: number;
  /** The most that was seen in this life. */
  readonly peakBytes: number;
}
