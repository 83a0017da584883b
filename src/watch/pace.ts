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
  /** When a look is wanted before its turn, wall milliseconds; a moment that has passed means at once. */
  readonly wanted?: () => number | undefined;
}

/** Looks that follow each other at a fixed rate, never two at a time. */
export interface Pace {
  /** Wall milliseconds. */
  nextAt(): number;
  /** Asks anew when a look is wanted. */
  again(): void;
  /** Resolves when no look is on its way any more, or soon after. */
  close(): Promise<void>;
}

/** The first looks of many watches are spread over this long, and so are all that follow. */
const FIRST_WITHIN_MS = 30_000;
/** How long a look may take to notice that it is over. */
const CLOSE_MS = 1000;
/** Looks before their turn do not follow each other more closely. */
const CLOSEST_MS = 50;

/**
 * Calls `look` at a fixed rate, from a random moment on, and between where it is wanted. A look that takes longer than the rate
 * is waited for: looks are left out, not piled up. `look` must not reject.
 */
export function lookAtRate(
  { everyMs, timeoutMs }: PaceSettings,
  { clock, random, slots, wanted }: PaceDeps,
  look: (signal: AbortSignal) => Promise<void>,
): Pace {
  const over = new AbortController();
  let dueAt = clock.monotonic() + random() * Math.min(everyMs, FIRST_WITHIN_MS);
  let lookedAt = Number.NEGATIVE_INFINITY;
  let busy: Promise<void> | undefined;
  let timer: Timer;

  const lookOnce = (): Promise<void> => boundedLook(look, timeoutMs, { clock, slots }, over.signal);
  /** When a look is wanted before its turn, as the monotonic clock has it; none is while one is on its way. */
  const early = (): number => {
    const wall = busy === undefined ? wanted?.() : undefined;
    if (wall === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(clock.monotonic() + wall - clock.now(), lookedAt + CLOSEST_MS);
  };
  const arm = (): void => {
    const sooner = early();
    const inTurn = dueAt <= sooner;
    timer = clock.timer(Math.min(dueAt, sooner) - clock.monotonic(), () => {
      lookedAt = clock.monotonic();
      busy ??= lookOnce().finally(() => {
        busy = undefined;
        again();
      });
      // Rounds that were missed (a suspended machine, a long look) are left out.
      if (inTurn) dueAt += everyMs * Math.max(1, Math.ceil((lookedAt - dueAt) / everyMs));
      arm();
    });
  };
  const again = (): void => {
    if (wanted === undefined || over.signal.aborted) return;
    timer.cancel();
    arm();
  };
  arm();

  return {
    nextAt: () => Math.round(clock.now() + Math.min(dueAt, early()) - clock.monotonic()),
    again,
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

/** One look: in its turn among those of its sort, and with an end. @param over aborts when no look is wanted any more. */
async function boundedLook(
  look: (signal: AbortSignal) => Promise<void>,
  timeoutMs: number,
  { clock, slots }: { readonly clock: Clock; readonly slots: Slots | undefined },
  over: AbortSignal,
): Promise<void> {
  const release = slots === undefined ? undefined : await slots.take(over);
  if (over.aborted) return release?.();
  const limit = new AbortController();
  const end = (): void => limit.abort();
  const deadline = clock.timer(timeoutMs, end);
  over.addEventListener('abort', end);
  try {
    await look(limit.signal);
  } finally {
    deadline.cancel();
    over.removeEventListener('abort', end);
    release?.();
  }
}
