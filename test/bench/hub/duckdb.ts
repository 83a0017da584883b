import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Contestant } from './contestant.ts';

/** DuckDB by its appender, flushed for each batch: a flush is a commit. */
export async function duckdb(folder: string): Promise<Contestant> {
  const path = join(folder, 'rows.duckdb');
  const instance = await DuckDBInstance.create(path, { threads: '2' });
  const db = await instance.connect();
  await db.run(`CREATE TABLE rows (time BIGINT, received BIGINT, seq BIGINT, service VARCHAR, life VARCHAR, sender VARCHAR,
    level TINYINT, message VARCHAR)`);
  const appender = await db.createAppender('rows');
  const count = async (sql: string): Promise<number> => (await db.runAndReadAll(sql)).currentRowCount;
  const bytes = (): number =>
    [path, `${path}.wal`].reduce(
      (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  return {
    name: 'DuckDB, appender',
    append(records, now) {
      for (const { seq, time, service, life, sender, level, message } of records) {
        appender.appendBigInt(BigInt(time));
        appender.appendBigInt(BigInt(now));
        appender.appendBigInt(BigInt(seq));
        appender.appendVarchar(service);
        appender.appendVarchar(life);
        appender.appendVarchar(sender);
        appender.appendTinyInt(level);
        appender.appendVarchar(message);
        appender.endRow();
      }
      appender.flushSync();
    },
    settle: async () => void (await db.run('CHECKPOINT')),
    bytes,
    questions: {
      newest: () => count('SELECT * FROM rows ORDER BY time DESC LIMIT 100'),
      seconds: ({ end }) => count(`SELECT * FROM rows WHERE time >= ${end - 10_000_000} ORDER BY time DESC`),
      sender: ({ end, sender }) =>
        count(
          `SELECT * FROM rows WHERE sender = ${text(sender)} AND time >= ${end - 10_000_000} ORDER BY time DESC`,
        ),
      errors: ({ end }) =>
        count(
          `SELECT * FROM rows WHERE level >= 17 AND time >= ${end - 3_600_000_000} ORDER BY time DESC LIMIT 1000`,
        ),
      rare: ({ rare }) => count(`SELECT * FROM rows WHERE contains(message, ${text(rare)}) LIMIT 10000`),
      frequent: ({ frequent }) =>
        count(`SELECT * FROM rows WHERE contains(message, ${text(frequent)}) ORDER BY time DESC LIMIT 100`),
      minutes: () => count('SELECT time // 60000000, level, count(*) FROM rows GROUP BY 1, 2'),
    },
    async purge(before) {
      await db.run(`DELETE FROM rows WHERE received < ${before}`);
      await db.run('CHECKPOINT');
      return bytes();
    },
    close() {
      appender.closeSync();
      db.closeSync();
      instance.closeSync();
    },
  };
}
