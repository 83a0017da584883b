import { type Database, number, transaction } from '../../core/sqlite.ts';
import { conflictOf } from './conflicts.ts';
import { giveFiles } from './making.ts';
import { FILE, FILE_COLUMNS, readProduct, readTask, TASK, TASK_COLUMNS } from './rows.ts';
import type { Claim, Install, Owner, ProductFile } from './types.ts';
import { writeInstall } from './write-install.ts';

/** Products that may still grow, and come to be complete by time alone. */
export interface GrowthLedger {
  /**
   * Products of a step that may still grow and have not for some time, the longest first, of which nothing is about to be made anew
   * and that no run reads; at most `limit`.
   * @param before since when they have not changed: wall milliseconds.
   */
  grown(step: string, before: number, limit: number): Promise<readonly ProductFile[]>;
  /** When the next one of a step was last changed; undefined where none may grow. */
  nextGrowing(step: string): Promise<number | undefined>;
  /**
   * Begins to make a product complete: a task of its step that is being installed, without a run, which puts the file to the place of
   * the complete one. Undefined where it is not current any more, or another product has that place.
   * @param products the folder of products.
   */
  finalise(
    product: ProductFile,
    owner: Owner,
    products: string,
    now: number,
  ): Promise<Finalising | undefined>;
}

export interface Finalising {
  readonly claim: Claim;
  readonly installs: readonly Install[];
}

const WAITS = `state IN ('gathering', 'ready', 'retry', 'deferred')`;

const GROWN = `
  SELECT ${FILE_COLUMNS} FROM file JOIN task AS maker ON maker.id = file.task
  WHERE file.kind = 'product' AND file.state = 'current' AND file.complete = 0 AND file.origin = ? AND file.first_seen <= ?
    AND NOT EXISTS (
      SELECT 1 FROM task WHERE task.step = maker.step AND task.key = maker.key AND task.state IN ('running', 'installing'))
    AND (maker.key = '' OR NOT EXISTS (
      SELECT 1 FROM task WHERE task.step = maker.step AND task.key = maker.key AND task.${WAITS}))
    AND NOT EXISTS (
      SELECT 1 FROM task_input JOIN task ON task.id = task_input.task
      WHERE task_input.file = file.id AND task.state IN ('running', 'installing'))
  ORDER BY file.first_seen LIMIT ?`;

export function growthLedger(db: Database): GrowthLedger {
  return {
    grown: async (step, before, limit) => db.all(FILE, GROWN, [step, before, limit]).map(readProduct),
    async nextGrowing(step) {
      const sql = `SELECT first_seen FROM file
        WHERE kind = 'product' AND state = 'current' AND complete = 0 AND origin = ? ORDER BY first_seen LIMIT 1`;
      return db.get({ first_seen: number }, sql, [step])?.first_seen;
    },
    finalise: async (product, owner, products, now) =>
      transaction(db, () => finalise(db, product, owner, products, now)),
  };
}

function finalise(
  db: Database,
  product: ProductFile,
  owner: Owner,
  products: string,
  now: number,
): Finalising | undefined {
  const sql = `SELECT ${TASK_COLUMNS} FROM file JOIN task ON task.id = file.task WHERE file.id = ? AND file.state = 'current'`;
  const row = db.get(TASK, sql, [product.id]);
  if (row === undefined) return undefined;
  const path = product.final ?? product.path;
  if (conflictOf(db, product.task, [path], false) !== undefined) return undefined;
  const draft = { ...readTask(row), most: 1, waitMs: 0 };
  const [id] = giveFiles(db, draft, [product.id], now, { closed: true });
  if (id === undefined) return undefined;
  const install: Install = {
    path,
    temp: `${products}/${product.path}`,
    size: product.size,
    sha256: product.sha256 ?? '',
    complete: true,
    final: product.final,
    removes: path === product.path ? [] : [product.path],
  };
  writeInstall(db, id, install);
  const task = db.get(
    TASK,
    `UPDATE task SET state = 'installing', fence = fence + 1, owner = ?, open = 0, started = ?, exit = '0'
     WHERE id = ? RETURNING ${TASK_COLUMNS}`,
    [JSON.stringify(owner), now, id],
  );
  if (task === undefined) throw new Error(`cannot find task ${id} in the ledger`);
  const claimed = readTask(task);
  return { claim: { task: claimed, fence: claimed.fence, files: [product] }, installs: [install] };
}
