import { type Database, nullable, number, text } from '../../core/sqlite.ts';
import { FILE, FILE_COLUMNS, readFile, readTask, TASK, TASK_COLUMNS } from './rows.ts';
import type { LedgerFile, Task, TaskState } from './types.ts';

/** How many tasks of a step came to their end with a product in a stretch of time: the stretch that begins at `stretch` times its length. */
export interface DoneCount {
  readonly step: string;
  readonly stretch: number;
  readonly count: number;
}

/** Why something has failed. */
export interface Failure {
  /** The step, or the inbox of a file that failed before its first step. */
  readonly of: string;
  readonly error: string | null;
  readonly ended: number;
}

/** What is shown of a ledger to people who look at a page: small parts of it, whatever it has. Numbers are given as things come: the highest is the newest. */
export interface LedgerLooks {
  /** Of all that ended at a moment or after it; wall milliseconds. */
  doneSince(since: number, stretchMs: number): Promise<readonly DoneCount[]>;
  /** Failed and parked tasks, the newest of each step, at most `limit` of them. */
  badTasks(limit: number): Promise<readonly Failure[]>;
  /** Failed and parked tasks of a step, numbered below `below`, the newest first. */
  badTasksOf(step: string, below: number, limit: number): Promise<readonly Pick<Task, 'id' | 'error'>[]>;
  /** Files of inboxes that failed before there was a task for them, the newest first. */
  badFiles(limit: number): Promise<readonly Failure[]>;
  /** The highest numbers that there are. */
  highest(): Promise<{ readonly task: number; readonly file: number }>;
  /** Tasks of a step in some states, numbered from `from` to below `below`, the newest first. */
  tasksWithin(asked: TaskRange): Promise<readonly Task[]>;
  /** Files numbered from `from` to below `below`, the newest first. */
  filesWithin(asked: FileRange): Promise<readonly LedgerFile[]>;
}

export interface Range {
  readonly from: number;
  readonly below: number;
  readonly limit: number;
}

export interface TaskRange extends Range {
  readonly step: string;
  readonly states: readonly TaskState[];
}

export interface FileRange extends Range {
  readonly kind?: LedgerFile['kind'];
  readonly origin?: string;
  readonly states: readonly string[];
  /** A part of the path, or a pattern with `*` and `?`; in any case of letters. Empty: all. */
  readonly words: string;
}

export function ledgerLooks(db: Database): LedgerLooks {
  return {
    doneSince: async (since, stretchMs) =>
      db.all(
        { step: text, stretch: number, count: number },
        `SELECT step, ended / ${Math.round(stretchMs)} AS stretch, count(*) AS count FROM task INDEXED BY task_success
         WHERE state IN ('done', 'warned') AND ended >= ? GROUP BY 1, 2`,
        [Math.floor(since)],
      ),
    badTasks: async (limit) =>
      db.all(
        FAILURE,
        `SELECT step AS of, error, coalesce(ended, created) AS ended FROM task INDEXED BY task_bad
         WHERE state IN ('failed', 'parked') ORDER BY id DESC LIMIT ?`,
        [limit],
      ),
    badTasksOf: async (step, below, limit) =>
      db.all(
        { id: number, error: nullable(text) },
        `SELECT id, error FROM task INDEXED BY task_bad
         WHERE state IN ('failed', 'parked') AND step = ? AND id < ? ORDER BY id DESC LIMIT ?`,
        [step, below, limit],
      ),
    badFiles: async (limit) =>
      db.all(
        FAILURE,
        `SELECT origin AS of, why AS error, coalesce(ended, settled_at, first_seen) AS ended FROM file INDEXED BY file_state
         WHERE kind = 'inbox' AND state = 'failed' AND bad = 0 ORDER BY id DESC LIMIT ?`,
        [limit],
      ),
    highest: async () => ({ task: highest(db, 'task'), file: highest(db, 'file') }),
    tasksWithin: async ({ step, states, from, below, limit }) =>
      db
        .all(
          TASK,
          `SELECT ${TASK_COLUMNS} FROM task NOT INDEXED WHERE id >= ? AND id < ? AND step = ?
           AND state IN (${quoted(states)}) ORDER BY id DESC LIMIT ?`,
          [from, below, step, limit],
        )
        .map(readTask),
    filesWithin: async (asked) => {
      const { sql, values } = fileFilter(asked);
      return db
        .all(
          FILE,
          `SELECT ${FILE_COLUMNS} FROM file NOT INDEXED WHERE id >= ? AND id < ?${sql} ORDER BY id DESC LIMIT ?`,
          [asked.from, asked.below, ...values, asked.limit],
        )
        .map(readFile);
    },
  };
}

const FAILURE = { of: text, error: nullable(text), ended: number };

function fileFilter({ kind, origin, states, words }: FileRange): {
  readonly sql: string;
  readonly values: readonly string[];
} {
  const parts: [string, string?][] = [];
  if (kind !== undefined) parts.push(['kind = ?', kind]);
  if (origin !== undefined) parts.push(['origin = ?', origin]);
  if (states.length > 0) parts.push([`state IN (${quoted(states)})`]);
  const wanted = words.trim().toLowerCase();
  if (/[*?]/.test(wanted))
    parts.push(['lower(path) GLOB ?', `*${wanted.replaceAll('[', '[[]').replace(/^\*+|\*+$/g, '')}*`]);
  else if (wanted !== '') parts.push(['instr(lower(path), ?) > 0', wanted]);
  return {
    sql: parts.map(([clause]) => ` AND ${clause}`).join(''),
    values: parts.flatMap(([, value]) => (value === undefined ? [] : [value])),
  };
}

function highest(db: Database, table: 'task' | 'file'): number {
  return db.get({ id: nullable(number) }, `SELECT max(id) AS id FROM ${table}`)?.id ?? 0;
}

/** @param states words of ours. @throws where they are anything else. */
function quoted(states: readonly string[]): string {
  for (const state of states)
    if (!/^[a-z]+$/.test(state)) throw new Error(`cannot ask for the state ${state}`);
  return states.map((state) => `'${state}'`).join(', ');
}
