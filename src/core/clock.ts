/**
 * Time, behind one seam: wall time for what is stored, monotonic time for what is waited for.
 * Nothing else in `src/` may call Date.now or setTimeout (a lint rule and `test/layers.test.ts` keep it so).
 */
export interface Clock {
  /** Wall time, milliseconds since 1970 UTC, integer. May step backwards. */
  now(): number;
  /** Wall time, microseconds since 1970 UTC, integer (the unit of a record's `time`). */
  micros(): number;
  /** Monotonic time, milliseconds, fractional. Never steps; its zero means nothing. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds. */
  timer(ms: number, fn: () => void): Timer;
  /** Resolves true after `ms` milliseconds, or false as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>;
}

export interface Timer {
  cancel(): void;
}

/** Node's timers wrap to 1 ms beyond this many milliseconds (2^31 - 1), so longer waits are chained. */
const LONGEST_TIMEOUT = 2_147_483_647;

function startTimer(ms: number, fn: () => void): Timer {
  let handle: NodeJS.Timeout;
  const arm = (left: number): void => {
    handle =
      left > LONGEST_TIMEOUT
        ? setTimeout(() => arm(left - LONGEST_TIMEOUT), LONGEST_TIMEOUT)
        : setTimeout(fn, Math.max(0, left));
  };
  arm(ms);
  return { cancel: () => clearTimeout(handle) };
}

/** A sleep on any clock's timer; kept apart so that the fake clock of the tests shares it. */
export function sleepOn(clock: Pick<Clock, 'timer'>, ms: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve(false);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      resolve(false);
    };
    const timer = clock.timer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve(true);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

export const systemClock: Clock = {
  now: () => Date.now(),
  // Date.now follows clock steps, performance.timeOrigin does not; the sub-millisecond part only keeps order.
  micros: () => Date.now() * 1000 + Math.floor((performance.now() % 1) * 1000),
  monotonic: () => performance.now(),
  timer: startTimer,
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
};
