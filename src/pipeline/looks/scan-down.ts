import type { Clock } from '../../core/clock.ts';

export interface Found<T> {
  readonly found: readonly T[];
  /** Below what to go on; null: there is no more. */
  readonly next: number | null;
}

/** Who looks: for as long as the signal is not aborted. */
export interface Looking {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly signal: AbortSignal;
}

export interface ScanOptions extends Looking {
  /** Numbers below this one are looked at. */
  readonly below: number;
  /** So many are found at most. */
  readonly most: number;
}

/** Numbers that are looked at in one go, and how long all of it may take: whoever asks can ask on. */
const AT_ONCE = 10_000;
const BUDGET_MS = 1500;
/** For others to have their turn, after so long a stretch of looks. */
const PAUSE_MS = 1;
const STRETCH_MS = 5;

/** Is asked before each of many looks: lets others have their turn between, and says whether there is time for one more. */
export function createPace({ clock, signal }: Looking): () => Promise<boolean> {
  let begun = clock.monotonic();
  const end = begun + BUDGET_MS;
  return async () => {
    const now = clock.monotonic();
    if (now >= end || signal.aborted) return false;
    if (now - begun < STRETCH_MS) return true;
    const goesOn = await clock.sleep(PAUSE_MS, signal);
    begun = clock.monotonic();
    return goesOn;
  };
}

/**
 * Looks through what is numbered, the newest first, some at a time: a process that does other things, too, goes on with them between.
 * @param look finds at most `limit` of those numbered from `from` to below `below`, the highest first.
 */
export async function scanDown<T extends { readonly id: number }>(
  { below, most, clock, signal }: ScanOptions,
  look: (range: {
    readonly from: number;
    readonly below: number;
    readonly limit: number;
  }) => Promise<readonly T[]>,
): Promise<Found<T>> {
  const found: T[] = [];
  const end = clock.monotonic() + BUDGET_MS;
  let at = below;
  while (at > 0) {
    const from = Math.max(0, at - AT_ONCE);
    const limit = most - found.length;
    const page = await look({ from, below: at, limit });
    found.push(...page);
    const last = page.at(-1);
    if (page.length >= limit && last !== undefined) return { found, next: last.id > 0 ? last.id : null };
    at = from;
    if (clock.monotonic() >= end || !(await clock.sleep(PAUSE_MS, signal))) break;
  }
  return { found, next: at > 0 ? at : null };
}
