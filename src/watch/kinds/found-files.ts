import * as fs from 'node:fs';
import * as path from 'node:path';
import { errorCode } from '../../core/result.ts';

/** A file as a watch sees it. Times are wall milliseconds. */
export interface FoundFile {
  /** As the pattern would name it: relative where that is. */
  readonly name: string;
  readonly size: number;
  readonly mtime: number;
  /** When it was last changed or came to this name, as the kernel noted: a copy that keeps its mtime does not keep this. */
  readonly ctime: number;
}

const MAGIC = /[*?[\]{}()!+@]/;
/** So many files are looked at together. */
const BATCH = 64;

/**
 * Goes through the files that a pattern names: `*`, `**`, `?`, `{a,b}`, `[a-z]`, as Node's glob has it (no names that begin
 * with a dot, unless the pattern says so). Folders do not count; a file that goes meanwhile is not there. Calls `take` for
 * each; ends early when `signal` aborts, and then returns false.
 * @throws Node's system error where the folder that the pattern begins with can't be read; a missing one is no error.
 */
export async function eachFile(
  pattern: string,
  folder: string,
  signal: AbortSignal,
  take: (file: FoundFile) => void,
): Promise<boolean> {
  try {
    await fs.promises.access(
      path.resolve(folder, firstFolder(pattern)),
      fs.constants.R_OK | fs.constants.X_OK,
    );
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT' || errorCode(thrown) === 'ENOTDIR') return true;
    throw thrown;
  }
  const batch: string[] = [];
  const flush = async (): Promise<void> => {
    const found = await Promise.all(batch.map((file) => statFile(file, pattern, folder)));
    batch.length = 0;
    for (const file of found) if (file !== undefined) take(file);
  };
  for await (const entry of fs.promises.glob(pattern, { cwd: folder, withFileTypes: true })) {
    if (signal.aborted) return false;
    if (entry.isDirectory()) continue;
    batch.push(path.join(entry.parentPath, entry.name));
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  return true;
}

/** The folder that a pattern begins with, before anything in it stands for other names. */
function firstFolder(pattern: string): string {
  const words = path.dirname(pattern).split('/');
  const magic = words.findIndex((word) => MAGIC.test(word));
  const fixed = (magic < 0 ? words : words.slice(0, magic)).join('/');
  return fixed === '' && pattern.startsWith('/') ? '/' : fixed;
}

/** One file, by its absolute path; undefined where there is none. */
export async function statFile(
  file: string,
  pattern: string,
  folder: string,
): Promise<FoundFile | undefined> {
  try {
    const stat = await fs.promises.stat(file);
    if (!stat.isFile()) return undefined;
    const name = path.isAbsolute(pattern) ? file : path.relative(folder, file);
    return { name, size: stat.size, mtime: Math.floor(stat.mtimeMs), ctime: Math.floor(stat.ctimeMs) };
  } catch (thrown) {
    const gone =
      errorCode(thrown) === 'ENOENT' || errorCode(thrown) === 'ENOTDIR' || errorCode(thrown) === 'ELOOP';
    if (gone) return undefined;
    throw thrown;
  }
}
