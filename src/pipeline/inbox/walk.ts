import { join } from 'node:path';
import { errorCode } from '../../core/result.ts';
import type { Folders, LookedAt } from './folders.ts';
import { type InboxNames, isUnfinished } from './names.ts';

/** A file that was looked at; its path is relative to the root. */
export interface SeenFile extends LookedAt {
  readonly path: string;
}

export interface WalkOptions {
  readonly root: string;
  readonly folders: Folders;
  readonly names: InboxNames;
  /** How many files are looked at at a time. */
  readonly atOnce: number;
  /** Whether a file can be left out, as nothing of it can have changed unnoticed. */
  readonly skips: (folder: string, path: string) => boolean;
  /** Before the names of a folder are read. */
  readonly enter: (folder: string, ino: string) => void;
  /** What could not be looked at, and why. What is not there any more is no trouble. */
  readonly trouble: (path: string, code: string) => void;
}

/** What is read before it is looked at. */
const PIECE = 256;

/**
 * Looks at the wanted files of a folder (relative to the root) and of all below it, some at a time. Links are not followed, and what is
 * neither a file nor a folder is left out. Throws nothing of the filesystem's.
 */
export async function* walk(start: string, options: WalkOptions): AsyncGenerator<readonly SeenFile[], void> {
  const { names, skips } = options;
  const left = [start];
  for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
    let piece: string[] = [];
    for await (const entries of entriesOf(folder, options)) {
      for (const { path, isFolder } of entries)
        if (isFolder) left.push(path);
        else if (!skips(folder, path) && names.isWanted(path)) piece.push(path);
      if (piece.length < PIECE) continue;
      yield (await lookAt(piece, options)).files;
      piece = [];
    }
    if (piece.length > 0) yield (await lookAt(piece, options)).files;
  }
}

async function* entriesOf(
  folder: string,
  { root, folders, enter, trouble }: WalkOptions,
): AsyncGenerator<readonly { readonly path: string; readonly isFolder: boolean }[], void> {
  try {
    const seen = await folders.look(join(root, folder));
    if (seen.kind === 'folder' || folder === '') enter(folder, seen.ino);
    for await (const entries of await folders.open(join(root, folder)))
      yield entries.flatMap((entry) => {
        const isFolder = entry.isDirectory();
        if (isUnfinished(entry.name) || (!isFolder && !entry.isFile())) return [];
        return [{ path: folder === '' ? entry.name : `${folder}/${entry.name}`, isFolder }];
      });
  } catch (thrown) {
    const code = systemCode(thrown);
    if (folder === '' || !isGone(code)) trouble(folder, code);
  }
}

/** What is at some paths: files, folders, or nothing; something else, as a link, is none of ours. `unseen`: nobody knows. */
export interface FoundThere {
  readonly files: readonly SeenFile[];
  readonly folders: readonly string[];
  readonly gone: readonly string[];
  readonly unseen: readonly string[];
}

/** Looks at paths one by one. */
export async function lookAt(
  paths: readonly string[],
  { root, folders, atOnce, trouble }: Pick<WalkOptions, 'root' | 'folders' | 'atOnce' | 'trouble'>,
): Promise<FoundThere> {
  const found = {
    files: [] as SeenFile[],
    folders: [] as string[],
    gone: [] as string[],
    unseen: [] as string[],
  };
  const cannot = (path: string, code: string): void => {
    found.unseen.push(path);
    trouble(path, code);
  };
  let next = 0;
  const work = async (): Promise<void> => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      try {
        const seen = await folders.look(join(root, path));
        if (seen.kind === 'file') found.files.push({ path, ...seen });
        else (seen.kind === 'folder' ? found.folders : found.gone).push(path);
      } catch (thrown) {
        const code = systemCode(thrown);
        if (!isGone(code)) cannot(path, code);
        // A name that is no text is read as one that nobody has.
        else if (path.includes('\uFFFD')) cannot(path, 'its name is not UTF-8');
        else found.gone.push(path);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, paths.length) }, work));
  return found;
}

function isGone(code: string): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The code of an error of the operating system; throws every other one again. */
export function systemCode(thrown: unknown): string {
  const code = errorCode(thrown);
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw thrown;
  return code;
}
