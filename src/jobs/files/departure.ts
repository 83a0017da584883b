import { join } from 'node:path';
import type { Ledger } from '../../core/ledger.ts';
import { formsOf, type Root } from './root.ts';
import { lookOrGone } from './settling.ts';

export interface Departing {
  readonly ledger: Ledger;
  readonly run: string;
  readonly clock: { now(): number };
}

/**
 * Takes a file away from a folder by `act`, and says so in the ledger, where that knows it, before and after: who fetched the file must
 * not fetch it again, and nobody take it for lost.
 */
export async function depart(
  root: Root,
  path: string,
  { ledger, run, clock }: Departing,
  act: () => Promise<void>,
): Promise<void> {
  const row = ledger.file(root.path, path);
  if (row === undefined) return act();
  const by = { at: clock.now(), run };
  ledger.purging(root.path, path, by);
  try {
    await act();
  } catch (thrown) {
    // Else a stranger's hand would pass for ours.
    if ((await lookOrGone(join(root.path, path))) !== undefined) ledger.take(row);
    throw thrown;
  }
  ledger.purged(root.path, path, by);
}

/** Writes down the end of files that a run took away before it was killed. */
export function finishDepartures({ path, rows, tree }: Root, { ledger, clock }: Departing): void {
  for (const row of rows.values()) {
    if (row.purging === null || row.purged !== null) continue;
    if (formsOf(row).some((form) => tree.entries.has(form))) continue;
    ledger.purged(path, row.path, { at: clock.now(), run: row.purging.run });
  }
}
