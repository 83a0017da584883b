import type { Clock, Timer } from '../core/clock.ts';
import type { Slots } from './slots.ts';

export interface PaceSettings {
  readonly everyMs: number;
  /** The signal that a look is given aborts then. */
  readonly timeoutMs: number;
}

export interface PaceDeps {
  readonly clock: Clock;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** How many looks of its sort may run at the same time. */
  readonly slots?: Slots;
}

/** Looks that follow each other at a fixed rate, never two at a time. */
export interface Pace {
  /** Wall milliseconds. */
  nextAt(): number;
  /** Resolves when no look is on its way any more, or soon after. */
  close(): Promise<void>;
}

/** The first looks of many watches are spread over this long, and so are all that follow. */
const FIRST_WITHIN_MS = 30_000;
/** How long a look may take to notice that it is over. */
const CLOSE_MS = 1000;

/** Calls `look` at a fixed rate, from a random moment on. A look that takes longer than the rate is waited for: looks are left out, not piled up. `look` must not reject. */
export function lookAtRate(
  { everyMs, timeoutMs }: PaceSettings,
  { clock, random, slots }: PaceDeps,
  look: (signal: AbortSignal) => Promise<void>,
): Pace {
  const over = new AbortController();
  let dueAt = clock.monotonic() + random() * Math.min(everyMs, FIRST_WITHIN_MS);
  let busy: Promise<void> | undefined;
  let timer: Timer;

  const lookOnce = async (): Promise<void> => {
    const release = slots === undefined ? undefined : await slots.take(over.signal);
    if (over.signal.aborted) return release?.();
    const limit = new AbortController();
    const end = (): void => limit.abort();
    const deadline = clock.timer(timeoutMs, end);
    over.signal.addEventListener('abort', end);
    try {
      await look(limit.signal);
    } finally {
      deadline.cancel();
      over.signal.removeEventListener('abort', end);
      release?.();
    }
  };
  const arm = (): void => {
    timer = clock.timer(dueAt - clock.monotonic(), () => {
      busy ??= lookOnce().finally(() => {
        busy = undefined;
      });
      // Rounds that were missed (a suspended machine, a long look) are left out.
      dueAt += everyMs * Math.max(1, Math.ceil((clock.monotonic() - dueAt) / everyMs));
      arm();
    });
  };
  arm();

  return {
    nextAt: () => Math.round(clock.now() + dueAt - clock.monotonic()),
    async close() {
      over.abort();
      timer.cancel();
      if (busy === undefined) return;
      const patience = new AbortController();
      await Promise.race([busy, clock.sleep(CLOSE_MS, patience.signal)]);
      patience.abort();
    },
  };
}
