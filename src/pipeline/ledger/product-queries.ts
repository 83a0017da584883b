import { type Database, text } from '../../core/sqlite.ts';
import type { LedgerReader } from './ledger.ts';
import { NO_LIMIT } from './claims.ts';
import { FILE, FILE_COLUMNS, readFile, readProduct } from './rows.ts';

/** Questions about what there is: products, and what keys were made of. */
export function productQueries(
  db: Database,
): Pick<LedgerReader, 'products' | 'productsOfKey' | 'inputsOfKey' | 'contentsOf' | 'otherForms'> {
  return {
    async products({ step, after = '', limit }) {
      const where = step === undefined ? '' : 'AND origin = ?';
      const values = step === undefined ? [after, limit] : [after, step, limit];
      const sql = `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_current
        WHERE kind = 'product' AND state = 'current' AND path > ? ${where} ORDER BY path LIMIT ?`;
      return db.all(FILE, sql, values).map(readProduct);
    },
    contentsOf: async ({ origin, path, final }, limit = NO_LIMIT) =>
      db
        .all(
          FILE,
          `SELECT ${FILE_COLUMNS} FROM file WHERE kind = 'product' AND origin = ? AND path = ?
           UNION SELECT ${FILE_COLUMNS} FROM file WHERE kind = 'product' AND origin = ? AND final = ? ORDER BY id DESC LIMIT ?`,
          [origin, path, origin, final, limit],
        )
        .map(readProduct),
    otherForms: async (step, { path, final, other }) =>
      db
        .all(
          { path: text },
          `SELECT path FROM file WHERE kind = 'product' AND state = 'current' AND origin = ? AND final = ? AND path <> ?
           UNION SELECT path FROM file WHERE kind = 'product' AND state = 'current' AND origin = ? AND path = ? AND path <> ?`,
          [step, final, path, step, other, path],
        )
        .map((row) => row.path),
    productsOfKey: async (step, key, version) =>
      db
        .all(
          FILE,
          `SELECT ${FILE_COLUMNS} FROM task JOIN file ON file.task = task.id
           WHERE task.step = ? AND task.key = ? AND task.version = ? AND task.key <> '' AND file.state = 'current'
           ORDER BY file.path`,
          [step, key, version],
        )
        .map(readProduct),
    inputsOfKey: async (step, key) =>
      db
        .all(
          FILE,
          `SELECT DISTINCT ${FILE_COLUMNS} FROM task JOIN task_input ON task_input.task = task.id
             JOIN file ON file.id = task_input.file
           WHERE task.step = ? AND task.key = ? AND task.key <> '' AND file.state NOT IN ('superseded', 'gone')
             AND NOT EXISTS (SELECT 1 FROM file AS newer WHERE newer.kind = file.kind AND newer.origin = file.origin
               AND newer.path = file.path AND newer.rev > file.rev)
           ORDER BY file.id`,
          [step, key],
        )
        .map(readFile),
  };
}
