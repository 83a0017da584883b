import { tmpdir } from 'node:os';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, number, openDatabase, text } from '../../../core/sqlite.ts';
import type { OldEntry, UploadKind } from '../../../hub/protocols/watchdog/entries.ts';

/** Rows of the old tables, put in the order of their ids by a file in the temporary folder: a dump has them in any order, and may be large. */
export interface SortedRows {
  add(kind: UploadKind, agent: string, id: number, entry: OldEntry): void;
  /** Of each agent and kind, by id, so many at a time. */
  batches(size: number): Iterable<SortedBatch>;
  /** Deletes the file. */
  close(): void;
}

export interface SortedBatch {
  readonly kind: UploadKind;
  readonly agent: string;
  readonly rows: readonly { readonly id: number; readonly entry: OldEntry }[];
}

const MICROS = 1_000_000;
const TABLES = [
  `CREATE TABLE rows (kind TEXT, agent TEXT, id INTEGER, level INTEGER, time INTEGER, sender TEXT, message TEXT, PRIMARY KEY (kind, agent, id))
   WITHOUT ROWID`,
];

/** @throws DatabaseError where the temporary folder has no room. */
export function openSortedRows(): SortedRows {
  const folder = mkdtempSync(join(tmpdir(), 'vahti-import-'));
  const opened = openDatabase(join(folder, 'rows.db'), {
    migrations: TABLES,
    synchronous: 'normal',
    name: 'the rows to be imported',
  });
  if (!opened.ok) {
    rmSync(folder, { recursive: true });
    throw opened.error;
  }
  const db = opened.value;
  db.exec('BEGIN');
  return {
    add(kind, agent, id, { level, time, sender, message }) {
      db.run('INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)', [
        kind,
        agent,
        id,
        level,
        Math.round(time * MICROS),
        sender,
        message,
      ]);
    },
    *batches(size) {
      const groups = db.all({ kind: text, agent: text }, 'SELECT DISTINCT kind, agent FROM rows');
      for (const { kind, agent } of groups) yield* batchesOf(db, kind as UploadKind, agent, size);
    },
    close() {
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function* batchesOf(db: Database, kind: UploadKind, agent: string, size: number): Iterable<SortedBatch> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const found = db.all(
      { id: number, level: number, time: number, sender: text, message: text },
      'SELECT id, level, time, sender, message FROM rows WHERE kind = ? AND agent = ? AND id > ? ORDER BY id LIMIT ?',
      [kind, agent, after, size],
    );
    const last = found.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield {
      kind,
      agent,
      rows: found.map(({ id, time, ...entry }) => ({ id, entry: { ...entry, time: time / MICROS } })),
    };
  }
}
