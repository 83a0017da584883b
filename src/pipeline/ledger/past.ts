import { type Database, number, text, transaction } from '../../core/sqlite.ts';
import type { FileIdentity } from './types.ts';

/** A product that another system has made, as it lies there now. */
export interface PastProduct extends FileIdentity {
  readonly path: string;
  /** The step that makes such products here. */
  readonly step: string;
  /** What it was made of, as the step's `key` says it; empty where nothing is merged into it. */
  readonly key: string;
  readonly version: number;
  readonly complete: boolean;
  /** As of a `ProductFile`. */
  readonly final: string | null;
  /** When it was made; wall milliseconds. */
  readonly made: number;
  /** Files of inboxes that it comes from, by their numbers. */
  readonly roots: readonly number[];
}

/** What another system has done with a product, by the means of a step. */
export interface PastRun {
  readonly step: string;
  readonly version: number;
  readonly ended: number;
  /** The path of the product that it went over. */
  readonly input: string;
  /** The path of what came of it; undefined where that is not there any more. */
  readonly output?: string;
}

/** `known`: it was written down before. `taken`: another step has that place. `missing`: its input is no product that is known. */
export type Past = 'adopted' | 'known' | 'taken' | 'missing';

/** What other systems have done: written down as done, so that it is not done again, and grown products are merged into. */
export interface PastLedger {
  /** In one transaction; answers for each product in its turn. */
  adoptProducts(products: readonly PastProduct[]): Promise<readonly Past[]>;
  adoptRuns(runs: readonly PastRun[]): Promise<readonly Past[]>;
}

/** Stands where the hash of a step's definition is: nobody knows how it was made. */
const ADOPTED = 'adopted';
const ID = { id: number };

export function pastLedger(db: Database): PastLedger {
  return {
    adoptProducts: async (products) =>
      transaction(db, () => products.map((product) => adoptProduct(db, product))),
    adoptRuns: async (runs) => transaction(db, () => runs.map((run) => adoptRun(db, run))),
  };
}

const CURRENT = `SELECT id, task, origin FROM file WHERE kind = 'product' AND path = ? AND state = 'current'`;

function adoptProduct(db: Database, product: PastProduct): Past {
  const { path, step, key, version, made, roots, complete, final } = product;
  const there = db.get({ id: number, task: number, origin: text }, CURRENT, [path]);
  if (there !== undefined) return there.origin === step ? 'known' : 'taken';
  const task = addTask(db, { step, key, version, ended: made });
  // What lies between is not known: it comes from these files directly.
  for (const root of roots) {
    db.run('INSERT OR IGNORE INTO task_root (task, root) VALUES (?, ?)', [task, root]);
    takeInput(db, task, root);
  }
  const before = db.get(
    { rev: number },
    `SELECT rev FROM file WHERE kind = 'product' AND origin = ? AND path = ? ORDER BY rev DESC LIMIT 1`,
    [step, path],
  );
  const rev = before === undefined ? 0 : before.rev + 1;
  const { ino, size, mtimeNs, sha256 = null } = product;
  db.run(
    `INSERT INTO file (kind, origin, path, rev, state, ino, size, mtime_ns, sha256, first_seen, settled_at, task, version, complete, final)
     VALUES ('product', ?, ?, ?, 'current', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [step, path, rev, ino, size, mtimeNs, sha256, made, made, task, version, complete ? 1 : 0, final],
  );
  return 'adopted';
}

function adoptRun(db: Database, { step, version, ended, input, output }: PastRun): Past {
  const file = db.get({ id: number, task: number, origin: text }, CURRENT, [input]);
  if (file === undefined) return 'missing';
  const done = db.get(
    ID,
    `SELECT task.id FROM task_input JOIN task ON task.id = task_input.task
     WHERE task_input.file = ? AND task.step = ? AND task.version = ? AND task.state = 'done' LIMIT 1`,
    [file.id, step, version],
  );
  if (done !== undefined) return 'known';
  const made = output === undefined ? undefined : makerOf(db, step, output);
  const task = made ?? addTask(db, { step, key: '', version, ended });
  takeInput(db, task, file.id);
  return 'adopted';
}

function takeInput(db: Database, task: number, file: number): void {
  const added = db.run('INSERT OR IGNORE INTO task_input (task, file) VALUES (?, ?)', [task, file]);
  db.run('UPDATE task SET inputs = inputs + ? WHERE id = ?', [added, task]);
}

/** The task of an adopted product, where it is one of this step. */
function makerOf(db: Database, step: string, path: string): number | undefined {
  const there = db.get({ id: number, task: number, origin: text }, CURRENT, [path]);
  if (there?.origin !== step) return undefined;
  return db.get(ID, `SELECT id FROM task WHERE id = ? AND step_hash = '${ADOPTED}'`, [there.task])?.id;
}

function addTask(
  db: Database,
  {
    step,
    key,
    version,
    ended,
  }: { readonly step: string; readonly key: string; readonly version: number; readonly ended: number },
): number {
  const row = db.get(
    ID,
    `INSERT INTO task (step, key, state, priority, level, ord, open, most, inputs, vars, version, step_hash, created, ended)
     VALUES (?, ?, 'done', 0, 0, 0, 0, 1, 0, '{}', ?, '${ADOPTED}', ?, ?) RETURNING id`,
    [step, key, version, ended, ended],
  );
  return row?.id ?? 0;
}
