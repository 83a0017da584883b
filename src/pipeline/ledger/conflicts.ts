import { type Database, number, text } from '../../core/sqlite.ts';

/** A place that a task may not put a product at. */
export interface Conflict {
  readonly path: string;
  /** The step that has made what is there, or is about to. */
  readonly step: string;
}

const HOLDER = { task: number, step: text };
const CURRENT = `SELECT task, origin AS step FROM file WHERE kind = 'product' AND state = 'current' AND path = ?`;
const COMING = `SELECT install.task AS task, task.step AS step FROM install JOIN task ON task.id = install.task
  WHERE (install.path = ?1 OR EXISTS (SELECT 1 FROM json_each(install.removes) WHERE value = ?1)) AND install.task <> ?2`;

/**
 * The first of these places that another step has, or the same one for other inputs: what is there, or is just being put there.
 * @param overwrite whether the other inputs matter.
 */
export function conflictOf(
  db: Database,
  id: number,
  paths: readonly string[],
  overwrite: boolean,
): Conflict | undefined {
  const own = db.get({ step: text, key: text }, 'SELECT step, key FROM task WHERE id = ?', [id]);
  if (own === undefined) return undefined;
  for (const path of paths) {
    const holders = [...db.all(HOLDER, CURRENT, [path]), ...db.all(HOLDER, COMING, [path, id])];
    for (const { task, step } of holders)
      if (step !== own.step || !(overwrite || isAkin(db, id, own.key, task))) return { path, step };
  }
  return undefined;
}

/** Whether two tasks of a step are about the same: they have one key, or an input with the same name. */
function isAkin(db: Database, id: number, key: string, other: number): boolean {
  if (id === other) return true;
  const found = (sql: string, values: readonly (string | number)[]): boolean =>
    db.get({ id: number }, sql, values) !== undefined;
  if (key !== '' && found('SELECT id FROM task WHERE id = ? AND key = ?', [other, key])) return true;
  return found(
    `SELECT a.id FROM task_input AS x JOIN file AS a ON a.id = x.file
     JOIN file AS b ON b.kind = a.kind AND b.origin = a.origin AND b.path = a.path
     JOIN task_input AS y ON y.file = b.id AND y.task = ?1 WHERE x.task = ?2
     UNION ALL SELECT a.id FROM task_input AS x JOIN file AS a ON a.id = x.file
     JOIN file AS b ON b.origin = a.origin AND b.final = a.final
     JOIN task_input AS y ON y.file = b.id AND y.task = ?1 WHERE x.task = ?2 AND a.final IS NOT NULL LIMIT 1`,
    [other, id],
  );
}
