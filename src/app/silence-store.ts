import { type Database, text } from '../core/sqlite.ts';
import type { Ack, Snooze } from '../watch/holds.ts';

/** What people said is to be quiet. */
export interface KeptSilences {
  readonly snoozes: readonly Snooze[];
  readonly acks: readonly Ack[];
}

/** Keeps what people said, all of it in one row. */
export interface SilenceStore {
  load(): KeptSilences;
  /** Durable, even if the machine dies, when it returns. */
  save(silences: KeptSilences): void;
}

const KEY = 'silences';

/** @param durably does a piece of work so that it outlives the machine. */
export function createSilenceStore(db: Database, durably: (work: () => void) => void): SilenceStore {
  return {
    load() {
      const row = db.get({ value: text }, 'SELECT value FROM meta WHERE key = ?', [KEY]);
      return row === undefined ? { snoozes: [], acks: [] } : (JSON.parse(row.value) as KeptSilences);
    },
    save(silences) {
      const sql = 'INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)';
      durably(() => db.run(sql, [KEY, JSON.stringify(silences)]));
    },
  };
}
