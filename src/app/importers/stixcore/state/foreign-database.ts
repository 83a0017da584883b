import { closeSync, openSync, readSync } from 'node:fs';
import { asError, err, errorCode, ok, type Result } from '../../../../core/result.ts';
import { type Column, type Database, openDatabaseReadOnly } from '../../../../core/sqlite.ts';

/** A value as it lies there: SQLite takes any kind of value in any column. */
export const anything: Column<unknown> = (value) => value;

/** Where the header of a database has `user_version` (sqlite.org/fileformat2.html, 1.3). */
const USER_VERSION = 60;

/** Opens a database of another program for reading only, whatever version it calls itself. The error is a sentence. */
export function openForeign(path: string, name: string): Result<Database, string> {
  const header = Buffer.alloc(100);
  try {
    const fd = openSync(path, 'r');
    try {
      if (readSync(fd, header) < 100 || !header.toString('latin1').startsWith('SQLite format 3\0'))
        return err(`cannot read ${path}: it is no SQLite database`);
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (errorCode(thrown) === undefined) throw thrown;
    return err(
      `cannot read ${path}: ${errorCode(thrown) === 'ENOENT' ? 'no such file' : asError(thrown).message}`,
    );
  }
  const opened = openDatabaseReadOnly(path, { version: header.readInt32BE(USER_VERSION), name });
  return opened.ok ? opened : err(opened.error.message);
}

/** Whether a table has these columns. */
export function hasColumns(db: Database, table: string, columns: readonly string[]): boolean {
  const there = db
    .all({ name: anything }, `SELECT name FROM pragma_table_info('${table}')`)
    .map(({ name }) => name);
  return columns.every((each) => there.includes(each));
}

/** Asks, and says what is in the way as a sentence. */
export function asking<T>(path: string, ask: () => T): Result<T, string> {
  try {
    return ok(ask());
  } catch (thrown) {
    return err(`cannot read ${path}: ${asError(thrown).message}`);
  }
}
