import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { User } from '../../core/processes.ts';
import type { RecordDraft } from '../../core/record.ts';
import type { Result } from '../../core/result.ts';
import type { Lane, LaneSettings, LaneState } from '../lanes.ts';
import type { By, StateName } from '../service-state.ts';
import type { RecordedProcess } from './survivors.ts';

/** One command as a service, its processes owned by this one. */
export interface EmbeddedService {
  readonly name: string;
  snapshot(): ServiceSnapshot;
  start(by: By): void;
  /** Holds until a person or a boot starts it. */
  stop(by: By): void;
  restart(by: By, reason: string): void;
  /** Resolves when the tree of the present life is gone or stuck; at once when there is none. */
  ended(): Promise<void>;
  /** The daemon ends: stops the tree and leaves what is wanted, and what is due, to the next daemon. */
  dispose(): Promise<void>;
}

export interface EmbeddedServiceSpec {
  readonly name: string;
  readonly argv: readonly string[];
  /** Asked for each life; an error is a start that failed. Complete, but for VAHTI_LIFE and VAHTI_SERVICE; with another user also its HOME, USER, LOGNAME (see userEnvironment). */
  readonly env: () => Result<Readonly<Record<string, string>>, string>;
  readonly cwd: string;
  readonly user?: User;
  /** From SIGTERM to SIGKILL, milliseconds; default 30 s. */
  readonly stopMs?: number;
  readonly restart?: Partial<LaneSettings>;
  readonly log: {
    readonly path: string;
    readonly budgetBytes?: number;
    readonly linesPerSecond?: number;
    readonly burstLines?: number;
  };
}

/** What outlives the daemon. Serialisable as JSON. */
export interface PersistedService {
  readonly wanted: boolean;
  /** It ended with a code that means: do not start me again. */
  readonly done: boolean;
  readonly lane: LaneState;
  /** When its next start is due, wall milliseconds. */
  readonly dueAt: number | null;
  /** Its main process, for endSurvivors. */
  readonly process: RecordedProcess | null;
}

export interface EmbeddedServiceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** Called synchronously on each change, before anything is done about it. */
  readonly persist: (name: string, state: PersistedService) => void;
  readonly restored?: PersistedService;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** Names the state folder; the first part of every life. */
  readonly stateId: string;
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
  readonly lane: Lane;
  readonly failures: number;
  /** Counted starts within the last 10 minutes, 12 at most. */
  readonly startsInWindow: number;
  readonly nextStartAt: number | null;
  readonly lastExit: LastExit | null;
  readonly logPath: string;
}

export interface LastExit {
  readonly at: number;
  readonly life: string;
  readonly message: string;
  readonly level: number;
}
