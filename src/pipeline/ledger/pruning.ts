import { type Database, nullable, number, text, transaction } from '../../core/sqlite.ts';

/**
 * Forgets what led to nothing that is there. What stays, however old it is: what any current product comes from, what any current
 * product was worked on by, what is failed or still to be done, and the newest content of every name that lies in an inbox.
 */
export interface PruningLedger {
  /**
   * Looks at some tasks, or files of inboxes, from a number downwards, and forgets those that ended before a moment and are not
   * needed. What follows from a task has a higher number, so that a chain goes in one sweep.
   * @param limit how many are looked at; rows that are forgotten are bounded too, but for those of one task.
   */
  prune(what: 'tasks' | 'files', from: number, before: number, limit: number): Promise<Pruned>;
  /**
   * Files of inboxes that nothing needs but their own inbox, while they lie there: from a number downwards, so many looked at.
   */
  forgettable(from: number, before: number, limit: number): Promise<Forgettable>;
  /** Which of them were there, and which not. One that has not been there since `before` is forgotten by `prune`. */
  missed(absent: readonly number[], present: readonly number[], now: number): Promise<void>;
}

export interface Forgettable {
  readonly files: readonly { readonly id: number; readonly inbox: string; readonly path: string }[];
  readonly next: number | undefined;
}

export interface Pruned {
  readonly removed: number;
  /** From where to go on; undefined: nothing is left. */
  readonly next: number | undefined;
}

/** Rows in one transaction. */
const MOST_ROWS = 5000;

export function pruningLedger(db: Database): PruningLedger {
  return {
    prune: async (what, from, before, limit) =>
      transaction(db, () => (what === 'tasks' ? pruneTasks : pruneFiles)(db, from, before, limit)),
    async forgettable(from, before, limit) {
      const found = db.all(LYING, LYING_SQL, [from, before, limit]);
      const files = found.filter(({ isOld }) => isOld === 1);
      return { files, next: below(found.at(-1)?.id) };
    },
    missed: async (absent, present, now) =>
      transaction(db, () => {
        for (const id of absent)
          db.run('UPDATE file SET missed = ? WHERE id = ? AND missed IS NULL', [now, id]);
        for (const id of present)
          db.run('UPDATE file SET missed = NULL WHERE id = ? AND missed IS NOT NULL', [id]);
      }),
  };
}

function below(last: number | undefined): number | undefined {
  return last === undefined || last <= 1 ? undefined : last - 1;
}

const TASK = { id: number, step: text, key: text, version: number, state: text, ended: nullable(number) };
const PRUNED = ['done', 'warned', 'skipped', 'ignored', 'cancelled', 'failed', 'parked'];

function pruneTasks(db: Database, from: number, before: number, limit: number): Pruned {
  const sql = 'SELECT id, step, key, version, state, ended FROM task WHERE id <= ? ORDER BY id DESC LIMIT ?';
  const keys = new Map<string, boolean>();
  let rows = 0;
  let removed = 0;
  let last: number | undefined;
  for (const task of db.all(TASK, sql, [from, limit])) {
    last = task.id;
    const { id, state, ended } = task;
    if (ended === null || ended >= before || !PRUNED.includes(state)) continue;
    if (isNeeded(db, task, keys)) {
      rows += db.run(
        'DELETE FROM run WHERE task = ?1 AND fence < (SELECT max(fence) FROM run WHERE task = ?1)',
        [id],
      );
    } else {
      rows += db.run('DELETE FROM run WHERE task = ?', [id]);
      rows += db.run('DELETE FROM task_input WHERE task = ?', [id]);
      rows += db.run('DELETE FROM task_root WHERE task = ?', [id]);
      rows += db.run('DELETE FROM file WHERE task = ?', [id]);
      rows += db.run('DELETE FROM task WHERE id = ?', [id]);
      removed++;
    }
    if (rows >= MOST_ROWS) break;
  }
  return { removed, next: below(last) };
}

const NEEDED = [
  // It has made something that is there.
  `SELECT id FROM file WHERE task = ? AND state = 'current' LIMIT 1`,
  // Something that stays was made of what it has made.
  `SELECT id FROM file JOIN task_input ON task_input.file = file.id WHERE file.task = ? LIMIT 1`,
  // It has worked on something that is there: it is not done again.
  `SELECT id FROM task_input JOIN file ON file.id = task_input.file
   WHERE task_input.task = ? AND file.kind = 'product' AND file.state = 'current' LIMIT 1`,
  // What it goes back to is not done, or waits for a person.
  `SELECT id FROM task_root JOIN file ON file.id = task_root.root
   WHERE task_root.task = ? AND (file.state = 'ready' OR (file.state IN ('failed', 'partial', 'parked') AND NOT EXISTS (
     SELECT 1 FROM file AS newer WHERE newer.kind = 'inbox' AND newer.origin = file.origin AND newer.path = file.path
       AND newer.rev > file.rev))) LIMIT 1`,
];

/** What its key has made was merged of all that ever went into it. */
const OF_KEY = `SELECT file.id FROM task JOIN file ON file.task = task.id
  WHERE task.step = ? AND task.key = ? AND task.version = ? AND file.state = 'current' LIMIT 1`;

function isNeeded(
  db: Database,
  {
    id,
    step,
    key,
    version,
  }: { readonly id: number; readonly step: string; readonly key: string; readonly version: number },
  keys: Map<string, boolean>,
): boolean {
  if (NEEDED.some((sql) => db.get({ id: number }, sql, [id]) !== undefined)) return true;
  if (key === '') return false;
  const name = JSON.stringify([step, key, version]);
  let stays = keys.get(name);
  if (stays === undefined) {
    stays = db.get({ id: number }, OF_KEY, [step, key, version]) !== undefined;
    keys.set(name, stays);
  }
  return stays;
}

const FILE = { id: number, isOld: number };
/** The line of an inbox that begins with what is new stays: it says that its first look is over. */
const UNUSED = `kind = 'inbox' AND path <> '.' AND coalesce(ended, settled_at, first_seen) < ?2 AND state <> 'ready'
    AND NOT EXISTS (SELECT 1 FROM task_input WHERE task_input.file = file.id)
    AND NOT EXISTS (SELECT 1 FROM task_root WHERE task_root.root = file.id)`;
const FILES = `
  SELECT id, ${UNUSED} AND (state = 'gone' OR coalesce(missed < ?2, 0) OR EXISTS (
    SELECT 1 FROM file AS newer WHERE newer.kind = 'inbox' AND newer.origin = file.origin
      AND newer.path = file.path AND newer.rev > file.rev)) AS isOld
  FROM file WHERE id <= ?1 ORDER BY id DESC LIMIT ?3`;
const LYING = { id: number, inbox: text, path: text, isOld: number };
const LYING_SQL = `SELECT id, origin AS inbox, path, ${UNUSED} AND state IN ('done', 'ignored') AS isOld
  FROM file WHERE id <= ?1 ORDER BY id DESC LIMIT ?3`;

function pruneFiles(db: Database, from: number, before: number, limit: number): Pruned {
  const found = db.all(FILE, FILES, [from, before, limit]);
  const old = found.filter(({ isOld }) => isOld === 1);
  for (const { id } of old) db.run('DELETE FROM file WHERE id = ?', [id]);
  const last = found.at(-1)?.id;
  return { removed: old.length, next: below(last) };
}
