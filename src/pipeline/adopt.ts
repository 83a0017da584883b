import { stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type { InboxLedger } from './ledger/ledger.ts';
import type { InboxFile } from './ledger/types.ts';
import type { InboxPlan } from './plan.ts';
import { identityOf } from './steps/install.ts';

/** What became of files that were to be written down as done. */
export interface Adopted {
  readonly adopted: number;
  /** They were done before. */
  readonly known: number;
  /** What was left as it is, and why. */
  readonly left: readonly { readonly path: string; readonly why: string }[];
}

const UNTAKEN: readonly (InboxFile['state'] | undefined)[] = [
  undefined,
  'gone',
  'seen',
  'settling',
  'waiting',
  'ignored',
];

/**
 * Writes files of an inbox down as done, as they are now, without a run: another system has worked on them. What is being worked on,
 * or has failed, is left as it is. Rejects where the disk of the ledger fails.
 * @param paths below the inbox's folder.
 */
export async function adoptFiles(
  ledger: Pick<InboxLedger, 'inboxFile' | 'sight'>,
  inbox: Pick<InboxPlan, 'name' | 'root'>,
  paths: readonly string[],
  now: number,
): Promise<Adopted> {
  const left: { path: string; why: string }[] = [];
  const sightings: Parameters<InboxLedger['sight']>[1][number][] = [];
  let known = 0;
  for (const written of paths) {
    const path = normalize(written);
    const trouble = await troubleOf(inbox.root, path);
    if (trouble !== undefined) {
      left.push({ path: written, why: trouble });
      continue;
    }
    const identity = await identityOf(join(inbox.root, path));
    const before = await ledger.inboxFile(inbox.name, path);
    const isSame = before?.size === identity.size && before.mtimeNs === identity.mtimeNs;
    if (before?.state === 'done' && isSame) known++;
    else if (UNTAKEN.includes(before?.state) || before?.state === 'done')
      sightings.push({ path, ...identity, state: 'done', why: 'adopted', settledAt: now });
    else left.push({ path: written, why: `it is ${before?.state}` });
  }
  if (sightings.length > 0) await ledger.sight(inbox.name, sightings, now);
  return { adopted: sightings.length, known, left };
}

async function troubleOf(root: string, path: string): Promise<string | undefined> {
  if (isAbsolute(path) || path === '..' || path.startsWith('../')) return `it is not in ${root}`;
  const seen = await stat(join(root, path)).catch(() => undefined);
  if (seen === undefined) return 'it is not there';
  return seen.isFile() ? undefined : 'it is no file';
}
