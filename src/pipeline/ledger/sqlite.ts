import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ok, type Result } from '../../core/result.ts';
import { type DatabaseError, openDatabase, openDatabaseReadOnly } from '../../core/sqlite.ts';
import { asideLedger } from './aside.ts';
import { taskClaims } from './claims.ts';
import { inboxWrites } from './inbox-writes.ts';
import type { Ledger, LedgerReader } from './ledger.ts';
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
  return ok({
    ...inboxWrites(db),
    ...taskClaims(db),
    ...taskResults(db),
    ...ledgerReader(db),
    ...asideLedger(db),
    close: async () => db.close(),
  });
}

/** A ledger to be read, whoever writes it. */
export type OpenReader = LedgerReader & { close(): void };

/** Opens a ledger for reading only. Errors as of `openDatabaseReadOnly`; `unopenable` where there is none. */
export function readLedger(folder: string, name: string): Result<OpenReader, DatabaseError> {
  const opened = openDatabaseReadOnly(join(folder, FILE), {
    version: MIGRATIONS.length,
    name: `the ledger of ${name}`,
  });
  return opened.ok ? ok({ ...ledgerReader(opened.value), close: () => opened.value.close() }) : opened;
}
