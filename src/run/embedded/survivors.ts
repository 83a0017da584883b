import type { Clock } from '../../core/clock.ts';
import {
  bootId,
  endTree,
  LIFE_VARIABLE,
  processAlive,
  processesWithEnv,
  type TreeEnd,
} from '../../core/processes.ts';
import type { Leftover, RecordedProcess } from '../../core/runner.ts';

export interface Survivor {
  /** The whole value of VAHTI_LIFE. */
  readonly life: string;
  readonly end: TreeEnd;
  /** What is in the way of the next life; undefined where it is gone. */
  readonly leftover: Leftover | undefined;
}

export interface SurvivorsOptions {
  readonly stateId: string;
  /** From SIGTERM to SIGKILL, milliseconds. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** For processes that overwrote their environment (to set their title). */
  readonly recorded: readonly RecordedProcess[];
  /** Lives that go on by themselves. */
  readonly spares?: (life: string) => boolean;
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
  spares = () => false,
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
    [...lives]
      .filter((life) => !spares(life))
      .map(async (life): Promise<Survivor> => {
        const endWithin = (ms: number): Promise<TreeEnd> =>
          endTree({ ...groups.get(life), life, deadlineMs: ms, clock });
        const end = await endWithin(deadlineMs);
        const process = recorded.find((main) => main.life === life) ?? null;
        const again = (): Promise<TreeEnd> => endWithin(0);
        const leftover =
          end.kind === 'stuck' ? { life, process, pids: end.pids, told: false, again } : undefined;
        return { life, end, leftover };
      }),
  );
}
