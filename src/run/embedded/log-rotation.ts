import * as fs from 'node:fs';
import * as path from 'node:path';
import { errorCode } from '../../core/result.ts';

/** The files of a captured log: PATH, then PATH.1 (newer) to PATH.N (older). */
export interface Layout {
  readonly path: string;
  /** How many files there are at most, the current one counted. */
  readonly files: number;
  readonly fileBytes: number;
  /** What their mode is made; undefined: 0640 for new ones, and the others are left alone. */
  readonly mode?: number;
}

export interface OpenFile {
  readonly handle: fs.promises.FileHandle;
  readonly inode: number;
  size: number;
}

const MODE = 0o640;
const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = fs.constants;

/** Never through a symbolic link: the folder may belong to the service's user, and this process may be root. */
export async function openForAppend(layout: Layout): Promise<OpenFile> {
  await fs.promises.mkdir(path.dirname(layout.path), { recursive: true });
  const flags = O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW;
  const handle = await fs.promises.open(layout.path, flags, layout.mode ?? MODE);
  try {
    const { ino, size, mode } = await handle.stat();
    if (layout.mode !== undefined && (mode & 0o777) !== layout.mode) await handle.chmod(layout.mode);
    await prune(layout);
    return { handle, inode: ino, size };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

/** PATH becomes PATH.1, PATH.1 becomes PATH.2, …; what is over the budget goes. Who reads one of them reads on in it. */
export async function rotate(layout: Layout): Promise<void> {
  for (let number = layout.files - 2; number >= 0; number--) {
    const from = number === 0 ? layout.path : `${layout.path}.${number}`;
    await fs.promises.rename(from, `${layout.path}.${number + 1}`).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
    });
  }
  await prune(layout);
}

/** Deletes old files that are too many or too big, as after the budget was lowered; gives the others their mode. */
async function prune({ path: file, files, fileBytes, mode }: Layout): Promise<void> {
  const prefix = `${path.basename(file)}.`;
  const names = await fs.promises.readdir(path.dirname(file));
  const numbers = names
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d{0,5}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .toSorted((a, b) => a - b);
  let left = fileBytes * (files - 1);
  for (const number of numbers) {
    const old = `${file}.${number}`;
    const stats = await fs.promises.lstat(old).catch(() => undefined);
    left -= stats?.size ?? 0;
    if (left < 0 || number >= files) await fs.promises.rm(old, { force: true });
    else if (mode !== undefined && stats?.isFile() === true && (stats.mode & 0o777) !== mode)
      await changeMode(old, mode);
  }
}

async function changeMode(file: string, mode: number): Promise<void> {
  const handle = await fs.promises.open(file, O_WRONLY | O_NOFOLLOW).catch(() => undefined);
  try {
    await handle?.chmod(mode);
  } finally {
    await handle?.close();
  }
}

export async function inodeOf(file: string): Promise<number | undefined> {
  return (await fs.promises.stat(file).catch(() => undefined))?.ino;
}
