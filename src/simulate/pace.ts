import type { Clock, Timer } from '../core/clock.ts';

/** Shortest time between two batches. */
const TICK_MS = 5;
/** Frames in one batch at most, so that sockets get their turn. */
const BATCH = 2_000;
/** A debt older than this is forgiven: after a suspended hour nobody wants an hour's frames at once. */
const DEBT_MS = 1_000;

/**
 * Calls `emit` with how many are due, so that `rate` a second come out on average, catching up after delays of the
 * event loop. Ends when `emit` returns false, or at `cancel`.
 */
export function startPace(clock: Clock, rate: number, emit: (count: number) => boolean): Timer {
  const tickMs = Math.max(TICK_MS, 1000 / rate);
  let since = clock.monotonic();
  let emitted = 0;
  let timer: Timer;
  const tick = (): void => {
    const now = clock.monotonic();
    let due = Math.floor(((now - since) * rate) / 1000) - emitted;
    if (due > Math.max(BATCH, (DEBT_MS * rate) / 1000)) {
      since = now;
      emitted = -BATCH;
      due = BATCH;
    }
    const count = Math.min(due, BATCH);
    emitted += count;
    if (count > 0 && !emit(count)) return;
    timer = clock.timer(tickMs, tick);
  };
  timer = clock.timer(tickMs, tick);
  return { cancel: () => timer.cancel() };
}
