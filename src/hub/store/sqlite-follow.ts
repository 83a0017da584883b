import type { Clock } from '../../core/clock.ts';
import type { RecordQuery, StoredRecord } from '../../core/record.ts';
import { type Database, number } from '../../core/sqlite.ts';
import { selectRecords } from './sqlite-query.ts';

/** Records that a reader holds at a time, and how far it looks for them before others get their turn. */
const PAGE = 256;
const WINDOW = 4096;

/** Wakes the readers that wait for something new. */
export interface Bell {
  ring(): void;
  /** Wakes all for the last time. */
  close(): void;
  readonly closed: boolean;
  /** Resolves at the next ring, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  const waiting = new Set<() => void>();
  let closed = false;
  const ring = (): void => {
    for (const wake of waiting) wake();
  };
  return {
    ring,
    close() {
      closed = true;
      ring();
    },
    get closed() {
      return closed;
    },
    wait: (signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
        if (signal.aborted || closed) wake();
      }),
  };
}

/** What a reader has to know of the store's writer. */
export interface Tail {
  /** The newest stored `seq`. */
  readonly newest: () => number;
  readonly bell: Bell;
  readonly clock: Clock;
}

/** Where to read on: behind `cursor`, and over what was pruned. */
function skipPruned(db: Database, cursor: number, newest: number): number {
  const oldest = db.get({ seq: number }, 'SELECT ifnull(min(seq), ?) AS seq FROM records', [newest + 1]);
  return Math.max(cursor, (oldest?.seq ?? 1) - 1);
}

/**
 * Every record after `query.after` that matches, in the order of `seq`, until the signal aborts or the store closes.
 * Everything is read from the store, page by page: there is no seam between what was stored before and what comes.
 * `limit` and `take` say nothing here.
 */
export async function* followRecords(
  db: Database,
  { newest, bell, clock }: Tail,
  query: RecordQuery & { readonly after: number },
  signal: AbortSignal,
): AsyncGenerator<StoredRecord> {
  let cursor = query.after;
  while (!signal.aborted && !bell.closed) {
    if (cursor >= newest()) {
      await bell.wait(signal);
      continue;
    }
    cursor = skipPruned(db, cursor, newest());
    const end = Math.min(newest(), cursor + WINDOW);
    const before = Math.min(query.before ?? end + 1, end + 1);
    const page = selectRecords(db, { ...query, after: cursor, before, take: 'oldest', limit: PAGE });
    cursor = page.length === PAGE ? (page.at(-1)?.seq ?? end) : end;
    for (const record of page) {
      yield record;
      if (signal.aborted) return;
    }
    // Others get their turn between two pages of a long way back.
    if (cursor < newest()) await clock.sleep(0, signal);
  }
}
