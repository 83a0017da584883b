import { type Database, nullable, number, text } from '../../core/sqlite.ts';
import { inputs, NO_LIMIT } from './claims.ts';
import type { LedgerReader } from './ledger.ts';
import { ledgerLooks } from './looks.ts';
import { productQueries } from './product-queries.ts';
import {
  FILE,
  FILE_COLUMNS,
  readFile,
  readInboxFile,
  readProduct,
  readRun,
  readTask,
  RUN,
  TASK,
  TASK_COLUMNS,
} from './rows.ts';
import type { InboxFileState, TaskState } from './types.ts';
import { ledgerViews } from './views.ts';

/** Questions to a ledger; they change nothing, and may be asked of a ledger that another process writes. */
export function ledgerReader(db: Database): LedgerReader {
  const tasks = (sql: string, values: readonly (string | number)[]) =>
    db.all(TASK, sql, values).map(readTask);
  const files = (sql: string, values: readonly (string | number)[]) =>
    db.all(FILE, sql, values).map(readFile);
  return {
    ...figures(db),
    ...ledgerViews(db),
    ...ledgerLooks(db),
    async task(id) {
      return tasks(`SELECT ${TASK_COLUMNS} FROM task WHERE id = ?`, [id])[0];
    },
    async tasks({ states, step, limit }) {
      const where = [
        ...(states === undefined ? [] : [`state IN (${states.map((state) => `'${state}'`).join(', ')})`]),
        ...(step === undefined ? [] : ['step = ?']),
      ];
      const filter = where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`;
      const values = step === undefined ? [limit] : [step, limit];
      return tasks(`SELECT ${TASK_COLUMNS} FROM task ${filter} ORDER BY id LIMIT ?`, values);
    },
    inputsOf: async (task, limit) => inputs(db, task, limit),
    productsOf: async (task, limit = NO_LIMIT) =>
      db
        .all(FILE, `SELECT ${FILE_COLUMNS} FROM file WHERE task = ? ORDER BY path LIMIT ?`, [task, limit])
        .map(readProduct),
    countProducts: async (task) =>
      db.get({ count: number }, 'SELECT count(*) AS count FROM file WHERE task = ?', [task])?.count ?? 0,
    tasksOn: async (file, limit = NO_LIMIT) =>
      tasks(
        `SELECT ${TASK_COLUMNS} FROM task_input JOIN task ON task.id = task_input.task
         WHERE task_input.file = ? ORDER BY task_input.task DESC LIMIT ?`,
        [file, limit],
      ).toReversed(),
    tasksOfRoot: async (file) =>
      tasks(
        `SELECT ${TASK_COLUMNS} FROM task_root JOIN task ON task.id = task_root.task WHERE task_root.root = ? ORDER BY task.id`,
        [file],
      ),
    runsOf: async (task) =>
      db
        .all(RUN, `SELECT ${Object.keys(RUN).join(', ')} FROM run WHERE task = ? ORDER BY fence`, [task])
        .map(readRun),
    file: async (id) => files(`SELECT ${FILE_COLUMNS} FROM file WHERE id = ?`, [id])[0],
    filesAt: async (path) =>
      files(`SELECT ${FILE_COLUMNS} FROM file WHERE path = ? ORDER BY id DESC LIMIT 1000`, [path]),
    knowsPlace: async (path) =>
      db.get(
        { one: number },
        `SELECT 1 AS one FROM file WHERE kind = 'product' AND path = ?1 UNION ALL SELECT 1 FROM install WHERE path = ?1 LIMIT 1`,
        [path],
      ) !== undefined,
    ...lists(db),
    ...productQueries(db),
  };
}

function lists(db: Database): Pick<LedgerReader, 'inboxFilesIn' | 'lastEnded' | 'lastSuccess'> {
  const inboxFiles = (sql: string, values: readonly (string | number)[]) =>
    db.all(FILE, sql, values).map(readInboxFile);
  return {
    inboxFilesIn: async (states, limit) =>
      inboxFiles(
        `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_state
         WHERE kind = 'inbox' AND state IN (${quoted(states)}) ORDER BY id LIMIT ?`,
        [limit],
      ),
    lastEnded: async (states, limit) =>
      inboxFiles(
        `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_ended
         WHERE kind = 'inbox' AND ended IS NOT NULL AND state IN (${quoted(states)})
         ORDER BY ended DESC, id DESC LIMIT ?`,
        [limit],
      ),
    lastSuccess: async () =>
      db.get({ at: nullable(number) }, `SELECT max(ended) AS at FROM task WHERE state IN ('done', 'warned')`)
        ?.at ?? undefined,
  };
}

function figures(db: Database): Pick<LedgerReader, 'tally' | 'backlog' | 'inboxTally'> {
  return {
    async tally() {
      const rows = db.all(
        { step: text, state: text, count: number },
        'SELECT step, state, count FROM tally WHERE count > 0',
      );
      return rows.map(({ state, ...rest }) => ({ ...rest, state: state as TaskState }));
    },
    async backlog() {
      const count = db.get(
        { count: nullable(number) },
        `SELECT sum(count) AS count FROM file_tally WHERE state = 'ready'`,
      )?.count;
      // Files are numbered as they came: the first of this part of the index is about the oldest.
      const oldest = db.get(
        { at: nullable(number) },
        `SELECT coalesce(settled_at, first_seen) AS at FROM file INDEXED BY file_state
         WHERE kind = 'inbox' AND state = 'ready' ORDER BY id LIMIT 1`,
      )?.at;
      return { count: count ?? 0, oldest: oldest ?? undefined };
    },
    async inboxTally() {
      const rows = db.all(
        { inbox: text, state: text, count: number },
        'SELECT inbox, state, count FROM file_tally WHERE count > 0',
      );
      return rows.map(({ state, ...rest }) => ({ ...rest, state: state as InboxFileState }));
    },
  };
}

function quoted(states: readonly string[]): string {
  return states.map((state) => `'${state}'`).join(', ');
}
