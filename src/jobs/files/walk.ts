import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, errorCode } from '../../core/result.ts';

export type Kind = 'file' | 'link' | 'other';

/** What lies below a root; paths are relative to it. */
export interface Tree {
  /** What is no folder, by its path, in the order of the names. */
  readonly entries: ReadonlyMap<string, Kind>;
  /** Folders that could not be looked into, or that lie on another device, each with its reason. */
  readonly closed: readonly { readonly path: string; readonly reason: string }[];
}

/** Vahti's own folder in a collector's. */
const OWN = '.vahti';

/**
 * Walks a folder. Follows no symbolic link, stays on the device of the root (what is mounted below it is not the root's), and
 * leaves out Vahti's own folder. Rejects where the root itself can't be read; ends early when `signal` aborts.
 */
export async function walk(root: string, signal: AbortSignal): Promise<Tree> {
  const entries = new Map<string, Kind>();
  const closed: { path: string; reason: string }[] = [];
  const { dev } = await lstat(root, { bigint: true });
  const enter = async (folder: string): Promise<void> => {
    for (const entry of await sorted(join(root, folder))) {
      signal.throwIfAborted();
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) entries.set(path, kindOf(entry));
      else if (path !== OWN) await look(path);
    }
  };
  const look = async (path: string): Promise<void> => {
    try {
      if ((await lstat(join(root, path), { bigint: true })).dev === dev) await enter(path);
      else closed.push({ path, reason: 'another disk is mounted there' });
    } catch (thrown) {
      if (errorCode(thrown) === undefined || errorCode(thrown) === 'ABORT_ERR') throw thrown;
      if (errorCode(thrown) !== 'ENOENT') closed.push({ path, reason: asError(thrown).message });
    }
  };
  await enter('');
  return { entries, closed };
}

async function sorted(folder: string): Promise<readonly Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function kindOf(entry: Dirent): Kind {
  return entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'link' : 'other';
}
