import type { User } from '../../core/processes.ts';
import type { Result } from '../../core/result.ts';
import type { RunnerDeps } from '../../core/runner.ts';
import type { LaneSettings } from '../lanes.ts';
import type { Readiness } from '../readiness/readiness.ts';
import type { startLife } from './life.ts';
import type { MemoryLimits } from './memory-limit.ts';
import type { PrivateTmp } from './private-tmp.ts';

/** One command as a service, its processes owned by this one. */
export interface EmbeddedServiceSpec {
  readonly name: string;
  readonly argv: readonly string[];
  /** Asked for each life; an error is a start that failed. Complete, but for VAHTI_LIFE and VAHTI_SERVICE; with another user also its HOME, USER, LOGNAME (see userEnvironment). */
  readonly env: () => Result<Readonly<Record<string, string>>, string>;
  readonly cwd: string;
  readonly user?: User;
  /** How many files it may have open, soft and hard. */
  readonly openFiles?: number;
  /** The processors that it may run on, by their numbers. */
  readonly processors?: readonly number[];
  /** From the stop signal to SIGKILL, milliseconds; default 30 s. */
  readonly stopMs?: number;
  /** What asks its main process to end; default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** It ends its own children: at a stop it alone is asked to end, and has the whole time. */
  readonly endsChildren?: boolean;
  readonly memory?: MemoryLimits;
  /** Where each of its lives has a folder for temporary files. */
  readonly tmp?: PrivateTmp;
  readonly restart?: Partial<LaneSettings>;
  /** How a life shows that it is ready. */
  readonly ready?: Readiness;
  readonly log: {
    readonly path: string;
    /** Of its files; default 0640 for new ones. */
    readonly mode?: number;
    readonly budgetBytes?: number;
    readonly linesPerSecond?: number;
    readonly burstLines?: number;
  };
}

export interface EmbeddedServiceDeps extends RunnerDeps {
  /** For tests: lives without processes. */
  readonly startLife?: typeof startLife;
}
