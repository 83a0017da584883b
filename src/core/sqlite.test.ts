import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import {
  type Database,
  DatabaseError,
  nullable,
  number,
  openDatabase,
  openDatabaseReadOnly,
  StoreFullError,
  text,
  transaction,
} from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'vahti-sqlite-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fresh = (): string => join(folder, `${(files += 1)}.db`);

const FIRST = 'CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, note TEXT) STRICT';

function open(
  path: string,
  migrations: Parameters<typeof openDatabase>[1]['migrations'] = [FIRST],
): Database {
  const opened = openDatabase(path, { migrations, synchronous: 'full', name: 'the state' });
  if (!opened.ok) throw opened.error;
  return opened.value;
}

function pragma(db: Database, name: string): unknown {
  return db.get({ [name]: (value) => value }, `PRAGMA ${name}`)?.[name];
}

test('a new database has a write-ahead log, foreign keys, full synchronisation and pages that can be given back', () => {
  const db = open(fresh());
  assert.deepEqual(
    ['journal_mode', 'foreign_keys', 'synchronous', 'auto_vacuum', 'user_version'].map((name) =>
      pragma(db, name),
    ),
    ['wal', 1, 2, 2, 1],
  );
  assert.equal(db.get({ timeout: number }, 'PRAGMA busy_timeout')?.timeout, 5000);
  db.close();
  db.close();
});

test('migrations run once each, in order, whatever version a file is at', () => {
  const steps = [
    FIRST,
    "INSERT INTO items (name) VALUES ('one')",
    (db: Database) => void db.run('INSERT INTO items (name) VALUES (?)', ['two']),
  ];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }), (stops) => {
      const path = fresh();
      for (const stop of [...stops.toSorted((a, b) => a - b), 3]) open(path, steps.slice(0, stop)).close();
      const db = open(path, steps);
      assert.deepEqual(db.all({ name: text }, 'SELECT name FROM items ORDER BY id'), [
        { name: 'one' },
        { name: 'two' },
      ]);
      db.close();
    }),
    { numRuns: 20 },
  );
});

test('a migration that fails leaves the file at the version before it', () => {
  const path = fresh();
  const broken = openDatabase(path, {
    migrations: [FIRST, 'CREATE TABLE more (id); CREATE NONSENSE'],
    synchronous: 'full',
    name: 'the state',
  });
  assert.equal(!broken.ok && broken.error.kind, 'failed');
  const db = open(path);
  assert.equal(pragma(db, 'user_version'), 1);
  assert.equal(db.get({ n: number }, "SELECT count(*) AS n FROM sqlite_schema WHERE name = 'more'")?.n, 0);
  db.close();
});

test('a file of a newer version is refused in one line, by writers and readers', () => {
  const path = fresh();
  open(path, [FIRST, 'SELECT 1', 'SELECT 1']).close();
  const opened = openDatabase(path, { migrations: [FIRST], synchronous: 'full', name: 'the state' });
  assert.ok(!opened.ok);
  assert.equal(opened.error.kind, 'newer');
  assert.equal(
    opened.error.message,
    'cannot open the state: written by a newer Vahti (version 3, this one knows 1)',
  );
  const reader = openDatabaseReadOnly(path, { version: 2, name: 'the state' });
  assert.equal(!reader.ok && reader.error.kind, 'newer');
  const older = openDatabaseReadOnly(path, { version: 4, name: 'the state' });
  assert.equal(!older.ok && older.error.kind, 'older');
});

test('a file that is no database is called damaged, with what to do', () => {
  const path = fresh();
  writeFileSync(path, 'not a database, whatever its name says\n'.repeat(100));
  const opened = openDatabase(path, { migrations: [FIRST], synchronous: 'full', name: 'the state' });
  assert.ok(!opened.ok);
  assert.equal(opened.error.kind, 'corrupt');
  assert.match(
    opened.error.message,
    /^cannot open the state: .*\.db is damaged .*restore it from a backup, or move it away/,
  );
});

