import type { Clock } from '../../core/clock.ts';
import type { Leftover } from '../../core/runner.ts';
import type { Life } from './life.ts';

/** What a dead daemon left behind, as a life that is only waited for: all that can be done is to try to end it again. */
export function leftoverLife({ life, process, again }: Leftover, clock: Clock): Life {
  return {
    id: life.slice(life.lastIndexOf('/') + 1),
    pid: process?.pid,
    recorded: process,
    startedAt: clock.now(),
    exited: new Promise(() => {}),
    tail: () => [],
    end: again,
    kill: () => void again(),
    memory: () => Promise.resolve(undefined),
    drain: () => Promise.resolve(),
  };
}

/** What is left of a life that is stuck, when its runner goes. @param whose `STATE/SERVICE`. */
export function leftoverOf(life: Life, whose: string, pids: readonly number[]): Leftover {
  const { id, recorded } = life;
  return { life: `${whose}/${id}`, process: recorded, pids, told: true, again: () => life.end(0) };
}
