import type { Clock, Timer } from '../../../core/clock.ts';
import { asError } from '../../../core/result.ts';
import { type Database, number, transaction } from '../../../core/sqlite.ts';

/** How long a key is kept, milliseconds. */
export const KEPT_MS = 24 * 3600 * 1000;
/** Keys are written down together: a commit blocks the event loop as long as the disk needs. */
const COMMIT_MS = 3;
const PURGED_AT_ONCE = 200;

/** Writes to the table of keys. */
export interface KeyWrites {
  /** Resolves when it is durable. Rejects with a DatabaseError. */
  now(sql: string, values: readonly Value[]): Promise<void>;
  /** With the next commit, or never: it is told again by what is stored. */
  later(sql: string, values: readonly Value[]): void;
  close(): void;
}

type Value = string | number;

interface Write {
  readonly sql: string;
  readonly values: readonly Value[];
  readonly done?: (error?: Error) => void;
}

/** Gathers what is to be written for some milliseconds, and commits it at once. @param most keys are kept; beyond that the oldest go. */
export function createKeyWrites(db: Database, clock: Clock, most: number): KeyWrites {
  let waiting: Write[] = [];
  let timer: Timer | undefined;
  let total = db.get({ count: number }, 'SELECT count(*) AS count FROM uploads')?.count ?? 0;
  const purge = (): void => {
    const room = 2 * waiting.length + PURGED_AT_ONCE;
    const before = total > most ? Number.MAX_SAFE_INTEGER : clock.now() - KEPT_MS;
    total -= db.run(
      'DELETE FROM uploads WHERE (agent, key) IN (SELECT agent, key FROM uploads WHERE at < ? ORDER BY at LIMIT ?)',
      [before, total > most ? Math.min(room, total - most) : room],
    );
  };
  const commit = (): void => {
    timer = undefined;
    const writes = waiting;
    if (writes.length === 0) return;
    let error: Error | undefined;
    try {
      transaction(db, () => {
        purge();
        for (const { sql, values } of writes) db.run(sql, values);
      });
    } catch (thrown) {
      error = asError(thrown);
    }
    waiting = [];
    total += writes.filter(({ done }) => done !== undefined).length;
    for (const { done } of writes) done?.(error);
  };
  const add = (write: Write): void => {
    waiting.push(write);
    timer ??= clock.timer(COMMIT_MS, commit);
  };
  return {
    now: (sql, values) =>
      new Promise((resolve, reject) => {
        const done = (error?: Error): void => (error === undefined ? resolve() : reject(error));
        add({ sql, values, done });
      }),
    later: (sql, values) => add({ sql, values }),
    close() {
      timer?.cancel();
      commit();
    },
  };
}
