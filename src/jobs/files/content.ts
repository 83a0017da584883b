import { createHash } from 'node:crypto';
import { pieceFor } from '../../core/archive-file.ts';
import { disk, type Files } from '../../core/files.ts';
import { type FileLook, isSame, lookAt, lookAtOpen } from './identity.ts';
import { LeftAlone } from './trouble.ts';

/** What a file holds, and which file that was: as long as the look is the same, it still holds it. */
export interface Content {
  readonly sha256: string;
  readonly bytes: number;
  readonly look: FileLook;
}

/** Opens a regular file for reading, never through a symbolic link; `use` gets it with the look at it. */
export async function withFile<T>(
  files: Files,
  path: string,
  use: (fd: number, look: FileLook) => Promise<T>,
): Promise<T> {
  const before = await lookAt(path);
  if (before.kind !== 'file') throw new LeftAlone('it is not a regular file');
  const fd = await files.open(path, 'read');
  try {
    const look = await lookAtOpen(fd);
    if (!isSame(before, look)) throw new LeftAlone('it was replaced while it was opened');
    return await use(fd, look);
  } finally {
    await files.close(fd);
  }
}

/** The pieces of an open file, up to its end. @param size that it had when it was opened, bytes. */
export async function* piecesOf(
  files: Files,
  fd: number,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  for (let at = 0; ; ) {
    signal.throwIfAborted();
    const piece = await files.read(fd, at, pieceFor(Math.max(0, size - at)));
    if (piece.length === 0) return;
    at += piece.length;
    yield piece;
  }
}

/**
 * Reads a whole file for its checksum.
 * @throws LeftAlone where it is no regular file, or changed meanwhile; else Node's system error.
 */
export async function readContent(path: string, signal: AbortSignal, files: Files = disk): Promise<Content> {
  return withFile(files, path, async (fd, look) => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of piecesOf(files, fd, look.bytes, signal)) {
      hash.update(piece);
      bytes += piece.length;
    }
    if (bytes !== look.bytes || !isSame(look, await lookAtOpen(fd)))
      throw new LeftAlone('it changed while it was read');
    return { sha256: hash.digest('hex'), bytes, look };
  });
}
