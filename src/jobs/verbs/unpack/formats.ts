import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorCode } from '../../../core/result.ts';
import type { Files } from '../../../core/files.ts';
import { piecesOf } from '../../files/content.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { ProgramFailed, programOutput, type Programs } from '../../program.ts';
import { damaged, type Entry } from './entry.ts';
import { readTar } from './tar.ts';
import { readZip } from './zip.ts';

type Format = 'zip' | 'tar' | 'gz' | 'zst' | 'xz' | 'bzip2';

/** What an archive is, by the ending of its name; the longest first. */
export const FORMATS: Readonly<Record<string, Format>> = {
  '.tar.bz2': 'bzip2',
  '.tar.zst': 'zst',
  '.tar.gz': 'gz',
  '.tar.xz': 'xz',
  '.tbz2': 'bzip2',
  '.tzst': 'zst',
  '.tgz': 'gz',
  '.txz': 'xz',
  '.tar': 'tar',
  '.zip': 'zip',
};

/** The path without its ending, and what that says; undefined where it is none of an archive. */
export function splitName(path: string): { readonly path: string; readonly format: Format } | undefined {
  const lower = path.toLowerCase();
  for (const [ending, format] of Object.entries(FORMATS)) {
    const own = path.slice(0, -ending.length);
    if (lower.endsWith(ending) && own !== '' && !own.endsWith('/')) return { path: own, format };
  }
  return undefined;
}

export interface Source {
  readonly files: Files;
  readonly fd: number;
  /** Bytes. */
  readonly size: number;
  readonly format: Format;
  /** Entries that are unpacked at the most. */
  readonly most: number;
  /** Bytes that may come out of a compressed tar file, with all that is no file's content. */
  readonly mostBytes: number;
  readonly programs: Programs;
}

/**
 * The entries of an archive, one after the other.
 * @throws LeftAlone where it is damaged or holds what is never unpacked; the reason of the signal.
 */
export async function* readEntries(source: Source): AsyncGenerator<Entry, void> {
  for await (const entry of explained(entriesOf(source)))
    yield { ...entry, content: () => explained(entry.content()) };
}

async function* entriesOf(source: Source): AsyncGenerator<Entry, void> {
  const { files, fd, size, format, most, mostBytes, programs } = source;
  if (format === 'zip') {
    yield* readZip(files, fd, size, most, programs.signal);
    return;
  }
  const pieces = limited(unpacked(source), mostBytes);
  try {
    yield* readTar(pieces);
    // To its end: what a compressor says of the whole is known only there.
    for await (const piece of pieces) void piece;
  } finally {
    // Who stops early leaves no decompressor at work.
    await pieces.return();
  }
}

/** The tar file that is in it. A generator that is not read to its end is the same one when it is read again. */
async function* unpacked({ files, fd, size, format, programs }: Source): AsyncGenerator<Buffer, void> {
  const raw = () => piecesOf(files, fd, size, programs.signal);
  if (format === 'tar') yield* raw();
  else if (format === 'gz' || format === 'zst') {
    const unpacker = format === 'gz' ? createGunzip() : createZstdDecompress();
    // An error of either comes out of the pieces.
    yield* pipeline(raw, unpacker, () => {}) as AsyncIterable<Buffer>;
    if (unpacker.bytesWritten < size) throw damaged('bytes lie behind the end of what is compressed');
  } else {
    const own = format === 'xz' ? ['--memlimit-decompress=512MiB'] : [];
    yield* programOutput([format, '-dc', ...own, '--', `/proc/${process.pid}/fd/${fd}`], programs);
  }
}

async function* limited(pieces: AsyncGenerator<Buffer, void>, most: number): AsyncGenerator<Buffer, void> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > most)
      throw new LeftAlone('more comes out of it than its entries can be (max-bytes, max-ratio)');
    yield piece;
  }
}

/** The errors of decompressors become reasons why an archive is left. */
async function* explained<T>(all: AsyncIterable<T>): AsyncGenerator<T, void> {
  try {
    yield* all;
  } catch (thrown) {
    throw reasonOf(thrown);
  }
}

function reasonOf(thrown: unknown): unknown {
  if (thrown instanceof ProgramFailed)
    return thrown.message.startsWith('cannot start')
      ? new LeftAlone(thrown.message)
      : damaged(thrown.message);
  const code = errorCode(thrown) ?? '';
  if (code === 'ERR_STREAM_PREMATURE_CLOSE') return damaged('bytes lie behind the end of what is compressed');
  return /^(Z_|ZSTD_|ERR_ZSTD)/.test(code) ? damaged((thrown as Error).message) : thrown;
}
