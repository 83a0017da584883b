import type { ServiceSnapshot } from '../core/runner.ts';

/** What watches can see of their service, and do to it. */
export interface WatchedService {
  readonly name: string;
  snapshot(): Pick<ServiceSnapshot, 'state' | 'wanted' | 'life' | 'pid' | 'startedAt' | 'ready' | 'readyAt'>;
  /** Another life. @param fields what the record of it keeps. */
  restart(reason: string, who: string, fields: Readonly<Record<string, unknown>>): void;
  /** Holds until a person or a boot starts it. */
  stop(): void;
  /** A new life for every running service that needs this one. */
  restartDependents(reason: string): void;
  /** Runs a command in the service's folder and environment; resolves with what came of it in words. Bounded in time; never rejects. */
  run(argv: readonly string[], signal: AbortSignal): Promise<string>;
  /** The last lines that a life wrote, oldest first. */
  tail(life: string): readonly string[];
}
