import type { Clock } from '../../core/clock.ts';

/** Turns of a loop: one pass over what could be done, then a wait for a reason for the next one. */
export interface Turns {
  /** There is a reason. */
  wake(): void;
  /**
   * One pass, and the wait after it.
   * @param pass answers with when to look again at the latest, wall milliseconds.
   * @param isIdle whether nothing goes on after the pass.
   */
  turn(pass: () => Promise<number | undefined>, isIdle: () => boolean): Promise<void>;
  /** Resolves after a whole pass from now on that left nothing going on. Rejects where `signal` aborts first. */
  settled(signal: AbortSignal): Promise<void>;
}

/** Longer than this it never waits, whatever is due: clocks step. */
const LONGEST_WAIT_MS = 60_000;

export function createTurns(clock: Clock): Turns {
  const waiting = new Set<() => void>();
  let woken = Promise.withResolvers<void>();
  const wake = (): void => woken.resolve();
  return {
    wake,
    async turn(pass, isIdle) {
      // Only who asked before this pass knows by it that nothing could be done.
      const asked = [...waiting];
      const due = await pass();
      for (const resolve of isIdle() ? asked : []) resolve();
      const wait = due === undefined ? LONGEST_WAIT_MS : Math.max(1, due - clock.now());
      const timer = clock.timer(Math.min(LONGEST_WAIT_MS, wait), wake);
      await woken.promise;
      // At once, so that whoever wakes it from now on is heard.
      woken = Promise.withResolvers<void>();
      timer.cancel();
    },
    async settled(signal) {
      wake();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const late = (): void => reject(new Error('it did not settle in time'));
      waiting.add(resolve);
      signal.addEventListener('abort', late);
      try {
        await promise;
      } finally {
        waiting.delete(resolve);
        signal.removeEventListener('abort', late);
      }
    },
  };
}
