import { createHash } from 'node:crypto';
import { lutimes } from 'node:fs/promises';
import type { Files } from '../../core/files.ts';
import { type Content, piecesOf, withFile } from './content.ts';
import { type FileLook, isSame, lookAtOpen } from './identity.ts';
import { giveRights } from './rights.ts';
import { LeftAlone } from './trouble.ts';

/** Copies an open file to a name that is free, durably, with its rights and its time. Resolves with the checksum of what was copied. */
export async function copyInto(
  files: Files,
  fd: number,
  look: FileLook,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const into = await files.open(path, 'create');
  try {
    await giveRights(into, look);
    let at = 0;
    for await (const piece of piecesOf(files, fd, look.bytes, signal)) {
      await files.write(into, piece, at);
      hash.update(piece);
      at += piece.length;
    }
    await files.datasync(into);
  } finally {
    await files.close(into);
  }
  await lutimes(path, look.mtimeMs / 1000, look.mtimeMs / 1000);
  return hash.digest('hex');
}

/** A file that changes while it is read is read again so often. */
const TRIES = 3;

/** Reads a file again where it changed meanwhile. @throws LeftAlone where it does not stop changing; what `read` throws. */
export async function steadily<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (thrown) {
      if (!(thrown instanceof LeftAlone) || attempt === TRIES) throw thrown;
    }
  }
}

/**
 * Copies a file as it was at one moment: opened once, and copied again where it changed meanwhile.
 * @param to a name that is free; on an error nothing is left there.
 * @throws LeftAlone where it does not stop changing; Node's system errors.
 */
export async function copyWhole(
  files: Files,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<Content> {
  return steadily(async () => {
    try {
      return await withFile(files, from, async (fd, look) => {
        const sha256 = await copyInto(files, fd, look, to, signal);
        if (!isSame(look, await lookAtOpen(fd))) throw new LeftAlone('it changed while it was copied');
        return { sha256, bytes: look.bytes, look };
      });
    } catch (thrown) {
      await files.unlink(to).catch(() => undefined);
      throw thrown;
    }
  });
}
