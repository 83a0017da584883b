import { type Database, nullable, number, text, transaction } from '../../core/sqlite.ts';
import { forService } from './aside.ts';
import type { Commits } from './commits.ts';
import type { Interrupted, TaskLedger } from './ledger.ts';
import { reopen } from './making.ts';
import { FILE, FILE_COLUMNS, INSTALL, readFile, readInstall, readTask, TASK, TASK_COLUMNS } from './rows.ts';
import { relaxed } from './relaxed.ts';
import type { Claim, Owner } from './types.ts';

/** What can run, and what nobody runs any more. */
export function taskClaims(
  db: Database,
  commits: Commits,
): Pick<
  TaskLedger,
  'claim' | 'interrupted' | 'promote' | 'wakeDeferred' | 'retry' | 'adopt' | 'mark' | 'setMark'
> {
  return {
    claim: (owner, free, room, now) => commits.add('relaxed', () => claimSome(db, owner, free, room, now)),
    interrupted: async () => interrupted(db),
    async promote(now) {
      const due = `state IN ('gathering', 'retry', 'deferred')`;
      const first = (): number | undefined =>
        db.get({ due: number }, `SELECT due FROM task WHERE ${due} ORDER BY due LIMIT 1`)?.due;
      // Asked before each claim: mostly there is nothing to be written.
      const before = first();
      if (before === undefined || before > now) return { promoted: 0, next: before };
      const promoted = relaxed(db, () =>
        db.run(`UPDATE task SET state = 'ready', due = NULL WHERE ${due} AND due <= ?`, [now]),
      );
      const next = first();
      return { promoted, next };
    },
    wakeDeferred: async () =>
      transaction(db, () => db.run(`UPDATE task SET state = 'ready', due = NULL WHERE state = 'deferred'`)),
    retry: async (filter, now) => transaction(db, () => retry(db, filter, now)),
    async adopt(steps) {
      transaction(db, () => {
        const sql = `UPDATE task SET priority = ?, level = ?, version = ?, step_hash = ?
          WHERE step = ? AND state IN ('gathering', 'ready', 'retry', 'deferred')
          AND (priority <> ? OR level <> ? OR version <> ? OR step_hash <> ?)`;
        for (const { name, priority, level, version, hash } of steps)
          db.run(sql, [priority, level, version, hash, name, priority, level, version, hash]);
      });
    },
    mark: async (name) => db.get({ value: text }, 'SELECT value FROM mark WHERE name = ?', [name])?.value,
    async setMark(name, value) {
      transaction(db, () => {
        if (value === undefined) db.run('DELETE FROM mark WHERE name = ?', [name]);
        else db.run('INSERT OR REPLACE INTO mark (name, value) VALUES (?, ?)', [name, value]);
      });
    },
  };
}

const NEXT = `
  SELECT id, priority, ord, level FROM task
  WHERE step = ? AND state = 'ready' AND (lock IS NULL OR NOT EXISTS (
    SELECT 1 FROM task AS held WHERE held.lock = task.lock AND held.state IN ('running', 'installing')))
  ORDER BY priority DESC, ord, id LIMIT 1`;
const CANDIDATE = { id: number, priority: number, ord: number, level: number };

function claimSome(
  db: Database,
  owner: Owner,
  free: ReadonlyMap<string, number>,
  room: number,
  now: number,
): readonly Claim[] {
  const suspect = suspectFor(db, free);
  if (suspect === 'running') return [];
  if (suspect !== undefined) return [take(db, suspect, owner, now)];
  const left = new Map(free);
  const claims: Claim[] = [];
  while (claims.length < room) {
    const found = [...left].flatMap(([step, count]) => {
      const row = count === 0 ? undefined : db.get(CANDIDATE, NEXT, [step]);
      if (row === undefined) left.delete(step);
      return row === undefined ? [] : [{ ...row, step }];
    });
    // What came first goes all its way before the next begins: at the same order the deeper level is first.
    const best = found.toSorted(
      (a, b) => b.priority - a.priority || a.ord - b.ord || b.level - a.level || a.id - b.id,
    )[0];
    if (best === undefined) return claims;
    claims.push(take(db, best.id, owner, now));
    left.set(best.step, (left.get(best.step) ?? 1) - 1);
  }
  return claims;
}

