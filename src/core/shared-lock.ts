import { DatabaseSync } from 'node:sqlite';
import { asError, err, ok, type Result } from './result.ts';

/** A lock that is held until it is let go, or its process dies (SIGKILL included). */
export interface SharedLock {
  release(): void;
}

export interface SharedLockError {
  /** `held`: by others, may pass. */
  readonly kind: 'held' | 'unusable';
  readonly message: string;
}

/** Two that begin in the same instant can each hinder the other for a moment. */
const RACE_MS = 100;

/** What is held, so that the garbage collector never closes it. */
const heldLocks = new Set<DatabaseSync>();

/**
 * Takes a lock that many may have at a time (`shared`), or one alone (`exclusive`). It is a transaction of SQLite on a file of its own
 * (locks of a rollback journal, sqlite.org/lockingv3.html), as Node has no flock: nothing else may open that file.
 * @param path of the file, which is made; its folder exists, and is no network filesystem's.
 */
export function takeSharedLock(
  path: string,
  how: 'shared' | 'exclusive',
): Result<SharedLock, SharedLockError> {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: RACE_MS });
    db.exec('PRAGMA journal_mode = DELETE');
    if (how === 'exclusive') db.exec('BEGIN EXCLUSIVE');
    else {
      db.exec('BEGIN');
      // Only a read takes the shared lock, and it lasts as long as the transaction.
      db.prepare('SELECT count(*) AS count FROM sqlite_schema').get();
    }
  } catch (thrown) {
    db?.close();
    const code = (thrown as { errcode?: number }).errcode;
    const isHeld = code !== undefined && (code & 0xff) === 5;
    const message = isHeld ? `${path} is held` : `cannot use ${path}: ${asError(thrown).message}`;
    return err({ kind: isHeld ? 'held' : 'unusable', message });
  }
  const lock = db;
  heldLocks.add(lock);
  return ok({
    release() {
      if (!lock.isOpen) return;
      lock.close();
      heldLocks.delete(lock);
    },
  });
}
