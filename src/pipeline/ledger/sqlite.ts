import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.ts';
import { type DatabaseError, openDatabase, openDatabaseReadOnly } from '../../core/sqlite.ts';
import { againLedger } from './again.ts';
import { asideLedger } from './aside.ts';
import { createCommits } from './commits.ts';
import { taskClaims } from './claims.ts';
import { growthLedger } from './growth.ts';
import { inboxWrites } from './inbox-writes.ts';
import type { Ledger, LedgerReader } from './ledger.ts';
import { pastLedger } from './past.ts';
import { pruningLedger } from './pruning.ts';
import { ledgerReader } from './queries.ts';
import { taskResults } from './results.ts';
import { MIGRATIONS } from './schema.ts';

/** The file of the ledger in a pipeline's folder. */
const FILE = 'ledger.db';

/**
 * Opens or makes the ledger in a pipeline's folder, which has to be locked by this process. Errors as of `openDatabase`.
 * @param name of the pipeline, for messages.
 */
export function openLedger(folder: string, name: string): Result<Ledger, DatabaseError> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const opened = openDatabase(join(folder, FILE), {
    migrations: MIGRATIONS,
    synchronous: 'full',
    name: `the ledger of ${name}`,
  });
  if (!opened.ok) return opened;
  const db = opened.value;
  const commits = createCommits(db);
  return ok({
    ...inboxWrites(db),
    ...taskClaims(db, commits),
    ...taskResults(db, commits),
    ...ledgerReader(db),
    ...asideLedger(db),
    ...growthLedger(db),
    ...againLedger(db),
    ...pruningLedger(db),
    ...pastLedger(db),
    async close() {
      commits.flush();
      db.close();
    },
  });
}

/** A ledger to be read, whoever writes it. */
export type OpenReader = LedgerReader & {
  /** All that is read from here on is of this one moment. For short reads: what is written meanwhile piles up. */
  atOneMoment(): void;
  close(): void;
};

/** Opens a ledger for reading only. Errors as of `openDatabaseReadOnly`; `unopenable` where there is none. */
export function readLedger(folder: string, name: string): Result<OpenReader, DatabaseError> {
  const opened = openDatabaseReadOnly(join(folder, FILE), {
    version: MIGRATIONS.length,
    name: `the ledger of ${name}`,
  });
  if (!opened.ok) return opened;
  const db = opened.value;
  return ok({ ...ledgerReader(db), atOneMoment: () => db.exec('BEGIN'), close: () => db.close() });
}
