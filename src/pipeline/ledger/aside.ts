import { type Database, number, text, transaction } from '../../core/sqlite.ts';
import { ANYWHERE } from '../plan.ts';
import { close, rootsOfTask, settleRoot } from './making.ts';
import { readTask, TASK, TASK_COLUMNS } from './rows.ts';
import type { Task } from './types.ts';

/**
 * A run over files that were worked on before shares the ledger with the service, and must not do what waits for that: its tasks are
 * set aside for as long as it takes. Whatever is not done by then was the run's alone, and is given up.
 */
export interface AsideLedger {
  /**
   * Nothing that waits can be claimed until `restore`. Answers with the number of the last task that there is.
   * @param isPart the run leaves out some of what the service would do of a file.
   */
  setAside(isPart?: boolean): Promise<number>;
  /**
   * Gives up what the run has not done, and lets what was set aside wait again. A file that only the run has taken, and of which it did
   * not do everything, is the service's to take. Does nothing where nothing was set aside.
   */
  restore(now: number): Promise<void>;
  /**
   * What had failed up to a task, and was done again since with the same inputs by the same step, is failed no more: what came of it
   * now counts. To be called before `restore`.
   */
  replace(last: number, now: number): Promise<number>;
  /** Tasks that were made after one, by number; at most `limit` of them. */
  tasksAfter(task: number, limit: number): Promise<readonly Task[]>;
}

const MARK = 'aside';
const ASIDE = 'aside/';
/** How the error of a task begins that was given up. */
export const GIVEN_UP = 'given up with its run';
/** What waits, of the service or of the run. */
const WAITING = ['gathering', 'ready', 'retry', 'deferred'] as const;
const IN_WAITING = `state IN ('${WAITING.join("', '")}')`;
const GIVE_UP = `UPDATE task SET ended = ?, due = NULL, open = 0, state = 'cancelled',
  error = '${GIVEN_UP}, ' || state || coalesce(': ' || error, '') WHERE id = ?`;

const PART = ' part';
/** What no inbox of the service has settled, and a run has made done. What else is asked of the run's tasks, and a bracket, follow. */
const UNTAKEN = `
  UPDATE file SET state = 'seen', ended = NULL, why = NULL
  WHERE kind = 'inbox' AND state = 'done' AND settled_at IS NULL AND origin <> '${ANYWHERE}' AND id IN (
    SELECT root FROM task_root JOIN task ON task.id = task_root.task WHERE task.id > ?`;
/** What was cut into others is cancelled, too, and done by them. */
const IS_GIVEN_UP = `task.state = 'cancelled' AND task.error LIKE '${GIVEN_UP}%'`;

/** Failed tasks of which every input was one of a later task of their step, that has come to its end. */
const REPLACED = `
  SELECT id FROM task AS old WHERE id <= ? AND state IN ('failed', 'parked') AND NOT EXISTS (
    SELECT 1 FROM task_input AS was JOIN file AS input ON input.id = was.file
    WHERE was.task = old.id AND NOT EXISTS (
      SELECT 1 FROM file AS again JOIN task_input AS now ON now.file = again.id JOIN task AS new ON new.id = now.task
      WHERE again.kind = input.kind AND again.origin = input.origin AND again.path = input.path AND new.id > ?
        AND new.step = old.step AND new.state IN ('done', 'warned', 'skipped', 'ignored', 'failed', 'parked')))`;

/** What a run wrote down when it set aside what waits; undefined where none has, or what it left was given up. */
function markOf(db: Database): { readonly last: number; readonly isPart: boolean } | undefined {
  const value = db.get({ value: text }, 'SELECT value FROM mark WHERE name = ?', [MARK])?.value;
  return value === undefined ? undefined : { last: Number.parseInt(value, 10), isPart: value.endsWith(PART) };
}

/**
 * Has tasks wait that are made for the service, or to be done again by it. After a run was killed, what it left waits in the same
 * ledger until somebody comes who gives that up: these are set aside, so as not to be given up with it. Within the caller's transaction.
 * @param make answers with the tasks.
 */
export function forService(db: Database, make: () => Iterable<number>): void {
  const isLeft = markOf(db) !== undefined;
  // Nothing joins a task of the run.
  if (isLeft) db.run(`UPDATE task SET open = 0 WHERE open = 1 AND ${IN_WAITING}`, []);
  for (const id of make())
    if (isLeft) db.run(`UPDATE task SET state = '${ASIDE}' || state WHERE id = ? AND ${IN_WAITING}`, [id]);
}

export function asideLedger(db: Database): AsideLedger {
  return {
    setAside: async (isPart = false) =>
      transaction(db, () => {
        const last = db.get({ id: number }, 'SELECT coalesce(max(id), 0) AS id FROM task')?.id ?? 0;
        db.run('INSERT OR REPLACE INTO mark (name, value) VALUES (?, ?)', [
          MARK,
          isPart ? `${last}${PART}` : String(last),
        ]);
        // Closed, too: no other input joins them meanwhile.
        db.run(`UPDATE task SET state = '${ASIDE}' || state, open = 0 WHERE ${IN_WAITING}`, []);
        return last;
      }),
    async restore(now) {
      const run = markOf(db);
      if (run === undefined) return;
      transaction(db, () => {
        const left = db.all({ id: number }, `SELECT id FROM task WHERE id > ? AND ${IN_WAITING}`, [run.last]);
        for (const { id } of left) {
          db.run(GIVE_UP, [now, id]);
          close(db, id, 'cancelled', now);
        }
        db.run(`${UNTAKEN} ${run.isPart ? '' : `AND ${IS_GIVEN_UP}`})`, [run.last]);
        for (const state of WAITING)
          db.run('UPDATE task SET state = ? WHERE state = ?', [state, `${ASIDE}${state}`]);
        db.run('DELETE FROM mark WHERE name = ?', [MARK]);
      });
    },
    replace: async (last, now) =>
      transaction(db, () => {
        const old = db.all({ id: number }, REPLACED, [last, last]);
        for (const { id } of old) {
          db.run(`UPDATE task SET state = 'cancelled' WHERE id = ?`, [id]);
          for (const root of rootsOfTask(db, id)) {
            db.run('UPDATE file SET bad = bad - 1 WHERE id = ?', [root]);
            settleRoot(db, root, now);
          }
        }
        return old.length;
      }),
    tasksAfter: async (task, limit) =>
      db
        .all(TASK, `SELECT ${TASK_COLUMNS} FROM task WHERE id > ? ORDER BY id LIMIT ?`, [task, limit])
        .map(readTask),
  };
}
