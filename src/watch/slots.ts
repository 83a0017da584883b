import type { Clock } from '../core/clock.ts';

/** A number of places: who comes when all are taken waits for its turn. */
export interface Slots {
  /** Resolves with what gives the place back; to be called once. After `signal` aborted there is nothing to wait for: it resolves at once. */
  take(signal: AbortSignal): Promise<() => void>;
}

/** @param holdMs a place is held so long at most: whoever hangs from then on counts no longer, and nobody waits for it. */
export function createSlots(most: number, holdMs: number, clock: Pick<Clock, 'timer'>): Slots {
  let free = most;
  const waiting = new Set<() => void>();
  const release = (): void => {
    const [first] = waiting;
    if (first === undefined) free += 1;
    else first();
  };
  const hold = (): (() => void) => {
    let isHeld = true;
    const giveBack = (): void => {
      if (isHeld) release();
      isHeld = false;
      timer.cancel();
    };
    const timer = clock.timer(holdMs, giveBack);
    return giveBack;
  };
  return {
    take(signal) {
      if (signal.aborted) return Promise.resolve(() => {});
      if (free > 0) {
        free -= 1;
        return Promise.resolve(hold());
      }
      return new Promise((resolve) => {
        const settle = (give: () => void): void => {
          waiting.delete(turn);
          signal.removeEventListener('abort', leave);
          resolve(give);
        };
        const turn = (): void => settle(hold());
        const leave = (): void => settle(() => {});
        waiting.add(turn);
        signal.addEventListener('abort', leave);
      });
    },
  };
}
