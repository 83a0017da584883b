import type { Clock } from '../../core/clock.ts';
import { type Database, nullable, number, transaction } from '../../core/sqlite.ts';
import { SPAN } from './sqlite-query.ts';

/** What a store keeps. */
export interface Keep {
  /** By event time: log lines, and all other kinds, each older than this many milliseconds go. */
  readonly ageMs: { readonly logs: number; readonly other: number };
  /** The size of the database file. Over it the oldest log lines go first, other kinds only when no log line is left. */
  readonly bytes: number;
}

/** A call of `pruneRecords` begins no further step after this many milliseconds, or this many steps. */
const PRUNE_MS = 100;
const PRUNE_STEPS = 64;
/** Pages given back to the file system at a time: 4 MiB. */
const VACUUM_PAGES = 1024;

interface Bucket {
  readonly span: number;
  /** 0: log lines, 1: all other kinds. */
  readonly other: number;
}

const BUCKET = { span: number, other: number };

/** Deletes what is older than `cutoff` (microseconds) in one bucket. */
function deleteBucket(db: Database, { span, other }: Bucket, cutoff: number): number {
  return transaction(db, () => {
    const range = [span * SPAN, span * SPAN + SPAN - 1, other];
    const gone = db.run(
      "DELETE FROM records WHERE seq BETWEEN ? AND ? AND (kind <> 'log') = ? AND time < ?",
      [...range, cutoff],
    );
    const left = db.get(
      { earliest: nullable(number), latest: nullable(number) },
      "SELECT min(time) AS earliest, max(time) AS latest FROM records WHERE seq BETWEEN ? AND ? AND (kind <> 'log') = ?",
      range,
    );
    if (left === undefined || left.earliest === null)
      db.run('DELETE FROM spans WHERE span = ? AND other = ?', [span, other]);
    else
      db.run('UPDATE spans SET earliest = ?, latest = ? WHERE span = ? AND other = ?', [
        left.earliest,
        left.latest,
        span,
        other,
      ]);
    return gone;
  });
}

function oldBucket(db: Database, other: number, cutoff: number): Bucket | undefined {
  return db.get(
    BUCKET,
    'SELECT span, other FROM spans WHERE other = ? AND earliest < ? ORDER BY span LIMIT 1',
    [other, cutoff],
  );
}

/** The size of the file in bytes, its free pages among them; what is still in the write-ahead log counts as if it were there. */
function fileBytes(db: Database): number {
  const pages = db.get({ page_count: number }, 'PRAGMA page_count')?.page_count ?? 0;
  return pages * (db.get({ page_size: number }, 'PRAGMA page_size')?.page_size ?? 0);
}

function freePages(db: Database): number {
  return db.get({ freelist_count: number }, 'PRAGMA freelist_count')?.freelist_count ?? 0;
}

/** One step: how many records went, or undefined when nothing is left to do. */
function step(db: Database, keep: Keep, nowMicros: number): number | undefined {
  for (const [other, ageMs] of [keep.ageMs.logs, keep.ageMs.other].entries()) {
    const cutoff = nowMicros - ageMs * 1000;
    const bucket = oldBucket(db, other, cutoff);
    if (bucket !== undefined) return deleteBucket(db, bucket, cutoff);
  }
  if (freePages(db) > 0) {
    db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    return 0;
  }
  if (fileBytes(db) <= keep.bytes) return undefined;
  const oldest = db.get(BUCKET, 'SELECT span, other FROM spans ORDER BY other, span LIMIT 1');
  return oldest === undefined ? undefined : deleteBucket(db, oldest, Number.MAX_SAFE_INTEGER);
}

/** Moves the write-ahead log into the file and cuts it to nothing; where a reader is in the way, as far as it goes. */
function checkpoint(db: Database): void {
  const timeout = db.get({ timeout: number }, 'PRAGMA busy_timeout')?.timeout ?? 0;
  db.exec('PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)');
  db.exec(`PRAGMA busy_timeout = ${timeout}`);
}

/**
 * Deletes what is past its age, then the oldest while the file is over its budget; gives the space back.
 * Bounded in time: when it answers with more than 0, call again for what may be left.
 * @returns how many records went.
 */
export function pruneRecords(db: Database, keep: Keep, clock: Clock): number {
  const end = clock.monotonic() + PRUNE_MS;
  const nowMicros = clock.micros();
  let gone = 0;
  for (let steps = 0; steps < PRUNE_STEPS; steps += 1) {
    // First of all the space of the write-ahead log is made free: on a full disk the deletion itself needs some.
    if (steps === 0) checkpoint(db);
    const went = step(db, keep, nowMicros);
    if (went === undefined) break;
    gone += went;
    if (clock.monotonic() >= end) break;
  }
  if (gone > 0) checkpoint(db);
  return gone;
}
