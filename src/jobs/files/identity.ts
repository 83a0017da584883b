import * as fs from 'node:fs';
import { promisify } from 'node:util';

/** What tells that a file is still the one that was looked at: its `ctime` changes with every change, and nobody can set it. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export interface FileLook extends Identity {
  /** `link` is a symbolic link: none is ever followed. */
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly bytes: number;
  readonly mtimeMs: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const fstat = promisify(fs.fstat);

/** Looks at a path itself. Rejects with Node's system error. */
export async function lookAt(path: string): Promise<FileLook> {
  return lookOf(await fs.promises.lstat(path, { bigint: true }));
}

/** Looks at an open file. */
export async function lookAtOpen(fd: number): Promise<FileLook> {
  return lookOf(await fstat(fd, { bigint: true }));
}

function lookOf(stat: fs.BigIntStats): FileLook {
  const { dev, ino, size, mtimeNs, ctimeNs } = stat;
  return {
    dev,
    ino,
    size,
    mtimeNs,
    ctimeNs,
    kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'other',
    bytes: Number(size),
    mtimeMs: Number(mtimeNs) / 1e6,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  };
}

export function isSame(a: Identity, b: Identity): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}
