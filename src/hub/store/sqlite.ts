import type { Clock } from '../../core/clock.ts';
import type { RecordDraft, RecordStore, StoredRecord } from '../../core/record.ts';
import { err, ok, type Result } from '../../core/result.ts';
import {
  type Database,
  type DatabaseError,
  number,
  openDatabase,
  openDatabaseReadOnly,
  transaction,
} from '../../core/sqlite.ts';
import { type Keep, pruneRecords } from './sqlite-prune.ts';
import { createBell, followRecords } from './sqlite-follow.ts';
import { selectRecords, spanOf } from './sqlite-query.ts';

export interface SqliteStoreOptions {
  /** The database file; its folder exists. */
  readonly path: string;
  /** Whose records these are; `agent/seq` is a record's id. A new name goes on with the old one's numbers. */
  readonly agent: string;
  readonly host: string;
  readonly clock: Clock;
  readonly keep: Keep;
}

/** Reads records of a store that another process may be writing. */
export type RecordReader = Pick<RecordStore, 'query' | 'close'>;

const NAME = 'the store of records';

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE writers (id INTEGER PRIMARY KEY, agent TEXT NOT NULL, host TEXT NOT NULL, UNIQUE (agent, host)) STRICT;
   -- One row. Kept apart from the records, so that pruning all of them never brings a number back.
   CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL) STRICT;
   INSERT INTO counter VALUES (1, 0);
   CREATE TABLE records (
     seq INTEGER PRIMARY KEY,
     writer INTEGER NOT NULL, -- of writers; no REFERENCES, which would look there for every row
     time INTEGER NOT NULL,
     delay INTEGER NOT NULL, -- received - time: mostly two bytes rather than eight
     service TEXT NOT NULL,
     life TEXT NOT NULL,
     kind TEXT NOT NULL,
     level INTEGER NOT NULL,
     sender TEXT NOT NULL,
     message TEXT NOT NULL,
     fields TEXT
   ) STRICT;
   CREATE INDEX records_service ON records (service);
   CREATE INDEX records_kind ON records (kind) WHERE kind <> 'log';
   CREATE INDEX records_loud ON records (seq) WHERE level >= 13;
   CREATE INDEX records_loud_service ON records (service) WHERE level >= 13;
   CREATE TABLE spans (
     span INTEGER NOT NULL,
     other INTEGER NOT NULL, -- 0: log lines, 1: all other kinds
     earliest INTEGER NOT NULL,
     latest INTEGER NOT NULL,
     PRIMARY KEY (span, other)
   ) STRICT, WITHOUT ROWID;`,
];

/** Holds the tails of all indices of a busy store: a fifth more rows a second than with SQLite's 2 MiB. */
const CACHE_KIB = 16 * 1024;

interface Row {
  readonly record: StoredRecord;
  readonly fields: string | null;
}

/** Lone surrogates and NUL can't be stored as text everywhere (PostgreSQL refuses NUL, LIKE stops at it). */
function storable(value: string): string {
  const formed = value.toWellFormed();
  return formed.includes('\0') ? formed.replaceAll('\0', '\ufffd') : formed;
}

function whole(name: string, value: number): number {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`cannot store a record with ${name} ${value}: not an integer`);
  return value;
}

type Stamp = Pick<StoredRecord, 'agent' | 'host' | 'seq' | 'received'>;

function toRow(draft: RecordDraft, stamp: Stamp): Row {
  const { time, service, life, kind, level, sender, message, fields } = draft;
  const record = {
    ...stamp,
    time: whole('time', time),
    service: storable(service),
    life: storable(life),
    kind,
    level: whole('level', level),
    sender: storable(sender),
    message: storable(message),
  };
  return fields === undefined
    ? { record, fields: null }
    : { record: { ...record, fields }, fields: JSON.stringify(fields) };
}

const INSERT = 'INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
const WIDEN = `INSERT INTO spans VALUES (?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET earliest = min(earliest, excluded.earliest), latest = max(latest, excluded.latest)`;

/** Stores rows within a transaction, and widens the spans that they fall into. */
function insertRows(db: Database, writer: number, rows: readonly Row[]): void {
  const spans = new Map<number, { earliest: number; latest: number }>();
  for (const { record, fields } of rows) {
    const { seq, time, received, service, life, kind, level, sender, message } = record;
    db.run(INSERT, [seq, writer, time, received - time, service, life, kind, level, sender, message, fields]);
    const key = spanOf(seq) * 2 + (kind === 'log' ? 0 : 1);
    const span = spans.get(key);
    if (span === undefined) spans.set(key, { earliest: time, latest: time });
    else {
      span.earliest = Math.min(span.earliest, time);
      span.latest = Math.max(span.latest, time);
    }
  }
  for (const [key, { earliest, latest }] of spans)
    db.run(WIDEN, [Math.floor(key / 2), key % 2, earliest, latest]);
}

function readSeq(db: Database): number {
  return db.get({ seq: number }, 'SELECT seq FROM counter')?.seq ?? 0;
}

function writerId(db: Database, agent: string, host: string): number {
  db.run('INSERT INTO writers (agent, host) VALUES (?, ?) ON CONFLICT DO NOTHING', [agent, host]);
  return (
    db.get({ id: number }, 'SELECT id FROM writers WHERE agent = ? AND host = ?', [agent, host])?.id ?? 0
  );
}

/** The store on an open database; `openSqliteStore` is the way in, this one is for tests that hinder the database. */
export function createSqliteStore(
  db: Database,
  { agent, host, clock, keep }: Omit<SqliteStoreOptions, 'path'>,
): RecordStore {
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
  const self = { agent: storable(agent), host: storable(host) };
  const writer = transaction(db, () => writerId(db, self.agent, self.host));
  const bell = createBell();
  let newest = readSeq(db);

  function append(drafts: readonly RecordDraft[]): readonly StoredRecord[] {
    if (drafts.length === 0) return [];
    const received = clock.micros();
    const rows = transaction(db, () => {
      const before = readSeq(db);
      const made = drafts.map((draft, index) => toRow(draft, { ...self, received, seq: before + index + 1 }));
      insertRows(db, writer, made);
      db.run('UPDATE counter SET seq = ?', [before + made.length]);
      return made;
    });
    newest = rows.at(-1)?.record.seq ?? newest;
    bell.ring();
    return rows.map((row) => row.record);
  }

  return {
    append,
    query: (query) => selectRecords(db, query),
    // The start is taken now, not at the first `next()`: what is appended in between belongs to the reader.
    follow: (query, signal) =>
      followRecords(
        db,
        { newest: () => newest, bell, clock },
        { ...query, after: query.after ?? newest },
        signal,
      ),
    prune: () => pruneRecords(db, keep, clock),
    close() {
      bell.close();
      db.close();
    },
  };
}

/**
 * Opens or makes a store in one SQLite file: plain rows, durable when `append` returns.
 * Only one process writes it (the lock of the state folder sees to that). `append` and `prune` throw a
 * StoreFullError when no space is left: nothing was stored, and the same call may succeed later.
 * The order of the time line is that of `seq`; `text` ignores the case of ASCII letters only.
 */
export function openSqliteStore({
  path,
  ...options
}: SqliteStoreOptions): Result<RecordStore, DatabaseError> {
  const opened = openDatabase(path, { migrations: MIGRATIONS, synchronous: 'full', name: NAME });
  return opened.ok ? ok(createSqliteStore(opened.value, options)) : err(opened.error);
}

/** Opens a store for queries alone, beside its writer or without it. */
export function openSqliteStoreReadOnly(path: string): Result<RecordReader, DatabaseError> {
  const opened = openDatabaseReadOnly(path, { version: MIGRATIONS.length, name: NAME });
  if (!opened.ok) return opened;
  const db = opened.value;
  return ok({ query: (query) => selectRecords(db, query), close: () => db.close() });
}
