import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ok, type Result } from '../../../core/result.ts';
import {
  type Database,
  type DatabaseError,
  number,
  openDatabase,
  openDatabaseReadOnly,
  text,
  transaction,
} from '../../../core/sqlite.ts';
import {
  COLUMNS,
  type HistoryRow,
  ITEM,
  MIGRATIONS,
  type NewRow,
  type PublishState,
  readItem,
} from './history-tables.ts';
import { type ForeignRow, type TakenOver, takeOver } from './take-over.ts';

/** What may be asked of a history by anybody, while its job runs or not. */
export interface HistoryReader {
  /** What is known of a file now: of its latest content. */
  current(path: string): HistoryRow | undefined;
  /** The latest of every file, by path. */
  all(): ReadonlyMap<string, HistoryRow>;
  /** What lies at the target under a public name, its supplements with it, the oldest first. */
  named(baseName: string): readonly HistoryRow[];
  /** The newest first; earlier contents of files, too. */
  list(asked: HistoryQuery): readonly HistoryRow[];
  /** How many files are in which state. */
  counts(): Readonly<Record<string, number>>;
  close(): void;
}

export interface HistoryQuery {
  readonly states?: readonly PublishState[];
  /** A part of the path, or of the public name. */
  readonly like?: string;
  readonly limit: number;
}

/** The durable history of one job: every write is on the disk when it returns. */
export interface History extends HistoryReader {
  /** Files whose run was killed while they were published. */
  begun(): readonly HistoryRow[];
  /** Adds a row, which is the latest of its file from now on; earlier ones stay. Answers with its number. */
  add(row: NewRow): number;
  change(id: number, to: Partial<NewRow>): void;
  /** Has what was ignored under a public name tried again: what it was ignored for lies there no longer. */
  reopenIgnored(baseName: string): void;
  /** Many writes, durable together when it returns; none of them when it throws. `writes` is synchronous. */
  together(writes: () => void): void;
  /**
   * Takes rows of another system's history over, as if this job had published them. A file that is known here already is left as it is.
   */
  takeOver(rows: Iterable<ForeignRow>): TakenOver;
}

/** Where the history of a job lies. @param state the state folder. */
export function historyPath(state: string, job: string): string {
  return join(state, 'publish', `${job}.db`);
}

/** Opens or makes a history. Errors as of `openDatabase`; every method throws a DatabaseError when the world is in the way. */
export function openHistory(path: string): Result<History, DatabaseError> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const opened = openDatabase(path, {
    migrations: MIGRATIONS,
    synchronous: 'full',
    name: 'the history of what was published',
  });
  if (!opened.ok) return opened;
  const db = opened.value;
  return ok({
    ...reader(db),
    begun: () => db.all(ITEM, `SELECT ${COLUMNS} FROM item WHERE state = 'begun' ORDER BY id`).map(readItem),
    add: (row) => addRow(db, row),
    change(id, to) {
      const known = Object.entries(to);
      if (known.length === 0) return;
      const set = known.map(([key]) => `${columnOf(key)} = ?`).join(', ');
      db.run(`UPDATE item SET ${set} WHERE id = ?`, [...known.map(([, value]) => value), id]);
    },
    reopenIgnored(baseName) {
      // Where no checksum is known, another system ignored it, for reasons of its own.
      db.run(
        `UPDATE item SET state = 'error', attempts = 0, why = ?
         WHERE base_name = ? AND current = 1 AND state = 'ignored' AND sha256 IS NOT NULL`,
        [WAS_REPLACED, baseName],
      );
    },
    together(writes) {
      transaction(db, writes);
    },
    takeOver: (rows) => transaction(db, () => takeOver(db, rows, (row) => addRow(db, row))),
    close: () => db.close(),
  });
}

/** Opens a history for reading only; `unopenable` where there is none. */
export function readHistory(path: string): Result<HistoryReader, DatabaseError> {
  const opened = openDatabaseReadOnly(path, {
    version: MIGRATIONS.length,
    name: 'the history of what was published',
  });
  return opened.ok ? ok({ ...reader(opened.value), close: () => opened.value.close() }) : opened;
}

const WAS_REPLACED = 'what held the same was published again with another content';

function addRow(db: Database, row: NewRow): number {
  db.run('UPDATE item SET current = 0 WHERE path = ? AND current = 1', [row.path]);
  const keys = Object.entries(row);
  const columns = keys.map(([key]) => columnOf(key)).join(', ');
  db.run(
    `INSERT INTO item (${columns}) VALUES (${keys.map(() => '?').join(', ')})`,
    keys.map(([, value]) => value),
  );
  return db.get({ id: number }, 'SELECT last_insert_rowid() AS id')?.id ?? 0;
}

/** `publicName` → `public_name`. */
function columnOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** So many rows are read of one query at the most. */
const MOST = 1_000_000;

function reader(db: Database): HistoryReader {
  return {
    current(path) {
      const row = db.get(ITEM, `SELECT ${COLUMNS} FROM item WHERE path = ? AND current = 1`, [path]);
      return row === undefined ? undefined : readItem(row);
    },
    all: () =>
      new Map(
        db.all(ITEM, `SELECT ${COLUMNS} FROM item WHERE current = 1`).map((row) => [row.path, readItem(row)]),
      ),
    named: (baseName) =>
      db
        .all(
          ITEM,
          `SELECT ${COLUMNS} FROM item WHERE base_name = ? AND current = 1 AND state IN ('published', 'supplement')
           ORDER BY supplement, id`,
          [baseName],
        )
        .map(readItem),
    list({ states, like, limit }) {
      const where: string[] = [];
      const values: (string | number)[] = [];
      if (states !== undefined) {
        where.push(`state IN (${states.map(() => '?').join(', ')})`);
        values.push(...states);
      }
      if (like !== undefined) {
        where.push('(instr(path, ?) > 0 OR instr(public_name, ?) > 0)');
        values.push(like, like);
      }
      const all = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`;
      const sql = `SELECT ${COLUMNS} FROM item ${all} ORDER BY at DESC, id DESC LIMIT ?`;
      return db.all(ITEM, sql, [...values, Math.min(limit, MOST)]).map(readItem);
    },
    counts() {
      const sql = 'SELECT state, count(*) AS count FROM item WHERE current = 1 GROUP BY state ORDER BY state';
      return Object.fromEntries(
        db.all({ state: text, count: number }, sql).map(({ state, count }) => [state, count]),
      );
    },
    close: () => db.close(),
  };
}
