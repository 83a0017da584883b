import { type Database, number } from '../../core/sqlite.ts';
import { BAD, OVER, type TaskDraft, type TaskState } from './types.ts';

/** Makes tasks, and keeps count of what is open of each file of an inbox. All of it within the caller's transaction. */

const ID = { id: number };

/** The files of inboxes that a file goes back to: itself, or those of the task that made it. */
function rootsOf(db: Database, file: number): readonly number[] {
  const made = db.get({ task: number }, `SELECT task FROM file WHERE id = ? AND kind = 'product'`, [file]);
  return made === undefined ? [file] : rootsOfTask(db, made.task);
}

export function rootsOfTask(db: Database, task: number): readonly number[] {
  return db
    .all({ root: number }, 'SELECT root FROM task_root WHERE task = ?', [task])
    .map(({ root }) => root);
}

/** How a task begins that is not simply what has to be done next. */
export interface Beginning {
  /** Nothing joins it. */
  readonly closed?: boolean;
  readonly order?: number;
  readonly state?: TaskState;
  readonly error?: string;
}

/** Lets files be the inputs of a task: one that waits and has room, or new ones. Answers with the tasks. */
export function giveFiles(
  db: Database,
  draft: TaskDraft,
  files: readonly number[],
  now: number,
  beginning: Beginning = {},
): readonly number[] {
  const touched = new Set<number>();
  let task = beginning.closed === true ? undefined : openTask(db, draft);
  let room = task?.room ?? 0;
  for (const file of files) {
    const roots = rootsOf(db, file);
    const order = draft.order ?? beginning.order ?? Math.min(file, ...roots);
    if (task === undefined || room === 0) {
      task = { id: insertTask(db, draft, order, now, beginning), room: draft.most };
      room = draft.most;
    }
    const added = db.run('INSERT OR IGNORE INTO task_input (task, file) VALUES (?, ?)', [task.id, file]);
    if (added === 0) continue;
    room--;
    touched.add(task.id);
    const isOver = OVER.includes(beginning.state ?? 'ready');
    for (const root of roots) addRoot(db, task.id, root, !isOver);
    grow(db, task.id, order, room === 0);
  }
  return [...touched];
}

function openTask(
  db: Database,
  draft: TaskDraft,
): { readonly id: number; readonly room: number } | undefined {
  if (draft.most === 1) return undefined;
  const sql =
    'SELECT id, most - inputs AS room FROM task WHERE step = ? AND key = ? AND open = 1 AND version = ? LIMIT 1';
  return db.get({ id: number, room: number }, sql, [draft.step, draft.key, draft.version]);
}

/** The task of one file that just came into an inbox, which nothing joins. What is open of the file is counted by the caller. */
export function beginTask(db: Database, draft: TaskDraft, file: number, now: number): void {
  const task = insertTask(db, draft, draft.order ?? file, now, {}, 1);
  db.run('INSERT INTO task_input (task, file) VALUES (?, ?)', [task, file]);
  db.run('INSERT INTO task_root (task, root) VALUES (?, ?)', [task, file]);
}

