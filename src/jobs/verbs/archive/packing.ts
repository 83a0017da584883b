import { createHash } from 'node:crypto';
import { lutimes } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ArchiveFormat, createPacker, createUnpacker } from '../../../core/archive-file.ts';
import { TEMPORARY_FILE } from '../../../core/atomic-file.ts';
import { disk, type Files } from '../../../core/files.ts';
import { asError, errorCode } from '../../../core/result.ts';
import { type Content, piecesOf, readContent, withFile } from '../../files/content.ts';
import { type FileLook, isSame, lookAtOpen } from '../../files/identity.ts';
import { giveRights } from '../../files/rights.ts';
import { LeftAlone } from '../../files/trouble.ts';

export interface PackTask {
  readonly from: string;
  /** A new file; it is removed again where this fails. */
  readonly to: string;
  readonly format: ArchiveFormat;
  readonly level: number;
  /** False where reading back tells enough, because it is known beforehand what must come out. */
  readonly isHashed: boolean;
}

/** What was compressed, as long as the look at it is the same. */
export interface Packed {
  /** Undefined where it was not hashed. */
  readonly sha256: string | undefined;
  readonly bytes: number;
  readonly look: FileLook;
}

/** What an archive holds, by its being read back, and what it is itself. */
export interface Unpacked {
  readonly content: { readonly sha256: string; readonly bytes: number };
  readonly archive: Content;
}

/** The work that takes time: done here, or in a thread of its own. Every call ends early when `signal` aborts. */
export interface Packing {
  /** Compresses a file into a new one, and makes that durable. Answers with what was read. */
  pack(task: PackTask, signal: AbortSignal): Promise<Packed>;
  /** Reads an archive back in one pass. @throws LeftAlone where it is damaged. */
  unpack(path: string, format: ArchiveFormat, signal: AbortSignal): Promise<Unpacked>;
  read(path: string, signal: AbortSignal): Promise<Content>;
}

export function createPacking(files: Files = disk): Packing {
  return {
    pack: (task, signal) => withFile(files, task.from, (fd, look) => pack(files, fd, look, task, signal)),
    unpack: (path, format, signal) => unpack(files, path, format, signal),
    read: (path, signal) => readContent(path, signal, files),
  };
}

/** The name of the archive that a temporary file was to become; undefined where it is none. */
export function archiveOfTemporary(path: string): string | undefined {
  const name = basename(path);
  if (!TEMPORARY_FILE.test(name)) return undefined;
  const archive = name.slice(1, name.length - '.000000000000.tmp'.length);
  return dirname(path) === '.' ? archive : `${dirname(path)}/${archive}`;
}

async function pack(
  files: Files,
  fd: number,
  look: FileLook,
  task: PackTask,
  signal: AbortSignal,
): Promise<Packed> {
  const into = await files.open(task.to, 'create');
  try {
    let packed: Packed;
    try {
      await giveRights(into, look);
      packed = await compress(files, fd, look, into, task, signal);
      await files.datasync(into);
    } finally {
      await files.close(into);
    }
    await lutimes(task.to, look.mtimeMs / 1000, look.mtimeMs / 1000);
    return packed;
  } catch (thrown) {
    await files.unlink(task.to).catch(() => undefined);
    throw thrown;
  }
}

async function compress(
  files: Files,
  fd: number,
  look: FileLook,
  into: number,
  { format, level, isHashed }: PackTask,
  signal: AbortSignal,
): Promise<Packed> {
  const hash = createHash('sha256');
  let bytes = 0;
  const changed = new LeftAlone('it changed while it was read');
  async function* raw() {
    for await (const piece of piecesOf(files, fd, look.bytes, signal)) {
      bytes += piece.length;
      if (bytes > look.bytes) throw changed;
      if (isHashed) hash.update(piece);
      yield piece;
    }
    if (bytes < look.bytes) throw changed;
  }
  const write = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    let at = 0;
    for await (const piece of pieces) {
      await files.write(into, piece, at);
      at += piece.length;
    }
  };
  await pipeline(raw, createPacker(format, level, look.bytes), write, { signal });
  if (!isSame(look, await lookAtOpen(fd))) throw changed;
  return { sha256: isHashed ? hash.digest('hex') : undefined, bytes, look };
}

async function unpack(
  files: Files,
  path: string,
  format: ArchiveFormat,
  signal: AbortSignal,
): Promise<Unpacked> {
  return withFile(files, path, async (fd, look) => {
    const packed = createHash('sha256');
    const raw = createHash('sha256');
    let bytes = 0;
    let archiveBytes = 0;
    async function* archive() {
      for await (const piece of piecesOf(files, fd, look.bytes, signal)) {
        archiveBytes += piece.length;
        packed.update(piece);
        yield piece;
      }
    }
    const unpacker = createUnpacker(format, look.bytes);
    const read = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
      for await (const piece of pieces) {
        raw.update(piece);
        bytes += piece.length;
      }
    };
    try {
      await pipeline(archive, unpacker, read, { signal });
    } catch (thrown) {
      const code = errorCode(thrown) ?? '';
      // Node's zstd closes its side where the first frame ends.
      if (code === 'ERR_STREAM_PREMATURE_CLOSE') throw behindFrame();
      if (!/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) throw thrown;
      throw new LeftAlone(`its archive is damaged: ${asError(thrown).message}`);
    }
    if (unpacker.bytesWritten !== archiveBytes || archiveBytes !== look.bytes) throw behindFrame();
    if (!isSame(look, await lookAtOpen(fd))) throw new LeftAlone('its archive changed while it was read');
    return {
      content: { sha256: raw.digest('hex'), bytes },
      archive: { sha256: packed.digest('hex'), bytes: archiveBytes, look },
    };
  });
}

function behindFrame(): LeftAlone {
  return new LeftAlone('its archive cannot be read whole: bytes lie behind its first frame');
}
