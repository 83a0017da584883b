import type { Database } from '../../src/core/sqlite.ts';

/** Thrown in place of the kill: nothing that comes later reaches the file. */
export class Kill extends Error {
  override readonly name = 'Kill';
}

/** Where the process dies: around the next commit of the outbox. */
export type KillPoint = 'before-commit' | 'after-commit';

export interface Disk {
  trouble: Error | undefined;
}

/** The file of a process that dies: from then on nothing is written, and nothing is read. */
export function mortalDatabase(real: Database, disk: Disk, onDeath: () => void) {
  let dead = false;
  let point: KillPoint | undefined;
  const die = (): void => {
    if (dead) return;
    dead = true;
    if (real.inTransaction) real.exec('ROLLBACK');
    real.close();
    onDeath();
  };
  const alive = <T>(work: () => T): T => {
    if (dead) throw new Kill('the process is dead');
    return work();
  };
  const db: Database = {
    path: real.path,
    exec(sql) {
      alive(() => {
        const here = sql === 'COMMIT' ? point : undefined;
        if (sql === 'COMMIT' && disk.trouble !== undefined) throw disk.trouble;
        if (here !== 'before-commit') real.exec(sql);
        if (here === undefined) return;
        die();
        throw new Kill(`killed ${here}`);
      });
    },
    run: (sql, parameters) => alive(() => real.run(sql, parameters)),
    get: (shape, sql, parameters) => alive(() => real.get(shape, sql, parameters)),
    all: (shape, sql, parameters) => alive(() => real.all(shape, sql, parameters)),
    get inTransaction() {
      return !dead && real.inTransaction;
    },
    close: () => real.close(),
  };
  return {
    db,
    die,
    alive,
    dieAt: (at: KillPoint | undefined) => void (point = at),
    close: () => real.close(),
  };
}
