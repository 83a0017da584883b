import type { Clock } from '../../core/clock.ts';
import type { Ledger, LedgerCopy, LedgerFile, LedgerProduct } from '../../core/ledger.ts';
import { ok, type Result } from '../../core/result.ts';
import {
  type Database,
  type DatabaseError,
  nullable,
  number,
  openDatabase,
  type RowOf,
  text,
  transaction,
} from '../../core/sqlite.ts';

const MIGRATIONS = [
  `CREATE TABLE file (
     id INTEGER PRIMARY KEY,
     root TEXT NOT NULL,
     path TEXT NOT NULL,
     sha256 TEXT NOT NULL,
     bytes INTEGER NOT NULL,
     mtime REAL NOT NULL,
     archive_path TEXT,
     archive_sha256 TEXT,
     archive_bytes INTEGER,
     archived_at INTEGER,
     purged_at INTEGER,
     purged_by TEXT,
     UNIQUE (root, path)
   ) STRICT;
   CREATE TABLE copy (
     file INTEGER NOT NULL REFERENCES file (id),
     job TEXT NOT NULL,
     target TEXT NOT NULL,
     path TEXT NOT NULL,
     sha256 TEXT NOT NULL,
     bytes INTEGER NOT NULL,
     verified_at INTEGER NOT NULL,
     PRIMARY KEY (file, job, target)
   ) STRICT, WITHOUT ROWID;
   -- What does not hold any more: earlier contents, proofs that were taken back.
   CREATE TABLE past (file INTEGER NOT NULL, at INTEGER NOT NULL, what TEXT NOT NULL) STRICT;
   CREATE INDEX past_file ON past (file);`,
  `ALTER TABLE file ADD COLUMN purging_at INTEGER;
   ALTER TABLE file ADD COLUMN purging_by TEXT;`,
  `CREATE TABLE product (
     file INTEGER NOT NULL REFERENCES file (id),
     job TEXT NOT NULL,
     sha256 TEXT NOT NULL,
     place TEXT NOT NULL,
     begun_at INTEGER NOT NULL,
     done_at INTEGER,
     PRIMARY KEY (file, job)
   ) STRICT, WITHOUT ROWID;`,
] as const;

const FILE = {
  id: number,
  root: text,
  path: text,
  sha256: text,
  bytes: number,
  mtime: number,
  archive_path: nullable(text),
  archive_sha256: nullable(text),
  archive_bytes: nullable(number),
  archived_at: nullable(number),
  purged_at: nullable(number),
  purged_by: nullable(text),
  purging_at: nullable(number),
  purging_by: nullable(text),
} as const;
const COLUMNS = Object.keys(FILE).join(', ');

const COPY = {
  job: text,
  target: text,
  path: text,
  sha256: text,
  bytes: number,
  verified_at: number,
} as const;

const PRODUCT = {
  job: text,
  sha256: text,
  place: text,
  begun_at: number,
  done_at: nullable(number),
} as const;

/** Files read at a time, so that a long walk holds no writer up. */
const PAGE = 500;

/**
 * The ledger of a state folder, in a file of its own. Each call is a transaction (`together` makes one of many), durable when it returns, and several processes
 * may have it open: a writer waits up to five seconds for another. Every method throws a DatabaseError when the world is in the way.
 * @param path of the file; its folder exists.
 */
export function openLedger(path: string, clock: Pick<Clock, 'now'>): Result<Ledger, DatabaseError> {
  const opened = openDatabase(path, { migrations: MIGRATIONS, synchronous: 'full', name: 'the ledger' });
  if (!opened.ok) return opened;
  const db = opened.value;

  const row = (root: string, name: string) =>
    db.get(FILE, `SELECT ${COLUMNS} FROM file WHERE root = ? AND path = ?`, [root, name]);
  /** The row of a file that was taken in; to ask for another one is a bug. */
  const known = (root: string, name: string): RowOf<typeof FILE> => {
    const found = row(root, name);
    if (found === undefined) throw new Error(`cannot find ${name} of ${root} in the ledger`);
    return found;
  };
  const bury = (file: number, what: object): void => {
    db.run('INSERT INTO past (file, at, what) VALUES (?, ?, ?)', [file, clock.now(), JSON.stringify(what)]);
  };

  /** Within `together` all is one transaction. */
  const whole = (writes: () => void): void => {
    if (db.inTransaction) writes();
    else transaction(db, writes);
  };

  return ok({
    file(root, name) {
      const found = row(root, name);
      return found === undefined ? undefined : fileOf(found);
    },
    files: (root) => filesOf(db, root),
    take: (file) => whole(() => take(db, file, row(file.root, file.path), bury)),
    archived(root, name, archive) {
      const sql =
        'UPDATE file SET archive_path = ?, archive_sha256 = ?, archive_bytes = ?, archived_at = ? WHERE id = ?';
      db.run(sql, [archive.path, archive.sha256, archive.bytes, archive.at, known(root, name).id]);
    },
    copies(root, name) {
      const id = row(root, name)?.id;
      return id === undefined ? [] : copiesOf(db, id);
    },
    proved(root, name, { job, target, path: there, sha256, bytes, verifiedAt }) {
      const sql =
        'INSERT OR REPLACE INTO copy (file, job, target, path, sha256, bytes, verified_at) VALUES (?, ?, ?, ?, ?, ?, ?)';
      db.run(sql, [known(root, name).id, job, target, there, sha256, bytes, verifiedAt]);
    },
    disproved(root, name, job, target, why) {
      whole(() => {
        const { id } = known(root, name);
        const gone = copiesOf(db, id).find((copy) => copy.job === job && copy.target === target);
        if (gone === undefined) return;
        db.run('DELETE FROM copy WHERE file = ? AND job = ? AND target = ?', [id, job, target]);
        bury(id, { disproved: gone, why });
      });
    },
    ...productsOf(db, (root, name) => row(root, name)?.id),
    purging(root, name, { at, run }) {
      db.run('UPDATE file SET purging_at = ?, purging_by = ? WHERE id = ?', [at, run, known(root, name).id]);
    },
    purged(root, name, { at, run }) {
      db.run('UPDATE file SET purged_at = ?, purged_by = ? WHERE id = ?', [at, run, known(root, name).id]);
    },
    together: whole,
    close: () => db.close(),
  });
}

