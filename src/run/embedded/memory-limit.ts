import type { Clock, Timer } from '../../core/clock.ts';
import type { MemoryFigure } from '../../core/runner.ts';
import { approximateSize } from '../../core/sizes.ts';

/**
 * Keeps the process tree of one life within its memory, without cgroups: it is looked at every 5 s, and every second once it
 * has 80 % of what it may have. So it is a net with holes: what grows faster than that is only seen when it is there.
 */
export interface MemoryLimits {
  /** Above it, a graceful restart. */
  readonly softBytes?: number;
  /** Above it, KILL at once. */
  readonly hardBytes: number;
}

export interface MemoryGuard {
  /** Null before the first look. */
  figure(): MemoryFigure | null;
  close(): void;
}

export interface MemoryGuardOptions {
  readonly limits: MemoryLimits;
  readonly clock: Clock;
  /** Bytes; undefined where it could not be seen. */
  readonly measure: () => Promise<number | undefined>;
  /** Called once a life at most, with a reason in words. */
  readonly onSoft: (reason: string) => void;
  /** Called once a life at most, with a reason in words; nothing is called after it. */
  readonly onHard: (reason: string) => void;
}

const SLOW_MS = 5000;
const FAST_MS = 1000;
const NEAR = 0.8;

export function guardMemory(options: MemoryGuardOptions): MemoryGuard {
  const { limits, clock, measure } = options;
  const near = NEAR * (limits.softBytes ?? limits.hardBytes);
  let seen: MemoryFigure | null = null;
  let soft = false;
  let closed = false;
  let timer: Timer | undefined;

  const look = async (): Promise<void> => {
    const bytes = await measure();
    // The life may have ended meanwhile: what was seen is no evidence against the next one.
    if (closed) return;
    if (bytes !== undefined) take(bytes);
    if (!closed) arm();
  };
  const take = (bytes: number): void => {
    seen = { bytes, peakBytes: Math.max(bytes, seen?.peakBytes ?? 0) };
    const { softBytes, hardBytes } = limits;
    if (bytes > hardBytes) {
      close();
      options.onHard(reasonFor(bytes, 'hard', hardBytes));
    } else if (softBytes !== undefined && bytes > softBytes && !soft) {
      soft = true;
      options.onSoft(reasonFor(bytes, 'soft', softBytes));
    }
  };
  /** All guards look at the same moments, so that they share one look at the processes of the machine. */
  const arm = (): void => {
    const every = (seen?.bytes ?? 0) > near ? FAST_MS : SLOW_MS;
    timer = clock.timer(every - (clock.monotonic() % every), () => void look());
  };
  const close = (): void => {
    closed = true;
    timer?.cancel();
  };

  arm();
  return { figure: () => seen, close };
}

function reasonFor(bytes: number, which: 'soft' | 'hard', limit: number): string {
  return `memory ${approximateSize(bytes)} is above the ${which} limit ${approximateSize(limit)}`;
}
