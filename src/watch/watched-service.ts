import type { ServiceSnapshot } from '../core/runner.ts';

/** What watches can see of their service, and do to it. */
export interface WatchedService {
  readonly name: string;
  snapshot(): Pick<
    ServiceSnapshot,
    'state' | 'wanted' | 'life' | 'pid' | 'startedAt' | 'ready' | 'readyAt' | 'lastExit'
  >;
  /** Another life. @param fields what the record of it keeps. @param refused called where it was not done: the life goes on. */
  restart(reason: string, who: string, fields: Readonly<Record<string, unknown>>, refused: () => void): void;
  /** Holds until a person or a boot starts it. */
  stop(): void;
  /** A new life for every running service that needs this one. */
  restartDependents(reason: string): void;
  /**
   * Runs a command in the service's folder and environment; resolves with what came of it in words. Bounded in time; never rejects.
   * @param variables on top of the environment: what the command is run for.
   */
  run(
    argv: readonly string[],
    variables: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<string>;
  /** The last lines that a life wrote, oldest first. */
  tail(life: string): readonly string[];
}

/**
 * How commands of watches learn which life they look at or act for. Not VAHTI_LIFE: by that one a process is known as part of a
 * life, and ended with it. A unit may run without a main process: its pid is 0 then, and told to nobody, for whom it is their own group.
 */
export function watchedVariables({ id, pid }: { readonly id: string; readonly pid: number | null }) {
  const main = pid === null || pid <= 0 ? {} : { VAHTI_WATCHED_PID: String(pid) };
  return { VAHTI_WATCHED_LIFE: id, ...main };
}
