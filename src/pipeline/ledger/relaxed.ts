import { type Database, transaction } from '../../core/sqlite.ts';

/**
 * A transaction that outlives this process at once, but a power cut only with the next durable one. For what is found out anew after a
 * power cut: a claim, whose run is gone then, and a result, whose intent and files are durable already. It saves a sync of the disk.
 */
export function relaxed<T>(db: Database, work: () => T extends Promise<unknown> ? never : T): T {
  db.exec('PRAGMA synchronous = normal');
  try {
    return transaction(db, work);
  } finally {
    db.exec('PRAGMA synchronous = full');
  }
}
