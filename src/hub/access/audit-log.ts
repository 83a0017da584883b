import type { Clock } from '../../core/clock.ts';
import { type Database, number, type RowOf, transaction } from '../../core/sqlite.ts';
import { AUDIT } from './tables.ts';

/** Who changes something, and from where. */
export interface By {
  /** `user ada`, `agent alpha`, `root (vahti token)`, `the hub`. */
  readonly who: string;
  /** An address of the network; empty on the hub's machine. */
  readonly address: string;
}

/** Something that was done or denied. */
export type AuditRow = RowOf<typeof AUDIT>;

export interface AuditLog {
  /** Belongs into the transaction of what it tells of. @param times how often it happened since it was told last. */
  add(by: By, what: string, whom: string, times?: number): void;
  /** Several at once, in a transaction of their own. */
  addAll(rows: readonly Omit<AuditRow, 'id' | 'time'>[]): void;
  /** The newest first. @param before only rows before this one. */
  list(limit: number, before?: number): readonly AuditRow[];
  /** Forgets what is too old, or too much. */
  trim(): void;
}

const KEEP_MS = 90 * 24 * 3_600_000;
const MOST_ROWS = 100_000;
/** So often it is looked whether there is too much. */
const TRIM_EVERY = 256;
const LONGEST_TEXT = 300;

export function createAuditLog(db: Database, clock: Clock): AuditLog {
  let added = 0;
  const trim = (): void => {
    db.run('DELETE FROM audit WHERE time < ?', [clock.now() - KEEP_MS]);
    const newest = db.get({ id: number }, 'SELECT id FROM audit ORDER BY id DESC LIMIT 1')?.id ?? 0;
    db.run('DELETE FROM audit WHERE id <= ?', [newest - MOST_ROWS]);
  };
  const add: AuditLog['add'] = ({ who, address }, what, whom, times = 1) => {
    const row = [who, what, whom, address].map((text) => text.slice(0, LONGEST_TEXT));
    const sql = 'INSERT INTO audit (time, who, what, whom, address, times) VALUES (?, ?, ?, ?, ?, ?)';
    db.run(sql, [clock.now(), ...row, times]);
    if (++added % TRIM_EVERY === 0) trim();
  };
  return {
    add,
    addAll(rows) {
      if (rows.length === 0) return;
      transaction(db, () => {
        for (const { who, address, what, whom, times } of rows) add({ who, address }, what, whom, times);
      });
    },
    list: (limit, before = Number.MAX_SAFE_INTEGER) =>
      db.all(AUDIT, 'SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?', [before, limit]),
    trim,
  };
}
