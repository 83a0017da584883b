import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Contestant } from './contestant.ts';

/** Plain rows in one file of SQLite, every batch synced: what one would write first. Three indices, senders by number. */
export function sqliteRows(folder: string): Contestant {
  const path = join(folder, 'rows.db');
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
    CREATE TABLE rows (time INTEGER, received INTEGER, seq INTEGER, service INTEGER, life INTEGER, sender INTEGER, level INTEGER, message TEXT);
    CREATE INDEX rows_time ON rows (time);
    CREATE INDEX rows_sender ON rows (sender, time);
    CREATE INDEX rows_loud ON rows (level, time) WHERE level >= 13;`);
  const insert = db.prepare('INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const words = new Map<string, number>();
  const idOf = (word: string): number => {
    const known = words.get(word);
    if (known !== undefined) return known;
    const id = words.size + 1;
    db.prepare('INSERT INTO words VALUES (?, ?)').run(id, word);
    words.set(word, id);
    return id;
  };
  const count = (sql: string, ...values: SQLInputValue[]): number => db.prepare(sql).all(...values).length;
  const bytes = (): number => statSync(path).size;
  return {
    name: 'node:sqlite, rows in one file',
    append(records, now) {
      db.exec('BEGIN IMMEDIATE');
      for (const { seq, time, service, life, sender, level, message } of records)
        insert.run(time, now, seq, idOf(service), idOf(life), idOf(sender), level, message);
      db.exec('COMMIT');
    },
    settle: () => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'),
    bytes,
    questions: {
      newest: () => count('SELECT * FROM rows ORDER BY time DESC LIMIT 100'),
      seconds: ({ end }) => count('SELECT * FROM rows WHERE time >= ? ORDER BY time DESC', end - 10_000_000),
      sender: ({ end, sender }) =>
        count(
          'SELECT * FROM rows WHERE sender = ? AND time >= ? ORDER BY time DESC',
          idOf(sender),
          end - 10_000_000,
        ),
      errors: ({ end }) =>
        count(
          'SELECT * FROM rows WHERE level >= 17 AND time >= ? ORDER BY time DESC LIMIT 1000',
          end - 3_600_000_000,
        ),
      rare: ({ rare }) => count('SELECT * FROM rows WHERE instr(message, ?) LIMIT 10000', rare),
      frequent: ({ frequent }) =>
        count('SELECT * FROM rows WHERE instr(message, ?) ORDER BY time DESC LIMIT 100', frequent),
      minutes: () => count('SELECT time / 60000000, level, count(*) FROM rows GROUP BY 1, 2'),
    },
    purge(before) {
      db.prepare('DELETE FROM rows WHERE received < ?').run(before);
      db.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)');
      return bytes();
    },
    close: () => db.close(),
  };
}
