import { ok, type Result } from '../core/result.ts';
import {
  type Database,
  type DatabaseError,
  nullable,
  number,
  openDatabase,
  type RowOf,
  text,
  transaction,
} from '../core/sqlite.ts';
import type { Cause, JobState, Outcome } from './job-state.ts';

/** What is kept of jobs: how each stands, and what its runs were. */

const MIGRATIONS = [
  `CREATE TABLE job (name TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;
   CREATE TABLE run (
     job TEXT NOT NULL,
     run TEXT NOT NULL,
     request TEXT NOT NULL,
     attempt INTEGER NOT NULL,
     cause TEXT NOT NULL,
     caused_by TEXT NOT NULL,
     due INTEGER NOT NULL,
     started INTEGER NOT NULL,
     ended INTEGER,
     outcome TEXT,
     summary TEXT NOT NULL,
     exit INTEGER,
     counts TEXT NOT NULL,
     coalesced INTEGER NOT NULL,
     dry INTEGER NOT NULL,
     PRIMARY KEY (job, run)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX run_started ON run (job, started);`,
] as const;

const COLUMNS = {
  job: text,
  run: text,
  request: text,
  attempt: number,
  cause: text,
  caused_by: text,
  due: number,
  started: number,
  ended: nullable(number),
  outcome: nullable(text),
  summary: text,
  exit: nullable(number),
  counts: text,
  coalesced: number,
  dry: number,
} as const;
const NAMES = Object.keys(COLUMNS).join(', ');

const KEEP_RUNS = 1000;
const KEEP_MS = 366 * 86_400_000;

/** One try of a job. Times are wall milliseconds. */
export interface RunRow {
  readonly job: string;
  readonly run: string;
  /** The same for all tries of one thing that was asked for. */
  readonly request: string;
  readonly attempt: number;
  readonly cause: Cause;
  /** Which job it followed, or who asked. */
  readonly by: string;
  readonly due: number;
  readonly started: number;
  /** Null while it runs. */
  readonly ended: number | null;
  readonly outcome: Outcome | null;
  readonly summary: string;
  readonly exit: number | null;
  readonly counts: Readonly<Record<string, number>>;
  /** How many other due times it stood for. */
  readonly coalesced: number;
  readonly dryRun: boolean;
}

export interface JobStore {
  /** How each job stands, by name, as it was last kept. */
  load(): ReadonlyMap<string, JobState>;
  /** All of it or nothing; durable when it returns. Throws a DatabaseError. */
  commit(states: ReadonlyMap<string, JobState | null>, runs: readonly RunRow[]): void;
  /** The newest first. */
  runs(job: string, limit: number): readonly RunRow[];
  run(job: string, run: string): RunRow | undefined;
  /** The last run of a job that is over and was no dry run. */
  last(job: string): RunRow | undefined;
  close(): void;
}

/** @param path of the file; its folder exists. */
export function openJobStore(path: string): Result<JobStore, DatabaseError> {
  const opened = openDatabase(path, {
    migrations: MIGRATIONS,
    synchronous: 'full',
    name: 'the history of jobs',
  });
  if (!opened.ok) return opened;
  const db = opened.value;
  return ok({
    load() {
      const rows = db.all({ name: text, state: text }, 'SELECT name, state FROM job');
      return new Map(rows.map(({ name, state }) => [name, JSON.parse(state) as JobState]));
    },
    commit: (states, runs) => transaction(db, () => write(db, states, runs)),
    runs: (job, limit) =>
      db
        .all(COLUMNS, `SELECT ${NAMES} FROM run WHERE job = ? ORDER BY started DESC, run DESC LIMIT ?`, [
          job,
          limit,
        ])
        .map(rowOf),
    run(job, run) {
      const row = db.get(COLUMNS, `SELECT ${NAMES} FROM run WHERE job = ? AND run = ?`, [job, run]);
      return row === undefined ? undefined : rowOf(row);
    },
    last(job) {
      const sql = `SELECT ${NAMES} FROM run WHERE job = ? AND ended IS NOT NULL AND dry = 0 ORDER BY started DESC, run DESC LIMIT 1`;
      const row = db.get(COLUMNS, sql, [job]);
      return row === undefined ? undefined : rowOf(row);
    },
    close: () => db.close(),
  });
}

function write(db: Database, states: ReadonlyMap<string, JobState | null>, runs: readonly RunRow[]): void {
  for (const [name, state] of states) {
    if (state === null) db.run('DELETE FROM job WHERE name = ?', [name]);
    else db.run('INSERT OR REPLACE INTO job (name, state) VALUES (?, ?)', [name, JSON.stringify(state)]);
  }
  for (const row of runs) {
    const { job, run, request, attempt, cause, by, due, started, ended, outcome, summary, exit } = row;
    const { counts, coalesced, dryRun } = row;
    const sql = `INSERT OR REPLACE INTO run (${NAMES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const first = [
      job,
      run,
      request,
      attempt,
      cause,
      by,
      due,
      started,
      ended,
      outcome,
      summary,
      exit,
    ] as const;
    db.run(sql, [...first, JSON.stringify(counts), coalesced, dryRun ? 1 : 0]);
    if (ended !== null) prune(db, job, ended);
  }
}

/** Of each job the newest runs are kept, and none for ever. */
function prune(db: Database, job: string, now: number): void {
  db.run('DELETE FROM run WHERE job = ? AND ended < ?', [job, now - KEEP_MS]);
  const oldest = 'SELECT started FROM run WHERE job = ? ORDER BY started DESC LIMIT 1 OFFSET ?';
  db.run(`DELETE FROM run WHERE job = ? AND ended IS NOT NULL AND started < (${oldest})`, [
    job,
    job,
    KEEP_RUNS,
  ]);
}

function rowOf({ caused_by, counts, dry, cause, outcome, ...row }: RowOf<typeof COLUMNS>): RunRow {
  return {
    ...row,
    by: caused_by,
    cause: cause as Cause,
    outcome: outcome as Outcome | null,
    counts: JSON.parse(counts) as Record<string, number>,
    dryRun: dry === 1,
  };
}
