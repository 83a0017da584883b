import type { Clock } from '../../core/clock.ts';
import { type Database, number, transaction } from '../../core/sqlite.ts';

/** How much of the history is kept. */
export interface LookLimits {
  /** Milliseconds. */
  readonly ageMs: number;
  /** Of the database file; what has just been written comes on top, some MiB. */
  readonly bytes: number;
}

/** Chunks that go at a time, and how long one call may begin with more: nobody waits for this. */
const AT_ONCE = 64;
const PRUNE_MS = 50;
const VACUUM_PAGES = 1024;

/** Deletes what is too old, then the oldest while the file is too large. Bounded in time: the next call goes on. */
export function pruneLooks(db: Database, { ageMs, bytes }: LookLimits, clock: Clock): void {
  const end = clock.monotonic() + PRUNE_MS;
  const cutoff = clock.now() - ageMs;
  do {
    const oldest = db.all({ id: number, last: number }, 'SELECT id, last FROM chunks ORDER BY id LIMIT ?', [
      AT_ONCE,
    ]);
    const gone = usedBytes(db) > bytes ? oldest : oldest.filter(({ last }) => last < cutoff);
    const highest = gone.at(-1)?.id;
    if (highest === undefined) break;
    transaction(db, () => {
      db.run('DELETE FROM chunks WHERE id <= ? AND id IN (SELECT value FROM json_each(?))', [
        highest,
        JSON.stringify(gone.map(({ id }) => id)),
      ]);
    });
  } while (clock.monotonic() < end);
  db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
}

function pragma(db: Database, name: 'page_count' | 'page_size' | 'freelist_count'): number {
  const row = db.get({ value: number }, `SELECT ${name} AS value FROM pragma_${name}`);
  return row?.value ?? 0;
}

/** What is in the file, without the pages that are free. */
function usedBytes(db: Database): number {
  return (pragma(db, 'page_count') - pragma(db, 'freelist_count')) * pragma(db, 'page_size');
}
