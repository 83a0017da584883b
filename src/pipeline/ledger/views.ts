import { type Database, number, text } from '../../core/sqlite.ts';
import { untaskedFiles } from './again.ts';
import { type Failing, failingNow, type FailingQuery } from './failing.ts';
import { FILE, FILE_COLUMNS, readInboxFile } from './rows.ts';
import type { InboxFile } from './types.ts';

/** What status, logs and commands ask beside the engine's own questions. */
export interface LedgerViews {
  /** Small things that are remembered: why nothing is begun, when a periodic step last ran. */
  mark(name: string): Promise<string | undefined>;
  /** The files of inboxes that a task goes back to, the oldest first. */
  rootsOf(task: number): Promise<readonly number[]>;
  /** The last files of inboxes that were worked on to their end, the newest first: not those that were only written down as done. */
  lastWorked(states: readonly WorkedState[], limit: number): Promise<readonly InboxFile[]>;
  /** Files of inboxes that were worked on to their end at a moment or after it, the oldest first; after one of the same moment. */
  endedSince(ended: number, id: number, limit: number): Promise<readonly InboxFile[]>;
  /** Files that failed before there was a task for them: of some numbers, or all of them, the oldest first; only the newest content of a name. */
  untasked(ids: readonly number[] | undefined, limit: number): Promise<readonly InboxFile[]>;
  /** What is failed now, for those who are told of it. */
  failing(query: FailingQuery): Promise<Failing>;
  /** Files of an inbox, the newest revision of each name, by path; after a path, at most `limit` of them. */
  filesOf(inbox: string, after: string, limit: number): Promise<readonly InboxFile[]>;
}

export type WorkedState = 'done' | 'partial' | 'failed' | 'parked';

/** Only what was written down as done without a run has a reason to be it. */
const WORKED = `kind = 'inbox' AND ended IS NOT NULL AND NOT (state = 'done' AND why IS NOT NULL)`;

export function ledgerViews(db: Database): LedgerViews {
  const files = (sql: string, values: readonly (string | number)[]) =>
    db.all(FILE, sql, values).map(readInboxFile);
  return {
    mark: async (name) => db.get({ value: text }, 'SELECT value FROM mark WHERE name = ?', [name])?.value,
    rootsOf: async (task) =>
      db
        .all({ root: number }, 'SELECT root FROM task_root WHERE task = ? ORDER BY root', [task])
        .map(({ root }) => root),
    lastWorked: async (states, limit) =>
      files(
        `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_ended WHERE ${WORKED} AND state IN (${states.map((state) => `'${state}'`).join(', ')})
         ORDER BY ended DESC, id DESC LIMIT ?`,
        [limit],
      ),
    endedSince: async (ended, id, limit) =>
      files(
        `SELECT ${FILE_COLUMNS} FROM file INDEXED BY file_ended WHERE ${WORKED} AND state IN ('done', 'partial', 'failed', 'parked')
         AND ended >= ? AND (ended > ? OR id > ?) ORDER BY ended, id LIMIT ?`,
        [ended, ended, id, limit],
      ),
    untasked: async (ids, limit) => untaskedFiles(db, ids, limit),
    failing: async (query) => failingNow(db, query),
    filesOf: async (inbox, after, limit) =>
      files(
        `SELECT ${FILE_COLUMNS}, max(rev) FROM file WHERE kind = 'inbox' AND origin = ? AND path > ?
         GROUP BY path ORDER BY path LIMIT ?`,
        [inbox, after, limit],
      ),
  };
}
