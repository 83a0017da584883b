import { createHash } from 'node:crypto';
import { rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryPath } from '../../core/atomic-file.ts';
import type { Files } from '../../core/files.ts';
import { errorCode } from '../../core/result.ts';
import type { FileIdentity, Install } from '../ledger/types.ts';

/** A file that a run left, and where it goes. */
export interface Product {
  /** Absolute. */
  readonly file: string;
  /** Relative to the folder of products. */
  readonly path: string;
  readonly complete: boolean;
  /** Where the step puts incomplete products elsewhere: its place when it is complete, and that of its other form. */
  readonly forms?: { readonly final: string; readonly other: string };
}

const PIECE = 1_048_576;

/**
 * Makes products ready to be renamed to their places: their content is durable, their hash known, and they lie on the filesystem of
 * their place; where a run's own folder is elsewhere, as copies beside it. Rejects with the system error.
 */
export async function prepare(
  products: readonly Product[],
  root: string,
  files: Files,
): Promise<readonly Install[]> {
  const installs: Install[] = [];
  const folders = new Map<string, number>();
  const copies: string[] = [];
  try {
    for (const { file, path, complete, forms } of products) {
      const target = join(root, path);
      const folder = dirname(target);
      let dev = folders.get(folder);
      if (dev === undefined) {
        await makeFolders(folder, files);
        dev = (await stat(folder)).dev;
        folders.set(folder, dev);
      }
      const seen = await stat(file);
      const copy = seen.dev === dev ? undefined : temporaryPath(target);
      if (copy !== undefined) copies.push(copy);
      const secured = await secure(file, seen.size, copy, files);
      const final = forms?.final ?? null;
      installs.push({ path, temp: copy ?? file, complete, final, removes: [], ...secured });
    }
    return installs;
  } catch (thrown) {
    // On a full disk it is done again and again, each time under new names.
    for (const copy of copies) await files.unlink(copy).catch(() => {});
    throw thrown;
  }
}

/** Reads a file for its hash and makes it durable; with `copy`, a copy of it. */
async function secure(
  file: string,
  expected: number,
  copy: string | undefined,
  files: Files,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  // One more than there is, so that one read of a small file shows its end, too.
  const most = Math.min(PIECE, expected + 1);
  const fd = await files.open(file, 'read');
  try {
    const to = copy === undefined ? undefined : await files.open(copy, 'create');
    try {
      let size = 0;
      for (;;) {
        const piece = await files.read(fd, size, most);
        if (piece.length > 0) hash.update(piece);
        if (to !== undefined && piece.length > 0) await files.write(to, piece, size);
        size += piece.length;
        if (piece.length < most) break;
      }
      await files.datasync(to ?? fd);
      return { size, sha256: hash.digest('hex') };
    } finally {
      if (to !== undefined) await files.close(to);
    }
  } finally {
    await files.close(fd);
  }
}

/** Renames what was prepared to its place, and makes the names durable. A reader sees the old file or the new one. */
export async function place(installs: readonly Install[], root: string, files: Files): Promise<void> {
  for (const { temp, path } of installs) await files.rename(temp, join(root, path));
  await syncFolders(installs, root, files);
  await removeOthers(installs, root, files);
}

/** Removes other forms of what is in its place by now: a reader finds one of them at any time. Those that are gone are fine. */
async function removeOthers(installs: readonly Install[], root: string, files: Files): Promise<void> {
  const folders = new Set<string>();
  for (const path of installs.flatMap(({ removes }) => removes)) {
    const removed = await files.unlink(join(root, path)).then(
      () => true,
      (thrown: unknown) => {
        if (errorCode(thrown) === 'ENOENT') return false;
        throw thrown;
      },
    );
    if (removed) folders.add(dirname(join(root, path)));
  }
  for (const folder of folders) await files.syncFolder(folder);
}

/** Removes what was prepared and goes nowhere; what lies in a run's own folder goes with that. */
export async function discard(
  installs: readonly Install[],
  products: readonly Product[],
  files: Files,
): Promise<void> {
  const own = new Set(products.map(({ file }) => file));
  for (const { temp } of installs) if (!own.has(temp)) await files.unlink(temp).catch(() => {});
}

async function syncFolders(installs: readonly Install[], root: string, files: Files): Promise<void> {
  for (const folder of new Set(installs.map(({ path }) => dirname(join(root, path)))))
    await files.syncFolder(folder);
}

/**
 * Finishes what a killed runner began to install. Undefined where one of the files is neither in its place nor on the way there:
 * then the run has to be made again.
 */
export async function finish(installs: readonly Install[], root: string, files: Files): Promise<boolean> {
  for (const { path, temp, sha256 } of installs) {
    const target = join(root, path);
    if ((await hashOf(temp, files)) === sha256) await files.rename(temp, target);
    else if ((await hashOf(target, files)) !== sha256) return false;
  }
  await syncFolders(installs, root, files);
  await removeOthers(installs, root, files);
  return true;
}

/** The hash of a file; undefined where there is none. Rejects with the system error. */
export async function hashOf(path: string, files: Files): Promise<string | undefined> {
  try {
    const hash = createHash('sha256');
    const fd = await files.open(path, 'read');
    try {
      for (let at = 0; ; ) {
        const piece = await files.read(fd, at, PIECE);
        hash.update(piece);
        at += piece.length;
        if (piece.length < PIECE) return hash.digest('hex');
      }
    } finally {
      await files.close(fd);
    }
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** What the ledger tells contents apart by. Rejects with the system error. */
export async function identityOf(path: string): Promise<FileIdentity> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  return { ino: String(ino), size: Number(size), mtimeNs: String(mtimeNs) };
}

/** Makes a folder and those above it, each durable in the one above it. Rejects with the system error. */
export async function makeFolders(folder: string, files: Files): Promise<void> {
  try {
    await files.mkdir(folder);
  } catch (thrown) {
    if (errorCode(thrown) === 'EEXIST') return;
    if (errorCode(thrown) !== 'ENOENT') throw thrown;
    await makeFolders(dirname(folder), files);
    await files.mkdir(folder).catch((again: unknown) => {
      if (errorCode(again) !== 'EEXIST') throw again;
    });
  }
  await files.syncFolder(dirname(folder)).catch(async (thrown: unknown) => {
    // So that whoever makes it next makes it durable: one that is there counts as that.
    await rmdir(folder).catch(() => {});
    throw thrown;
  });
}