function insertTask(
  db: Database,
  draft: TaskDraft,
  order: number,
  now: number,
  { closed = false, state, error }: Beginning,
  inputs = 0,
): number {
  const joinable = !closed && draft.most > 1;
  const waits = joinable && draft.waitMs > 0;
  const row = db.get(
    ID,
    `INSERT INTO task (step, key, state, due, lock, priority, level, ord, open, most, inputs, vars, version, step_hash, created, ended, error)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    [
      draft.step,
      draft.key,
      state ?? (waits ? 'gathering' : 'ready'),
      waits ? now + draft.waitMs : null,
      draft.lock,
      draft.priority,
      draft.level,
      order,
      joinable ? 1 : 0,
      draft.most,
      inputs,
      JSON.stringify(draft.vars),
      draft.version,
      draft.stepHash,
      now,
      state === undefined ? null : now,
      error ?? null,
    ],
  );
  return row?.id ?? 0;
}

/** One more input; a task that is full waits for no more. */
function grow(db: Database, task: number, order: number, isFull: boolean): void {
  db.run('UPDATE task SET inputs = inputs + 1, ord = min(ord, ?) WHERE id = ?', [order, task]);
  if (!isFull) return;
  db.run('UPDATE task SET open = 0 WHERE id = ?', [task]);
  db.run(`UPDATE task SET state = 'ready', due = NULL WHERE id = ? AND state = 'gathering'`, [task]);
}

/** One more task of a root has failed: it is failed since then, which `settleRoot` writes down. */
const FAILS = 'bad = bad + 1, failed_at = NULL';

function addRoot(db: Database, task: number, root: number, isOpen: boolean): void {
  const added = db.run('INSERT OR IGNORE INTO task_root (task, root) VALUES (?, ?)', [task, root]);
  if (added === 0) return;
  const count = isOpen ? 'open = open + 1' : FAILS;
  db.run(`UPDATE file SET ${count}, state = 'ready', ended = NULL, why = NULL WHERE id = ?`, [root]);
}

/** Files that are no inputs of a task after all; what came in that it goes back to by them alone is none of its either. */
export function takeAway(db: Database, task: number, files: readonly number[]): void {
  for (const file of files) db.run('DELETE FROM task_input WHERE task = ? AND file = ?', [task, file]);
  const left = db.all({ file: number }, 'SELECT file FROM task_input WHERE task = ?', [task]);
  const kept = new Set(left.flatMap(({ file }) => rootsOf(db, file)));
  for (const root of rootsOfTask(db, task)) {
    if (kept.has(root)) continue;
    db.run('DELETE FROM task_root WHERE task = ? AND root = ?', [task, root]);
    db.run('UPDATE file SET open = open - 1 WHERE id = ?', [root]);
  }
}

/** A task came to its end: so may have the files of inboxes that it goes back to. To be called after what follows it was made. */
export function close(db: Database, task: number, state: TaskState, now: number): void {
  const sql = `UPDATE file SET open = open - 1${BAD.includes(state) ? `, ${FAILS}` : ''} WHERE id = ?`;
  for (const root of rootsOfTask(db, task)) {
    db.run(sql, [root]);
    settleRoot(db, root, now);
  }
}

/** A task that was at its end has to be done again. */
export function reopen(db: Database, task: number, wasBad: boolean): void {
  const sql = `UPDATE file SET open = open + 1, bad = bad - ?, state = 'ready', ended = NULL, why = NULL WHERE id = ?`;
  for (const root of rootsOfTask(db, task)) db.run(sql, [wasBad ? 1 : 0, root]);
}

/** What a file of an inbox has come to, once nothing is open. */
export function settleRoot(db: Database, root: number, now: number): void {
  const row = db.get({ open: number, bad: number }, 'SELECT open, bad FROM file WHERE id = ?', [root]);
  if (row === undefined || row.open > 0) return;
  const state = row.bad === 0 ? 'done' : badState(db, root);
  const why = row.bad === 0 ? null : firstError(db, root);
  const failed = row.bad === 0 ? 'NULL' : 'coalesce(failed_at, ?2)';
  const sql = `UPDATE file SET state = ?1, ended = ?2, why = ?3, failed_at = ${failed} WHERE id = ?4`;
  db.run(sql, [state, now, why, root]);
}

function badState(db: Database, root: number): 'failed' | 'partial' | 'parked' {
  const has = (states: string): boolean =>
    db.get(
      ID,
      `SELECT task.id FROM task_root JOIN task ON task.id = task_root.task
       WHERE task_root.root = ? AND task.state IN (${states}) LIMIT 1`,
      [root],
    ) !== undefined;
  if (has(`'parked'`)) return 'parked';
  return has(`'done', 'warned'`) ? 'partial' : 'failed';
}

function firstError(db: Database, root: number): string | null {
  const row = db.all(
    { step: (value) => String(value), error: (value) => (value === null ? '' : String(value)) },
    `SELECT task.step, task.error FROM task_root JOIN task ON task.id = task_root.task
     WHERE task_root.root = ? AND task.state IN ('failed', 'parked') ORDER BY task.id LIMIT 1`,
    [root],
  )[0];
  return row === undefined ? null : `${row.step}: ${row.error}`;
}
