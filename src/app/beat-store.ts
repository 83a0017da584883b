import { randomBytes } from 'node:crypto';
import { type Database, nullable, number, text } from '../core/sqlite.ts';
import type { BeatState } from '../watch/beats/promise.ts';

/** The table of beats, for the migrations of the state. `due_at`: when the next beat is due, wall milliseconds. */
export const BEAT_TABLE = `CREATE TABLE beat (service TEXT NOT NULL, watch TEXT NOT NULL, token TEXT NOT NULL,
   due_at INTEGER, state TEXT, PRIMARY KEY (service, watch)) STRICT;`;

/** Where the deadlines of beats, and the tokens by which they are sent, outlive the daemon. */
export interface BeatStore {
  /** What whoever beats has to know: random, made when it is first asked for, kept as long as the watch is. */
  token(service: string, watch: string): string;
  load(service: string, watch: string): BeatState | undefined;
  save(service: string, watch: string, state: BeatState): void;
  /** Forgets every watch but these: `[service, watch]`. */
  keepOnly(watches: readonly (readonly [string, string])[]): void;
}

/** 192 bits: nobody finds one by trying. */
const TOKEN_BYTES = 24;

export function createBeatStore(db: Database): BeatStore {
  return {
    token(service, watch) {
      const made = randomBytes(TOKEN_BYTES).toString('base64url');
      db.run('INSERT OR IGNORE INTO beat (service, watch, token) VALUES (?, ?, ?)', [service, watch, made]);
      const sql = 'SELECT token FROM beat WHERE service = ? AND watch = ?';
      return db.get({ token: text }, sql, [service, watch])?.token ?? made;
    },
    load(service, watch) {
      const sql = 'SELECT due_at, state FROM beat WHERE service = ? AND watch = ?';
      const row = db.get({ due_at: nullable(number), state: nullable(text) }, sql, [service, watch]);
      if (row === undefined || row.state === null) return undefined;
      return { ...(JSON.parse(row.state) as Omit<BeatState, 'dueAt'>), dueAt: row.due_at };
    },
    save(service, watch, { dueAt, ...rest }) {
      const sql = 'UPDATE beat SET due_at = ?, state = ? WHERE service = ? AND watch = ?';
      db.run(sql, [dueAt, JSON.stringify(rest), service, watch]);
    },
    keepOnly(watches) {
      const kept = 'SELECT value ->> 0, value ->> 1 FROM json_each(?)';
      db.run(`DELETE FROM beat WHERE (service, watch) NOT IN (${kept})`, [JSON.stringify(watches)]);
    },
  };
}
