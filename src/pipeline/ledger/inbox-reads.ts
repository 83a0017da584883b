import { type Database, number } from '../../core/sqlite.ts';
import type { InboxLedger } from './ledger.ts';
import { FILE, FILE_COLUMNS, NEWEST_OF_NAME, readInboxFile } from './rows.ts';
import { type InboxFile, LOOSE_STATES } from './types.ts';

/** Of a walk over files of an inbox, in one read. */
const PAGE = 1000;

const NEWEST = `SELECT ${FILE_COLUMNS} FROM file WHERE kind = 'inbox' AND origin = ? AND path = ? ORDER BY rev DESC LIMIT 1`;
const AT = `SELECT ${FILE_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN file
  WHERE file.kind = 'inbox' AND file.origin = ? AND file.path = wanted.value`;
const LOOSE = `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_state WHERE kind = 'inbox' AND state = ? AND id > ? AND origin = ?
  AND ${NEWEST_OF_NAME} ORDER BY id LIMIT ${PAGE}`;
const WAITS = `kind = 'inbox' AND state IN ('settling', 'waiting') AND due IS NOT NULL AND origin = ?`;
const DUE = `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_due WHERE ${WAITS} AND due <= ? ORDER BY due LIMIT ?`;
const FIRST_DUE = `SELECT due FROM file INDEXED BY file_due WHERE ${WAITS} ORDER BY due LIMIT 1`;

/** The newest revisions of names of an inbox, by name. */
export function newestOf(
  db: Database,
  inbox: string,
  named: readonly { readonly path: string }[],
): Map<string, InboxFile> {
  const found = new Map<string, InboxFile>();
  const paths = JSON.stringify(named.map(({ path }) => path));
  for (const row of db.all(FILE, AT, [paths, inbox]))
    if (row.rev >= (found.get(row.path)?.rev ?? 0)) found.set(row.path, readInboxFile(row));
  return found;
}

/** What an inbox asks of the ledger. */
export function inboxReads(db: Database): Omit<InboxLedger, 'sight' | 'arrive' | 'gone'> {
  return {
    async *looseFiles(inbox) {
      for (const state of LOOSE_STATES)
        for (let after = 0; ; ) {
          const rows = db.all(FILE, LOOSE, [state, after, inbox]);
          for (const row of rows) yield readInboxFile(row);
          const last = rows.at(-1);
          if (last === undefined || rows.length < PAGE) break;
          after = last.id;
        }
    },
    async inboxFile(inbox, path) {
      const row = db.get(FILE, NEWEST, [inbox, path]);
      return row === undefined ? undefined : readInboxFile(row);
    },
    inboxFilesAt: async (inbox, paths) =>
      newestOf(
        db,
        inbox,
        paths.map((path) => ({ path })),
      ),
    dueFiles: async (inbox, until, limit) => db.all(FILE, DUE, [inbox, until, limit]).map(readInboxFile),
    firstDue: async (inbox) => db.get({ due: number }, FIRST_DUE, [inbox])?.due,
    async isFirstLook(inbox) {
      const sql = `SELECT id FROM file WHERE kind = 'inbox' AND origin = ? LIMIT 1`;
      return db.get({ id: number }, sql, [inbox]) === undefined;
    },
  };
}
