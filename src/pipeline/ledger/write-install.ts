import type { Database } from '../../core/sqlite.ts';
import type { Install } from './types.ts';

/** Writes down where a product is about to be put. */
export function writeInstall(
  db: Database,
  task: number,
  { path, temp, size, sha256, complete, final, removes }: Install,
): void {
  db.run(
    `INSERT INTO install (task, path, temp, size, sha256, complete, final, removes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [task, path, temp, size, sha256, complete ? 1 : 0, final, JSON.stringify(removes)],
  );
}