/**
 * A task that was there when runners died more than once runs alone, so that only it is there when one dies again: `running` while it
 * does, and while what ran before it ends.
 */
function suspectFor(db: Database, free: ReadonlyMap<string, number>): number | 'running' | undefined {
  const sql = `SELECT id, step, state FROM task WHERE crashes > 1 AND state IN ('ready', 'running', 'installing') ORDER BY id`;
  const suspects = db.all({ id: number, step: text, state: text }, sql);
  if (suspects.length === 0) return undefined;
  const isBusy = db.get(
    { id: number },
    `SELECT id FROM task WHERE state IN ('running', 'installing') LIMIT 1`,
  );
  if (suspects.some(({ state }) => state !== 'ready')) return 'running';
  const next = suspects.find(({ step }) => free.has(step));
  if (next === undefined) return undefined;
  return isBusy === undefined ? next.id : 'running';
}

function take(db: Database, id: number, owner: Owner, now: number): Claim {
  const row = db.get(
    TASK,
    `UPDATE task SET state = 'running', fence = fence + 1, attempt = attempt + 1, owner = ?, open = 0, due = NULL, started = ?,
       ended = NULL, exit = NULL, error = NULL
     WHERE id = ? AND state = 'ready' RETURNING ${TASK_COLUMNS}`,
    [JSON.stringify(owner), now, id],
  );
  if (row === undefined) throw new Error(`cannot claim task ${id}: it is not ready`);
  db.run(
    `INSERT INTO run (task, fence, attempt, started, version, step_hash)
     SELECT id, fence, attempt, ?, version, step_hash FROM task WHERE id = ?`,
    [now, id],
  );
  const task = readTask(row);
  return { task, fence: task.fence, files: inputs(db, id) };
}

/** What SQLite takes for no limit. */
export const NO_LIMIT = -1;

export function inputs(db: Database, task: number, limit = NO_LIMIT): Claim['files'] {
  const sql = `SELECT ${FILE_COLUMNS} FROM task_input JOIN file ON file.id = task_input.file
    WHERE task_input.task = ? ORDER BY task_input.file LIMIT ?`;
  return db.all(FILE, sql, [task, limit]).map(readFile);
}

function interrupted(db: Database): readonly Interrupted[] {
  const shape = { ...TASK, owner: nullable(text) };
  const sql = `SELECT ${TASK_COLUMNS}, owner FROM task WHERE state IN ('running', 'installing') ORDER BY id`;
  return db.all(shape, sql).map(({ owner, ...row }): Interrupted => {
    const task = readTask(row);
    const installs = db
      .all(INSTALL, `SELECT ${Object.keys(INSTALL).join(', ')} FROM install WHERE task = ? ORDER BY path`, [
        task.id,
      ])
      .map(readInstall);
    return {
      claim: { task, fence: task.fence, files: inputs(db, task.id) },
      owner: JSON.parse(owner ?? '{}') as Owner,
      installs,
    };
  });
}

function retry(db: Database, filter: Parameters<TaskLedger['retry']>[0], now: number): number {
  const { tasks, step, path } = filter;
  const conditions = [`task.state IN ('failed', 'parked')`];
  const values: (string | number)[] = [];
  if (tasks !== undefined) {
    conditions.push('task.id IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify(tasks));
  }
  if (step !== undefined) {
    conditions.push('task.step = ?');
    values.push(step);
  }
  if (path !== undefined) {
    conditions.push(
      `task.id IN (SELECT task_root.task FROM task_root JOIN file ON file.id = task_root.root WHERE file.path = ?)`,
    );
    values.push(path);
  }
  const sql = `SELECT id FROM task WHERE ${conditions.join(' AND ')}`;
  const found = db.all({ id: number }, sql, values).map(({ id }) => id);
  forService(db, () => {
    for (const id of found) retryOne(db, id, now);
    return found;
  });
  return found.length;
}

function retryOne(db: Database, id: number, now: number): void {
  db.run(
    `UPDATE task SET state = 'ready', attempt = 0, crashes = 0, due = NULL, ended = NULL, created = min(created, ?) WHERE id = ?`,
    [now, id],
  );
  reopen(db, id, true);
}