test('a missing folder is an error, not a throw', () => {
  const opened = openDatabase(join(folder, 'none', 'x.db'), {
    migrations: [FIRST],
    synchronous: 'full',
    name: 'the state',
  });
  assert.equal(!opened.ok && opened.error.kind, 'unopenable');
});

test('a transaction stores all or nothing', () => {
  const db = open(fresh());
  const count = (): number => db.get({ n: number }, 'SELECT count(*) AS n FROM items')?.n ?? -1;
  assert.equal(
    transaction(db, () => db.run('INSERT INTO items (name) VALUES (?)', ['a'])),
    1,
  );
  assert.throws(
    () =>
      transaction(db, () => {
        db.run('INSERT INTO items (name) VALUES (?)', ['b']);
        db.run('INSERT INTO items (name) VALUES (?)', ['a']);
      }),
    (error) => error instanceof DatabaseError && error.kind === 'failed' && !error.retry,
  );
  assert.throws(
    () =>
      transaction(db, () => {
        db.run('INSERT INTO items (name) VALUES (?)', ['c']);
        throw new RangeError('mine');
      }),
    RangeError,
  );
  assert.equal(count(), 1);
  assert.equal(db.inTransaction, false);
  db.close();
});

test('a transaction refuses another one inside it, and an await', () => {
  const db = open(fresh());
  assert.throws(() => transaction(db, () => transaction(db, () => 1)), /within a transaction/);
  const asynchronous = (async () => {}) as () => never;
  assert.throws(() => transaction(db, asynchronous), /over an await/);
  assert.equal(db.inTransaction, false);
  db.close();
});

test('a full disk is an error that may be tried again, and stores nothing', () => {
  const db = open(fresh());
  db.exec('PRAGMA max_page_count = 12');
  const fill = (): void => {
    transaction(db, () => {
      for (let i = 0; i < 100; i += 1)
        db.run('INSERT INTO items (name, note) VALUES (?, ?)', [`n${i}`, 'x'.repeat(1000)]);
    });
  };
  assert.throws(fill, (error) => error instanceof StoreFullError && error.retry);
  assert.equal(db.get({ n: number }, 'SELECT count(*) AS n FROM items')?.n, 0);
  db.exec('PRAGMA max_page_count = 1000');
  fill();
  assert.equal(db.get({ n: number }, 'SELECT count(*) AS n FROM items')?.n, 100);
  db.close();
});

test('a column of another type than expected is refused', () => {
  const db = open(fresh());
  db.run('INSERT INTO items (name, note) VALUES (?, NULL)', ['a']);
  assert.deepEqual(db.get({ id: number, name: text, note: nullable(text) }, 'SELECT * FROM items'), {
    id: 1,
    name: 'a',
    note: null,
  });
  assert.throws(() => db.get({ name: number }, 'SELECT name FROM items'), /expected a number, found string/);
  assert.throws(() => db.get({ nme: text }, 'SELECT name FROM items'), /expected text, found undefined/);
  assert.equal(db.get({ id: number }, 'SELECT id FROM items WHERE id = 7'), undefined);
  db.close();
});

test('more statements than are kept prepared still work', () => {
  const db = open(fresh());
  for (let round = 0; round < 2; round += 1)
    for (let i = 0; i < 200; i += 1) assert.equal(db.get({ n: number }, `SELECT ${i} AS n`)?.n, i);
  db.close();
});

test('a reader beside a writer sees what is committed, and can write nothing', () => {
  const path = fresh();
  const writer = open(path);
  const opened = openDatabaseReadOnly(path, { version: 1, name: 'the state' });
  assert.ok(opened.ok);
  writer.run('INSERT INTO items (name) VALUES (?)', ['a']);
  assert.equal(opened.value.get({ n: number }, 'SELECT count(*) AS n FROM items')?.n, 1);
  assert.throws(() => opened.value.run('DELETE FROM items'), DatabaseError);
  opened.value.close();
  writer.close();
});
