import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { asError, err, ok, type Result } from './result.ts';

/** What is wrong with a database. Only `busy` and `full` may pass by themselves. */
export type DatabaseTrouble = 'newer' | 'older' | 'corrupt' | 'busy' | 'full' | 'unopenable' | 'failed';

/** Trouble with a database file. `retry` says whether the same call may succeed later. */
export class DatabaseError extends Error {
  override readonly name: string = 'DatabaseError';
  readonly kind: DatabaseTrouble;
  readonly retry: boolean;

  constructor(kind: DatabaseTrouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.retry = kind === 'busy' || kind === 'full';
  }
}

/** No space is left for what was to be stored. Nothing of it was stored; the same call may succeed later. */
export class StoreFullError extends DatabaseError {
  override readonly name = 'StoreFullError';

  constructor(message: string, options?: ErrorOptions) {
    super('full', message, options);
  }
}

/** One step from version n to n + 1: SQL, or a function for what SQL can't say. It runs in a transaction of its own. */
export type Migration = string | ((db: Database) => void);

export interface DatabaseOptions {
  /** Migration i takes a file from version i to i + 1; the list only ever grows. */
  readonly migrations: readonly Migration[];
  /** `full`: durable when a transaction returns. `normal`: consistent after a power cut, but the last transactions may be gone. */
  readonly synchronous: 'full' | 'normal';
  /** What the file is called in messages: `the state`, `the ledger of tm`. */
  readonly name: string;
  /** Of a new file: a power of two from 512 to 65536. Larger pages are for larger values (sqlite.org/intern-v-extern-blob.html). */
  readonly pageBytes?: number;
}

/** Reads one column, and throws a TypeError when its type is not the expected one. */
export type Column<T> = (value: SQLOutputValue | undefined) => T;
export type Shape = Readonly<Record<string, Column<unknown>>>;
export type RowOf<S extends Shape> = { readonly [K in keyof S]: ReturnType<S[K]> };

function wrongColumn(expected: string, value: unknown): never {
  throw new TypeError(
    `cannot read column: expected ${expected}, found ${value === null ? 'null' : typeof value}`,
  );
}

export const number: Column<number> = (value) =>
  typeof value === 'number' ? value : wrongColumn('a number', value);
export const text: Column<string> = (value) =>
  typeof value === 'string' ? value : wrongColumn('text', value);
export const bytes: Column<Uint8Array> = (value) =>
  value instanceof Uint8Array ? value : wrongColumn('bytes', value);
export function nullable<T>(column: Column<T>): Column<T | null> {
  return (value) => (value === null ? null : column(value));
}

/** An open database. Every method is synchronous, and throws a DatabaseError when the world is in the way. */
export interface Database {
  readonly path: string;
  /** Runs statements without parameters or results, to their end. */
  exec(sql: string): void;
  /** Runs one statement; answers with the number of changed rows. */
  run(sql: string, parameters?: readonly SQLInputValue[]): number;
  /** The first row, or undefined. Integers beyond ±2^53 are refused. */
  get<S extends Shape>(shape: S, sql: string, parameters?: readonly SQLInputValue[]): RowOf<S> | undefined;
  all<S extends Shape>(shape: S, sql: string, parameters?: readonly SQLInputValue[]): RowOf<S>[];
  readonly inTransaction: boolean;
  /** Closing twice does nothing. */
  close(): void;
}

/** Prepared statements kept per connection; the least recently used one goes. */
const STATEMENTS = 64;
const BUSY_TIMEOUT_MS = 5_000;
/** A write-ahead log that a long reader made grow is cut back to this at the next checkpoint. */
const WAL_BYTES = 64 * 1024 * 1024;

/** sqlite.org/rescode.html: the low byte is the primary code. */
const CODES = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
  noRoomForShm: 4874,
} as const;

function sqliteCode(thrown: unknown): number | undefined {
  const code = (thrown as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code : undefined;
}

function damaged(action: string, path: string, reason: string): string {
  return `cannot ${action}: ${path} is damaged (${reason}); restore it from a backup, or move it away together with its -wal and -shm files to begin anew`;
}

/** A thrown SQLite error as a DatabaseError; anything else as it is. */
function translate(thrown: unknown, action: string, path: string): Error {
  const code = sqliteCode(thrown);
  const cause = asError(thrown);
  if (code === undefined || thrown instanceof DatabaseError) return cause;
  const primary = code & 0xff;
  const options = { cause };
  if (primary === CODES.full || code === CODES.noRoomForShm)
    return new StoreFullError(`cannot ${action}: no space left for ${path}`, options);
  if (primary === CODES.corrupt || primary === CODES.notADatabase)
    return new DatabaseError('corrupt', damaged(action, path, cause.message), options);
  if (primary === CODES.busy || primary === CODES.locked)
    return new DatabaseError('busy', `cannot ${action}: another process holds ${path}`, options);
  if (primary === CODES.cantOpen || primary === CODES.readOnly)
    return new DatabaseError('unopenable', `cannot ${action}: ${path}: ${cause.message}`, options);
  return new DatabaseError('failed', `cannot ${action}: ${path}: ${cause.message}`, options);
}

function readRow<S extends Shape>(
  columns: [string, Column<unknown>][],
  row: Record<string, SQLOutputValue>,
): RowOf<S> {
  const read: Record<string, unknown> = {};
  for (const [name, column] of columns) read[name] = column(row[name]);
  return read as RowOf<S>;
}

function wrap(db: DatabaseSync, path: string, name: string): Database {
  const statements = new Map<string, StatementSync>();
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (thrown) {
      throw translate(thrown, `use ${name}`, path);
    }
  };
  const statement = (sql: string): StatementSync => {
    const known = statements.get(sql);
    const prepared = known ?? db.prepare(sql);
    if (known !== undefined) statements.delete(sql);
    else if (statements.size >= STATEMENTS) statements.delete(statements.keys().next().value ?? '');
    statements.set(sql, prepared);
    return prepared;
  };
  return {
    path,
    exec: (sql) => guard(() => db.exec(sql)),
    run: (sql, parameters = []) => guard(() => Number(statement(sql).run(...parameters).changes)),
    get: <S extends Shape>(shape: S, sql: string, parameters: readonly SQLInputValue[] = []) =>
      guard(() => {
        const row = statement(sql).get(...parameters);
        return row === undefined ? undefined : readRow<S>(Object.entries(shape), row);
      }),
    all: <S extends Shape>(shape: S, sql: string, parameters: readonly SQLInputValue[] = []) =>
      guard(() => {
        const columns = Object.entries(shape);
        return statement(sql)
          .all(...parameters)
          .map((row) => readRow<S>(columns, row));
      }),
    get inTransaction() {
      return db.isTransaction;
    },
    close() {
      statements.clear();
      if (db.isOpen) db.close();
    },
  };
}

