import type { Clock } from '../../core/clock.ts';
import {
  bootId,
  endTree,
  LIFE_VARIABLE,
  processAlive,
  processesWithEnv,
  type TreeEnd,
} from '../../core/processes.ts';

/** The main process of a life, as its daemon wrote it down. Pid and ticks mean nothing in another boot. */
export interface RecordedProcess {
  readonly pid: number;
  readonly startTicks: number;
  /** The whole value of VAHTI_LIFE: `STATE/SERVICE/LIFE`. */
  readonly life: string;
  readonly boot: string;
}

export interface Survivor {
  /** The whole value of VAHTI_LIFE. */
  readonly life: string;
  readonly end: TreeEnd;
}

export interface SurvivorsOptions {
  readonly stateId: string;
  /** From SIGTERM to SIGKILL, milliseconds. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** For processes that overwrote their environment (to set their title). */
  readonly recorded: readonly RecordedProcess[];
}

/**
 * Ends what a dead daemon of this state folder left behind, before anything starts: nothing is ever adopted. Every process
 * that carries a life of this state, whole groups, all lives in parallel.
 */
export async function endSurvivors({
  stateId,
  deadlineMs,
  clock,
  recorded,
}: SurvivorsOptions): Promise<Survivor[]> {
  const groups = new Map<string, { pgid: number; startTicks: number }>();
  const lives = new Set(processesWithEnv(LIFE_VARIABLE, `${stateId}/`).map((match) => match.value));
  const boot = bootId();
  for (const main of recorded) {
    if (main.boot !== boot || !processAlive(main)) continue;
    groups.set(main.life, { pgid: main.pid, startTicks: main.startTicks });
    lives.add(main.life);
  }
  return Promise.all(
    [...lives].map(async (life) => ({
      life,
      end: await endTree({ ...groups.get(life), life, deadlineMs, clock }),
    })),
  );
}
