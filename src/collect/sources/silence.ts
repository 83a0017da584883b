import type { Clock, Timer } from '../../core/clock.ts';

/** Watches that something keeps coming. */
export interface Silence {
  /** Begins to watch, as when a connection opens. */
  start(): void;
  seen(): void;
  /** While we pause ourselves, silence is no sign of trouble. */
  hold(held: boolean): void;
  stop(): void;
}

/** Calls `silent` once when nothing was seen for `silentMs`; undefined: never. One timer, not one a chunk. */
export function watchSilence(clock: Clock, silentMs: number | undefined, silent: () => void): Silence {
  let last = 0;
  let held = false;
  let doubted = false;
  let timer: Timer | undefined;
  const arm = (ms: number): void => {
    timer = clock.timer(ms, check);
  };
  const check = (): void => {
    if (silentMs === undefined) return;
    const quietMs = held ? 0 : clock.monotonic() - last;
    if (quietMs < silentMs) {
      doubted = false;
      arm(silentMs - quietMs);
    } else if (doubted) {
      silent();
    } else {
      // When this process itself was busy for so long, what came meanwhile is read only after this timer.
      doubted = true;
      arm(0);
    }
  };
  const seen = (): void => {
    last = clock.monotonic();
  };
  return {
    start() {
      timer?.cancel();
      doubted = false;
      seen();
      if (silentMs !== undefined) arm(silentMs);
    },
    seen,
    hold(now) {
      held = now;
      seen();
    },
    stop: () => timer?.cancel(),
  };
}