/** The same content again changes nothing but the time; another one begins anew. */
function take(
  db: Database,
  { root, path, sha256, bytes, mtimeMs }: Parameters<Ledger['take']>[0],
  before: RowOf<typeof FILE> | undefined,
  bury: (file: number, what: object) => void,
): void {
  if (before === undefined) {
    const sql = 'INSERT INTO file (root, path, sha256, bytes, mtime) VALUES (?, ?, ?, ?, ?)';
    db.run(sql, [root, path, sha256, bytes, mtimeMs]);
    return;
  }
  const { id } = before;
  if (before.sha256 === sha256 && before.bytes === bytes) {
    // A purged file that is there again is a file again; its copies are still proved.
    const sql =
      'UPDATE file SET mtime = ?, purged_at = NULL, purged_by = NULL, purging_at = NULL, purging_by = NULL WHERE id = ?';
    db.run(sql, [mtimeMs, id]);
    return;
  }
  bury(id, { content: fileOf(before), copies: copiesOf(db, id) });
  db.run('DELETE FROM copy WHERE file = ?', [id]);
  const sql = `UPDATE file SET sha256 = ?, bytes = ?, mtime = ?, archive_path = NULL, archive_sha256 = NULL,
    archive_bytes = NULL, archived_at = NULL,
    purged_at = NULL, purged_by = NULL, purging_at = NULL, purging_by = NULL WHERE id = ?`;
  db.run(sql, [sha256, bytes, mtimeMs, id]);
}

function* filesOf(db: Database, root: string): Generator<LedgerFile, void> {
  let after = '';
  for (;;) {
    const sql = `SELECT ${COLUMNS} FROM file WHERE root = ? AND path > ? ORDER BY path LIMIT ${PAGE}`;
    const rows = db.all(FILE, sql, [root, after]);
    yield* rows.map(fileOf);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.path;
  }
}

function fileOf(row: RowOf<typeof FILE>): LedgerFile {
  const { root, path, sha256, bytes, mtime } = row;
  const { archive_path, archive_sha256, archive_bytes, archived_at } = row;
  const { purged_at, purged_by, purging_at, purging_by } = row;
  const isArchived =
    archive_path !== null && archive_sha256 !== null && archive_bytes !== null && archived_at !== null;
  return {
    root,
    path,
    sha256,
    bytes,
    mtimeMs: mtime,
    archived: isArchived
      ? { path: archive_path, sha256: archive_sha256, bytes: archive_bytes, at: archived_at }
      : null,
    purging: purging_at === null ? null : { at: purging_at, run: purging_by ?? '' },
    purged: purged_at === null ? null : { at: purged_at, run: purged_by ?? '' },
  };
}

function copiesOf(db: Database, file: number): readonly LedgerCopy[] {
  const sql = `SELECT ${Object.keys(COPY).join(', ')} FROM copy WHERE file = ? ORDER BY job, target`;
  return db.all(COPY, sql, [file]).map(({ verified_at, ...copy }) => ({ ...copy, verifiedAt: verified_at }));
}

/** @param idOf of a file that is known, else undefined. */
function productsOf(
  db: Database,
  idOf: (root: string, path: string) => number | undefined,
): Pick<Ledger, 'product' | 'produced'> {
  return {
    product(root, path, job) {
      const id = idOf(root, path);
      return id === undefined ? undefined : productOf(db, id, job);
    },
    produced(root, path, { job, sha256, into, begunAt, doneAt }) {
      const id = idOf(root, path);
      if (id === undefined) throw new Error(`cannot find ${path} of ${root} in the ledger`);
      const sql =
        'INSERT OR REPLACE INTO product (file, job, sha256, place, begun_at, done_at) VALUES (?, ?, ?, ?, ?, ?)';
      db.run(sql, [id, job, sha256, into, begunAt, doneAt]);
    },
  };
}

function productOf(db: Database, id: number, job: string): LedgerProduct | undefined {
  const sql = `SELECT ${Object.keys(PRODUCT).join(', ')} FROM product WHERE file = ? AND job = ?`;
  const found = db.get(PRODUCT, sql, [id, job]);
  if (found === undefined) return undefined;
  const { sha256, place, begun_at, done_at } = found;
  return { job, sha256, into: place, begunAt: begun_at, doneAt: done_at };
}