/**
 * Runs `fn` in one transaction that takes the write lock at once: all of it is stored, or, when it throws, none.
 * `fn` must be synchronous. A transaction within a transaction is a bug, and throws.
 */
export function transaction<T>(db: Database, fn: () => T extends Promise<unknown> ? never : T): T {
  if (db.inTransaction) throw new Error('cannot begin a transaction within a transaction');
  db.exec('BEGIN IMMEDIATE');
  try {
    const value = fn();
    if ((value as unknown) instanceof Promise)
      throw new TypeError('cannot hold a transaction open over an await');
    db.exec('COMMIT');
    return value;
  } catch (thrown) {
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (db.inTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}

function readVersion(db: Database): number {
  return db.get({ user_version: number }, 'PRAGMA user_version')?.user_version ?? 0;
}

function tooNew(name: string, version: number, known: number): DatabaseError {
  return new DatabaseError(
    'newer',
    `cannot open ${name}: written by a newer Vahti (version ${version}, this one knows ${known})`,
  );
}

function migrate(db: Database, { migrations, name }: DatabaseOptions): void {
  const version = readVersion(db);
  if (version > migrations.length) throw tooNew(name, version, migrations.length);
  for (const [from, migration] of migrations.entries()) {
    if (from < version) continue;
    transaction(db, () => {
      // Another process may have been faster.
      if (readVersion(db) !== from) return;
      if (typeof migration === 'string') db.exec(migration);
      else migration(db);
      db.exec(`PRAGMA user_version = ${from + 1}`);
    });
  }
}

function configure(db: Database, options: DatabaseOptions): void {
  // Take effect in a new file only, and only before its first page is written, which journal_mode does.
  if (options.pageBytes !== undefined) db.exec(`PRAGMA page_size = ${options.pageBytes}`);
  db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  const mode = db.get({ journal_mode: text }, 'PRAGMA journal_mode = WAL')?.journal_mode;
  if (mode !== 'wal')
    throw new DatabaseError(
      'unopenable',
      `cannot open ${options.name}: ${db.path}: no write-ahead log here (${mode})`,
    );
  db.exec(
    `PRAGMA synchronous = ${options.synchronous}; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = ${WAL_BYTES}`,
  );
  migrate(db, options);
}

function openWith(
  location: string | URL,
  path: string,
  name: string,
  readOnly: boolean,
  prepare: (db: Database) => void,
): Result<Database, DatabaseError> {
  let db: Database | undefined;
  try {
    db = wrap(
      new DatabaseSync(location, { timeout: BUSY_TIMEOUT_MS, readOnly, readBigInts: false }),
      path,
      name,
    );
    prepare(db);
    return ok(db);
  } catch (thrown) {
    db?.close();
    const error = translate(
      thrown instanceof DatabaseError ? (thrown.cause ?? thrown) : thrown,
      `open ${name}`,
      path,
    );
    if (error instanceof DatabaseError) return err(error);
    throw error;
  }
}

/**
 * Opens or makes a database at `path`, and brings it to the newest version.
 * Errors: `newer`, `corrupt`, `busy`, `full`, `unopenable`. A migration that throws is a bug, and throws.
 */
export function openDatabase(path: string, options: DatabaseOptions): Result<Database, DatabaseError> {
  return openWith(path, path, options.name, false, (db) => configure(db, options));
}

/**
 * Opens an existing database for reading only; another process may write it meanwhile.
 * Errors: as `openDatabase`, and `older` where only a writer could bring the file to `version`.
 */
export function openDatabaseReadOnly(
  path: string,
  { version, name }: { readonly version: number; readonly name: string },
): Result<Database, DatabaseError> {
  const check = (db: Database): void => {
    const found = readVersion(db);
    if (found > version) throw tooNew(name, found, version);
    if (found < version)
      throw new DatabaseError(
        'older',
        `cannot open ${name}: written by an older Vahti (version ${found}, this one reads ${version}); start this one once`,
      );
  };
  const opened = openWith(path, path, name, true, check);
  if (opened.ok || opened.error.kind !== 'unopenable' || !existsSync(path) || existsSync(`${path}-wal`))
    return opened;
  // Who may not write the folder can't make the -shm file that readers share. Without a -wal file
  // nobody has the database open, and it can be read as it lies there.
  return openWith(new URL(`${pathToFileURL(path).href}?immutable=1`), path, name, true, check);
}
