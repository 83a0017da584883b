import { mkdirSync } from 'node:fs';
import type { Clock } from '../../core/clock.ts';
import { lockFolder } from '../../core/folder-lock.ts';
import { asError, err, ok, type Result } from '../../core/result.ts';
import type { Ledger } from '../../pipeline/ledger/ledger.ts';
import { openLedger } from '../../pipeline/ledger/sqlite.ts';

/** A ledger that nobody else writes until it is released. */
export interface OwnLedger {
  readonly ledger: Ledger;
  release(): Promise<void>;
}

/** `locked`: another process has its ledger. `new`: it has none yet. */
export interface PipelineTrouble {
  readonly kind: 'locked' | 'new' | 'failed';
  readonly message: string;
}

/** Takes the ledger in a pipeline's folder, which is made. @param what this process is, for the messages of others. */
export function ownLedger(
  { name, folder }: { readonly name: string; readonly folder: string },
  what: string,
  clock: Clock,
): Result<OwnLedger, PipelineTrouble> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    return err({ kind: 'failed', message: `cannot use ${folder}: ${asError(thrown).message}` });
  }
  const locked = lockFolder(folder, { what, clock });
  if (!locked.ok)
    return err({ kind: locked.error.kind === 'held' ? 'locked' : 'failed', message: locked.error.message });
  const opened = openLedger(folder, name);
  if (!opened.ok) {
    locked.value.release();
    return err({ kind: 'failed', message: opened.error.message });
  }
  const ledger = opened.value;
  return ok({
    ledger,
    async release() {
      await ledger.close();
      locked.value.release();
    },
  });
}
