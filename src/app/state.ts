import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Result, ok } from '../core/result.ts';
import {
  type Database,
  type DatabaseError,
  number,
  openDatabase,
  text,
  transaction,
} from '../core/sqlite.ts';
import { placesOf } from './layout.ts';
import { BEAT_TABLE, type BeatStore, createBeatStore } from './beat-store.ts';
import { createSilenceStore, type SilenceStore } from './silence-store.ts';

const MIGRATIONS = [
  `CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
   CREATE TABLE service (name TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;`,
  `CREATE TABLE boot (name TEXT PRIMARY KEY, starts INTEGER NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL) STRICT;`,
  `CREATE TABLE watch (name TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;`,
  BEAT_TABLE,
] as const;

/** Where what lies in a state folder. */
export interface StatePaths {
  readonly folder: string;
  readonly control: string;
  /** Permission bits of the control socket. */
  readonly controlMode: 0o600 | 0o660;
  readonly records: string;
  readonly outbox: string;
  /** What watches saw. */
  readonly looks: string;
  /** The folder of the hub of this machine. */
  readonly hub: string;
  readonly plan: string;
  readonly logs: string;
  /** Sockets of built-in services. */
  readonly run: string;
  /** Private folders of lives. */
  readonly tmp: string;
}

export function statePaths(folder: string): StatePaths {
  return {
    folder,
    ...placesOf(folder),
    records: join(folder, 'records.db'),
    outbox: join(folder, 'outbox.db'),
    looks: join(folder, 'looks.db'),
    hub: join(folder, 'hub'),
    plan: join(folder, 'plan.json'),
    tmp: join(folder, 'tmp'),
  };
}

/** The socket on which a built-in service gives its figures. */
export function serviceSocket(paths: StatePaths, name: string): string {
  return join(paths.run, `${name}.sock`);
}

/** What a person said by `vahti enable` or `vahti disable`. */
export interface BootWord {
  readonly starts: boolean;
  /** Empty where no reason was given. */
  readonly why: string;
  /** Milliseconds. */
  readonly at: number;
}

/** What the daemon must still know after it was killed: who is meant to run, and how restarts are paced. */
export interface StateStore {
  /** Tells this state folder's processes from all others on the machine. */
  readonly stateId: string;
  /** The first half of every record's id. */
  readonly agent: string;
  /** The services that something is kept of. */
  names(): readonly string[];
  /** What was last saved for a service, or undefined. */
  load(name: string): unknown;
  /**
   * Outlives the daemon when it returns. The last saves may not outlive the machine: what they say of pids and of stops on
   * purpose ends with the boot (promise 6), and a restart waits for them.
   */
  save(name: string, state: object): void;
  /** Whether a person said that a service is to start with the daemon, or not; undefined where none did. */
  bootWord(name: string): BootWord | undefined;
  /** Durable when it returns. */
  saveBootWord(name: string, word: BootWord): void;
  /** What was last saved for the watches of a service, or undefined. */
  loadWatches(name: string): unknown;
  /** Durable when it returns. */
  saveWatches(name: string, state: object): void;
  /** Something that was kept under a name by `saveMark`, or undefined. */
  loadMark(name: string): unknown;
  saveMark(name: string, value: object): void;
  /** Beats: deadlines and tokens. */
  readonly beats: BeatStore;
  /** What people said is to be quiet. */
  readonly silences: SilenceStore;
  /** Forgets services that are not in the config any more. */
  keepOnly(names: readonly string[]): void;
  close(): void;
}

export function openState(folder: string): Result<StateStore, DatabaseError> {
  const path = join(folder, 'state.db');
  const opened = openDatabase(path, { migrations: MIGRATIONS, synchronous: 'normal', name: 'the state' });
  if (!opened.ok) return opened;
  const db = opened.value;
  return ok({
    stateId: identity(db, 'state-id'),
    agent: identity(db, 'agent'),
    names: () => db.all({ name: text }, 'SELECT name FROM service ORDER BY name').map((row) => row.name),
    load(name) {
      const row = db.get({ state: text }, 'SELECT state FROM service WHERE name = ?', [name]);
      return row === undefined ? undefined : (JSON.parse(row.state) as unknown);
    },
    save(name, state) {
      const sql =
        'INSERT INTO service (name, state) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET state = excluded.state';
      db.run(sql, [name, JSON.stringify(state)]);
    },
    bootWord(name) {
      const shape = { starts: number, why: text, at: number };
      const row = db.get(shape, 'SELECT starts, why, at FROM boot WHERE name = ?', [name]);
      return row === undefined ? undefined : { ...row, starts: row.starts === 1 };
    },
    saveBootWord(name, { starts, why, at }) {
      const sql = 'INSERT OR REPLACE INTO boot (name, starts, why, at) VALUES (?, ?, ?, ?)';
      durably(db, () => db.run(sql, [name, starts ? 1 : 0, why, at]));
    },
    loadWatches(name) {
      const row = db.get({ state: text }, 'SELECT state FROM watch WHERE name = ?', [name]);
      return row === undefined ? undefined : (JSON.parse(row.state) as unknown);
    },
    saveWatches(name, state) {
      db.run('INSERT OR REPLACE INTO watch (name, state) VALUES (?, ?)', [name, JSON.stringify(state)]);
    },
    loadMark(name) {
      const row = db.get({ value: text }, 'SELECT value FROM meta WHERE key = ?', [`mark/${name}`]);
      return row === undefined ? undefined : (JSON.parse(row.value) as unknown);
    },
    saveMark(name, value) {
      const row = [`mark/${name}`, JSON.stringify(value)];
      db.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', row);
    },
    beats: createBeatStore(db),
    silences: createSilenceStore(db, (work) => durably(db, work)),
    keepOnly(names) {
      for (const table of ['service', 'boot', 'watch'])
        db.run(`DELETE FROM ${table} WHERE name NOT IN (SELECT value FROM json_each(?))`, [
          JSON.stringify(names),
        ]);
    },
    close: () => db.close(),
  });
}

/** What must outlive even the machine is synced to the disk. */
function durably(db: Database, work: () => void): void {
  db.exec('PRAGMA synchronous = full');
  try {
    work();
  } finally {
    db.exec('PRAGMA synchronous = normal');
  }
}

/** A random name, made once and kept. */
function identity(db: Database, key: string): string {
  return transaction(db, () => {
    db.run('INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)', [key, randomBytes(8).toString('hex')]);
    return db.get({ value: text }, 'SELECT value FROM meta WHERE key = ?', [key])?.value ?? '';
  });
}
