import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TEMPORARY_FILE, temporaryPath } from '../../core/atomic-file.ts';
import type { Files } from '../../core/files.ts';
import { errorCode } from '../../core/result.ts';
import { readContent, withFile } from './content.ts';
import { copyInto } from './copying.ts';
import { type FileLook, isSame, lookAt, lookAtOpen } from './identity.ts';
import { removeProved } from './removal.ts';
import { lookOrGone } from './settling.ts';
import { durably, LeftAlone } from './trouble.ts';
import type { Writers } from './writers.ts';

export interface Moving {
  readonly files: Files;
  readonly writers: Writers;
  readonly signal: AbortSignal;
}

/**
 * Moves a file so that a reader at the new place sees it whole or not at all: by rename, or, where that is another file system, by a copy
 * that is read back and compared before it gets its name; then the old one goes. Durable when it resolves.
 * Killed anywhere, the file is there whole: at the old place, at the new one, or (with equal bytes) at both.
 * @param seen the look by which it was chosen. @param to a name that is free, in a folder that is there.
 * @throws LeftAlone where it is not that file any more; Node's system errors.
 */
export async function moveFile(moving: Moving, from: string, seen: FileLook, to: string): Promise<void> {
  const { files, writers } = moving;
  const folder = dirname(from);
  if (seen.kind !== 'file') throw new LeftAlone('it is not a regular file');
  if (writers.has(from)) throw new LeftAlone('a process has it open for writing');
  if ((await realpath(folder)) !== folder) throw new LeftAlone(`${folder} is not the folder that it was`);
  await syncFile(files, from);
  if (!isSame(seen, await lookAt(from))) throw new LeftAlone('it changed since it was looked at');
  if ((await lookOrGone(to)) !== undefined) throw new LeftAlone(`${to} came there meanwhile`);
  try {
    await files.rename(from, to);
  } catch (thrown) {
    if (errorCode(thrown) !== 'EXDEV') throw thrown;
    await copyAcross(moving, from, to);
    return;
  }
  await durably(`the name of ${to}`, files.syncFolder(dirname(to)));
  await durably(`the end of ${from}`, files.syncFolder(folder));
  const there = await lookAt(to);
  if (there.dev !== seen.dev || there.ino !== seen.ino)
    throw new LeftAlone(`it was replaced in the instant of the move: what lies at ${to} is something else`);
}

/**
 * Whether a file lies at the new place already, with the same bytes: then the old one goes.
 * @param there the look at the new place. @throws as moveFile
 */
export async function settleEqual(
  { files, writers, signal }: Moving,
  from: string,
  to: string,
): Promise<boolean> {
  const there = await lookAt(to);
  const here = await lookAt(from);
  if (there.kind !== 'file' || there.bytes !== here.bytes) return false;
  const content = await readContent(from, signal, files);
  const copy = await readContent(to, signal, files);
  if (content.sha256 !== copy.sha256) return false;
  await syncFile(files, to);
  await durably(`the name of ${to}`, files.syncFolder(dirname(to)));
  await removeProved(files, from, content.look, writers);
  return true;
}

async function syncFile(files: Files, path: string): Promise<void> {
  const fd = await files.open(path, 'read');
  try {
    await durably(path, files.datasync(fd));
  } finally {
    await files.close(fd);
  }
}

async function copyAcross({ files, writers, signal }: Moving, from: string, to: string): Promise<void> {
  await removeLeftovers(files, to);
  const temporary = temporaryPath(to);
  const look = await withFile(files, from, async (fd, before) => {
    try {
      const sha256 = await copyInto(files, fd, before, temporary, signal);
      const copy = await readContent(temporary, signal, files);
      if (!isSame(before, await lookAtOpen(fd))) throw new LeftAlone('it changed while it was copied');
      if (copy.sha256 !== sha256 || copy.bytes !== before.bytes)
        throw new LeftAlone('its copy does not read back as it was; is the disk or the memory faulty?');
      await files.rename(temporary, to);
    } catch (thrown) {
      await files.unlink(temporary).catch(() => undefined);
      throw thrown;
    }
    return before;
  });
  await durably(`the name of ${to}`, files.syncFolder(dirname(to)));
  await removeProved(files, from, look, writers);
}

/** Copies of this name that a kill left in the making. */
export async function removeLeftovers(files: Files, to: string): Promise<void> {
  const start = `.${basename(to)}.`;
  for (const name of await readdir(dirname(to))) {
    const isOurs = TEMPORARY_FILE.test(name) && name.startsWith(start) && name.length === start.length + 16;
    if (isOurs) await files.unlink(join(dirname(to), name));
  }
}
