import { type Database, number, text, transaction } from '../../core/sqlite.ts';
import type { Commits } from './commits.ts';
import { conflictOf } from './conflicts.ts';
import type { DraftOf, Ending, Held, Intent, Produced, Success, TaskLedger } from './ledger.ts';
import { close, giveFiles, rootsOfTask, settleRoot, takeAway } from './making.ts';
import { OVER } from './types.ts';
import { writeInstall } from './write-install.ts';

/** How tasks end. Nothing is written for a task that another runner has by now. */
export function taskResults(
  db: Database,
  commits: Commits,
): Pick<TaskLedger, 'intend' | 'succeed' | 'end' | 'add'> {
  return {
    intend: (held, installs, { exit, overwrite }, now) =>
      commits.add('durable', (): Intent => {
        const { id } = held.task;
        const paths = installs.flatMap(({ path, removes }) => [path, ...removes]);
        const conflict = conflictOf(db, id, paths, overwrite);
        if (conflict !== undefined) return conflict;
        const sql = `UPDATE task SET state = 'installing', exit = ?, started = coalesce(started, ?) WHERE id = ? AND fence = ? AND state = 'running'`;
        if (db.run(sql, [exit, now, id, held.fence]) === 0) return 'lost';
        db.run('DELETE FROM install WHERE task = ?', [id]);
        for (const install of installs) writeInstall(db, id, install);
        return 'intended';
      }),
    succeed: (held, success, now) =>
      commits.add(isFoundAgain(success) ? 'relaxed' : 'durable', () => succeed(db, held, success, now)),
    end: (held, ending, now) => commits.add('durable', () => end(db, held, ending, now)),
    add: async (drafts, now) =>
      transaction(db, () => drafts.flatMap((draft) => make(db, draft, undefined, now))),
  };
}

/** Whether a power cut takes nothing that the intent and the products do not tell: what its command said of inputs that failed goes with its folder. */
function isFoundAgain({ products, drafts = [] }: Success): boolean {
  return products.length > 0 && drafts.length === 0;
}

function succeed(db: Database, held: Held, success: Success, now: number): boolean {
  const { id } = held.task;
  if (!finish(db, held, success, null, now)) return false;
  db.run('DELETE FROM install WHERE task = ?', [id]);
  const about = taskFacts(db, id);
  // What failed alone first: products do not go back to it.
  for (const draft of success.drafts ?? []) make(db, draft, id, now);
  for (const product of success.products) {
    const file = addProduct(db, id, about, product, now);
    for (const draft of product.drafts) giveFiles(db, draft, [file], now, { order: about.ord });
  }
  close(db, id, success.state, now);
  return true;
}

function end(db: Database, held: Held, ending: Ending, now: number): boolean {
  const { id } = held.task;
  const { state, due = null, uncounted = false, crashed = false } = ending;
  if (!finish(db, held, ending, due, now)) return false;
  if (uncounted) db.run('UPDATE task SET attempt = attempt - 1 WHERE id = ?', [id]);
  if (crashed) db.run('UPDATE task SET crashes = crashes + 1 WHERE id = ?', [id]);
  db.run('DELETE FROM install WHERE task = ?', [id]);
  for (const draft of ending.drafts ?? []) make(db, draft, id, now);
  if (OVER.includes(state)) close(db, id, state, now);
  return true;
}

function finish(
  db: Database,
  { task: { id }, fence }: Held,
  { state, exit, error, log, tool }: Pick<Success | Ending, 'state' | 'exit' | 'error' | 'log' | 'tool'>,
  due: number | null,
  now: number,
): boolean {
  const ended = OVER.includes(state) ? now : null;
  const changed = db.run(
    `UPDATE task SET state = ?, exit = ?, error = ?, due = ?, ended = ?, owner = NULL
     WHERE id = ? AND fence = ? AND state IN ('running', 'installing')`,
    [state, exit, error, due, ended, id, fence],
  );
  if (changed === 0) return false;
  db.run(
    'UPDATE run SET ended = ?, outcome = ?, exit = ?, error = ?, log = ?, tool = ? WHERE task = ? AND fence = ?',
    [now, state, exit, error, log, tool ?? null, id, fence],
  );
  return true;
}

const FACTS = { step: text, version: number, ord: number };

function taskFacts(db: Database, id: number) {
  const row = db.get(FACTS, 'SELECT step, version, ord FROM task WHERE id = ?', [id]);
  if (row === undefined) throw new Error(`cannot find task ${id} in the ledger`);
  return row;
}

/** A product takes the place of what had its name before; the same content again stays one file, made by the later task. */
function addProduct(
  db: Database,
  task: number,
  { step, version }: ReturnType<typeof taskFacts>,
  { path, ino, size, mtimeNs, sha256, complete, final, removes }: Produced,
  now: number,
): number {
  for (const place of [path, ...removes])
    db.run(
      `UPDATE file SET state = 'superseded', ended = ? WHERE kind = 'product' AND path = ? AND state = 'current'`,
      [now, place],
    );
  const known = db.get(
    { rev: number },
    `SELECT rev FROM file WHERE kind = 'product' AND origin = ? AND path = ? ORDER BY rev DESC LIMIT 1`,
    [step, path],
  );
  const row = db.get(
    { id: number },
    `INSERT INTO file (kind, origin, path, rev, state, ino, size, mtime_ns, sha256, first_seen, settled_at, task, version, complete, final)
     VALUES ('product', ?, ?, ?, 'current', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    [
      step,
      path,
      known === undefined ? 0 : known.rev + 1,
      ino,
      size,
      mtimeNs,
      sha256,
      now,
      now,
      task,
      version,
      complete ? 1 : 0,
      final,
    ],
  );
  return row?.id ?? 0;
}

/** @param ended the task that these follow: what is cut from it keeps its place in the order. */
function make(
  db: Database,
  { draft, files, cutFrom, failed }: DraftOf,
  ended: number | undefined,
  now: number,
): readonly number[] {
  const order = ended === undefined ? undefined : taskFacts(db, ended).ord;
  const made = giveFiles(db, draft, files, now, {
    ...(cutFrom === undefined ? {} : { closed: true }),
    ...(order === undefined ? {} : { order }),
    ...(failed === undefined ? {} : { closed: true, state: 'failed', error: failed }),
  });
  if (failed !== undefined && ended !== undefined) takeAway(db, ended, files);
  if (failed !== undefined)
    for (const task of made) for (const root of rootsOfTask(db, task)) settleRoot(db, root, now);
  return made;
}
