import { basename } from 'node:path';
import { type Database, number } from '../../../core/sqlite.ts';
import type { NewRow } from './history-tables.ts';

/** What another system's history says of one file. */
export interface ForeignRow {
  /** The source, relative to the folder that the job publishes. */
  readonly path: string;
  readonly level?: string;
  readonly version?: number;
  /** Its public name before it got a supplement's number, below the target: what others of the same name are compared with. */
  readonly baseName: string;
  /** Where it lies below the target; as `baseName` where it is left out. */
  readonly publicName?: string;
  /** Of the source. Where it is not known, size and time say whether the file is still as it was published. */
  readonly sha256?: string;
  /** Of what lies at the target; as `sha256` where it is left out. */
  readonly sent?: string;
  readonly bytes?: number;
  /** Decimal nanoseconds. With neither this nor a checksum, what lies there at the first run counts as what was published. */
  readonly mtimeNs?: string;
  /** Wall milliseconds. */
  readonly publishedAt: number;
  readonly result: 'published' | 'ignored' | 'supplement' | 'blacklisted' | 'error';
  /** The number of a supplement, from 1. */
  readonly supplement?: number;
  readonly why?: string;
}

export interface TakenOver {
  readonly taken: number;
  /** Files that were known here already, or came twice. */
  readonly known: number;
}

/** Brings rows into the history. In a transaction of its caller. */
export function takeOver(db: Database, rows: Iterable<ForeignRow>, add: (row: NewRow) => number): TakenOver {
  let taken = 0;
  let known = 0;
  for (const row of rows) {
    const there = db.get({ id: number }, 'SELECT id FROM item WHERE path = ? LIMIT 1', [row.path]);
    if (there === undefined) {
      add(rowOf(row));
      taken += 1;
    } else known += 1;
  }
  return { taken, known };
}

function rowOf(row: ForeignRow): NewRow {
  const { path, sha256 = null, baseName, publishedAt, result } = row;
  const isThere = result === 'published' || result === 'supplement';
  return {
    path,
    level: row.level ?? null,
    version: row.version ?? null,
    sha256,
    bytes: row.bytes ?? null,
    mtimeNs: row.mtimeNs ?? null,
    publicName: isThere ? (row.publicName ?? baseName) : null,
    baseName,
    supplement: row.supplement ?? 0,
    sent: isThere ? (row.sent ?? sha256) : null,
    temp: null,
    replaces: null,
    state: result,
    why: row.why ?? `taken over: ${result} by the system before, as ${basename(row.publicName ?? baseName)}`,
    attempts: 0,
    run: 'taken-over',
    firstAt: publishedAt,
    at: publishedAt,
    changedTo: null,
    changedAt: null,
    changedLook: null,
  };
}
