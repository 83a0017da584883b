import type { Clock, Timer } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordStore } from '../core/record.ts';
import { asError } from '../core/result.ts';

/** How far the hub has acknowledged the time line, as it is kept over restarts. */
export interface Cursor {
  readonly series: string;
  readonly acked: number;
  /** The series begins behind this number. */
  readonly base: number;
  /** When the record with that number was received by the time line, microseconds. */
  readonly received: number;
  /** Whom the hub took us for. */
  readonly name?: string | undefined;
  /** Holes among the numbers up to this one are older than the shipping, or were told. */
  readonly wholeFrom: number;
  /** Records that were pruned before they were sent, not told yet. */
  readonly missing?: { readonly from: number; readonly to: number; readonly count: number } | undefined;
}

/** Where a cursor is kept; what `save` was given outlives the process when it returns. */
export interface Mark {
  load(): unknown;
  save(value: object): void;
}

const SAVE_MS = 1_000;

/** Undefined for what is no cursor. */
export function readCursor(value: unknown): Cursor | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, series, acked, base, received, name, wholeFrom, missing } = value as Record<
    string,
    unknown
  >;
  if (version !== 1 || typeof series !== 'string' || !isCount(acked) || !isCount(received)) return undefined;
  return {
    series,
    acked,
    base: isCount(base) ? base : acked,
    received,
    name: typeof name === 'string' ? name : undefined,
    wholeFrom: isCount(wholeFrom) ? wholeFrom : acked,
    missing: readMissing(missing),
  };
}

function readMissing(value: unknown): Cursor['missing'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const { from, to, count } = value as Record<string, unknown>;
  return isCount(from) && isCount(to) && isCount(count) ? { from, to, count } : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Begins with what the store has, at the first time of all. */
export function firstCursor(store: RecordStore, series: string): Cursor {
  const [oldest] = store.query({ take: 'oldest', limit: 1 });
  const acked = (oldest?.seq ?? 1) - 1;
  return { series, acked, base: acked, received: 0, wholeFrom: newestOf(store) };
}

/** The number of the newest record; 0 where there is none. */
export function newestOf(store: RecordStore): number {
  return store.query({ take: 'newest', limit: 1 })[0]?.seq ?? 0;
}

/**
 * The cursor of a new series, where the time line has gone back behind the old one: it was restored from a backup, or began anew. Goes
 * on behind what was received before the last record that is acknowledged.
 */
export function cursorBehind(store: RecordStore, cursor: Cursor, series: string): Cursor {
  let [low, high] = [0, newestOf(store)];
  // Behind `low` the first record that was received later: receipt grows with the numbers.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [record] = store.query({ after: middle, take: 'oldest', limit: 1 });
    if (record === undefined || record.received > cursor.received) high = middle;
    else low = record.seq;
  }
  return {
    ...cursor,
    series,
    acked: low,
    base: low,
    wholeFrom: Math.max(low, newestOf(store)),
    missing: undefined,
  };
}

/** The cursor in force, saved a second after a change at most. */
export interface CursorKeeper {
  get(): Cursor;
  set(change: Partial<Cursor>): void;
  /** Saves what is not saved yet, now. */
  save(): void;
  close(): void;
}

export function keepCursor(begin: Cursor, mark: Mark, clock: Clock, log: Log): CursorKeeper {
  let cursor = begin;
  let timer: Timer | undefined;
  let isTold = false;
  const save = (): void => {
    timer?.cancel();
    timer = undefined;
    try {
      mark.save({ version: 1, ...cursor });
      isTold = false;
    } catch (error) {
      // Saved later it only costs that some records are sent again, which the hub drops.
      if (!isTold)
        log.warn('cannot save how far the hub has the time line', { reason: asError(error).message });
      isTold = true;
      timer = clock.timer(SAVE_MS, save);
    }
  };
  return {
    get: () => cursor,
    set(change) {
      cursor = { ...cursor, ...change };
      timer ??= clock.timer(SAVE_MS, save);
    },
    save,
    close() {
      if (timer !== undefined) save();
      timer?.cancel();
    },
  };
}
