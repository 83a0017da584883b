import {
  type Database,
  type DatabaseError,
  number,
  openDatabase,
  openDatabaseReadOnly,
  text,
} from '../../core/sqlite.ts';
import type { Result } from '../../core/result.ts';

/** One bucket: a SQLite file of blocks, what finds them, and how far the numbers of those who send have come. */

const MIGRATIONS = [
  // The large values come last: what is before them is found without reading them.
  `CREATE TABLE blocks (
     first INTEGER PRIMARY KEY, last INTEGER NOT NULL, count INTEGER NOT NULL,
     earliest INTEGER NOT NULL, latest INTEGER NOT NULL, received INTEGER NOT NULL, received_last INTEGER NOT NULL,
     levels INTEGER NOT NULL, words TEXT NOT NULL, counts BLOB, tokens BLOB, data BLOB NOT NULL) STRICT;
   CREATE INDEX blocks_latest ON blocks (latest);
   CREATE INDEX blocks_small ON blocks (first) WHERE tokens IS NULL;
   CREATE TABLE series (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
] as const;

const NAME = 'a bucket of the hub';
/** A block of 500 records has some 35 kB. */
const PAGE_BYTES = 16_384;

export function openBucket(path: string): Result<Database, DatabaseError> {
  return openDatabase(path, {
    migrations: MIGRATIONS,
    synchronous: 'full',
    name: NAME,
    pageBytes: PAGE_BYTES,
  });
}

export function openBucketReadOnly(path: string): Result<Database, DatabaseError> {
  return openDatabaseReadOnly(path, { version: MIGRATIONS.length, name: NAME });
}

/** What finds a block. Times are microseconds. */
export const BLOCK = {
  /** The positions of its first and its last record. */
  first: number,
  last: number,
  count: number,
  /** When its records happened. */
  earliest: number,
  latest: number,
  /** When they were taken. */
  received: number,
  received_last: number,
  /** A bit for each level that it has. */
  levels: number,
  /** BlockWords as JSON. */
  words: text,
};

export const BLOCK_COLUMNS = Object.keys(BLOCK).join(', ');

/** The values that a block has of a column; absent where there are too many to be listed. */
export interface BlockWords {
  readonly agent?: readonly string[];
  readonly service?: readonly string[];
  readonly kind?: readonly string[];
  readonly sender?: readonly string[];
  readonly life?: readonly string[];
  readonly host?: readonly string[];
}

export const LISTED = [
  'agent',
  'service',
  'kind',
  'sender',
  'life',
  'host',
] as const satisfies readonly (keyof BlockWords)[];
