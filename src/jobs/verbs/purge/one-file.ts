import { rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from '../../../core/files.ts';
import type { Ledger, LedgerFile } from '../../../core/ledger.ts';
import { errorCode } from '../../../core/result.ts';
import { type Content, readContent } from '../../files/content.ts';
import { lookAt } from '../../files/identity.ts';
import { removeProved } from '../../files/removal.ts';
import { durably, LeftAlone } from '../../files/trouble.ts';
import type { Writers } from '../../files/writers.ts';

export interface Purging {
  readonly root: string;
  readonly files: Files;
  readonly ledger: Ledger;
  readonly writers: Writers;
  readonly signal: AbortSignal;
  readonly by: { readonly at: number; readonly run: string };
}

/** One form of a file, as it was just read: the file itself, or its archive. */
export interface ReadForm {
  readonly path: string;
  readonly content: Content;
}

/**
 * Reads what lies there of a file, and compares it with the ledger.
 * @param forms paths below the root that are there.
 * @throws LeftAlone where it is not what was proved elsewhere.
 */
export async function readForms(
  { root, files, signal }: Pick<Purging, 'root' | 'files' | 'signal'>,
  row: LedgerFile,
  forms: readonly string[],
): Promise<readonly ReadForm[]> {
  const read: ReadForm[] = [];
  for (const path of forms) {
    const content = await readContent(join(root, path), signal, files);
    const expected = path === row.path ? row.sha256 : row.archived?.sha256;
    if (content.sha256 !== expected)
      throw new LeftAlone(
        `${path === row.path ? 'it' : path} is not what was proved elsewhere: it changed since`,
      );
    read.push({ path, content });
  }
  return read;
}

/**
 * Deletes a file in all its forms. The intention is in the ledger before, the end after it, so a run that is killed in between is
 * finished by the next one. Folders that become empty go too.
 */
export async function purgeOne(purging: Purging, row: LedgerFile, forms: readonly ReadForm[]): Promise<void> {
  const { root, files, ledger, writers, by } = purging;
  ledger.purging(root, row.path, by);
  try {
    for (const { path, content } of forms) await removeProved(files, join(root, path), content.look, writers);
  } catch (thrown) {
    if (await areAllThere(root, forms)) ledger.take(row);
    throw thrown;
  }
  await finish(purging, row, by.run);
}

/** Nothing was deleted yet: then the intention is taken back, or a stranger's hand would pass for ours. */
async function areAllThere(root: string, forms: readonly ReadForm[]): Promise<boolean> {
  const looks = await Promise.allSettled(forms.map(({ path }) => lookAt(join(root, path))));
  return looks.every(({ status }) => status === 'fulfilled');
}

/** What is left to do for a file that is gone and whose end is not written down yet. @param run that deleted it. */
export async function finish(
  { root, files, ledger, by }: Purging,
  row: LedgerFile,
  run: string,
): Promise<void> {
  await syncNearest(files, root, dirname(join(root, row.path)));
  await removeEmpty(files, root, dirname(join(root, row.path)));
  ledger.purged(root, row.path, { at: by.at, run });
}

/** Makes durable that a name is gone: in its folder, or in the one that is left of those above it. */
async function syncNearest(files: Files, root: string, folder: string): Promise<void> {
  for (let at = folder; at.startsWith(root); at = dirname(at)) {
    try {
      await durably(at, files.syncFolder(at));
      return;
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
    }
  }
}

/** Removes a folder and those above it, as far as they are empty; never the root. */
async function removeEmpty(files: Files, root: string, folder: string): Promise<void> {
  for (let at = folder; at !== root && at.startsWith(`${root}/`); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (thrown) {
      const code = errorCode(thrown);
      if (code === undefined) throw thrown;
      // Not empty, or not ours to remove: then those above it stay as well.
      if (code !== 'ENOENT') return;
      continue;
    }
    await durably(dirname(at), files.syncFolder(dirname(at)));
  }
}

function isGone(thrown: unknown): boolean {
  const cause = thrown instanceof Error ? (errorCode(thrown) ?? errorCode(thrown.cause)) : undefined;
  return cause === 'ENOENT';
}
