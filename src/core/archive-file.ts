import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, type Transform } from 'node:stream';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { errorCode } from './result.ts';

/** How a file can be archived, by the name that is added to its own. */
export const ARCHIVE_FORMATS = ['zst', 'gz'] as const;
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

/** Bytes that are compressed or read at a time: with less, Node's own work on each piece shows. */
const PIECE = 1_048_576;

/** What an archive of `path` is called. */
export function archivePath(path: string, format: ArchiveFormat): string {
  return `${path}.${format}`;
}

/** The path without an archive's ending, and which that is; undefined where it has none. */
export function splitArchivePath(
  path: string,
): { readonly path: string; readonly format: ArchiveFormat } | undefined {
  const format = ARCHIVE_FORMATS.find((ending) => path.endsWith(`.${ending}`));
  return format === undefined ? undefined : { path: path.slice(0, -format.length - 1), format };
}

/**
 * Compresses into one frame with its length and its checksum: many readers end behind the first frame without a word.
 * @param level of the compression, of the format's own scale; @param bytes that will come.
 */
export function createPacker(format: ArchiveFormat, level: number, bytes: number): Transform {
  const chunkSize = pieceFor(bytes);
  if (format === 'gz') return createGzip({ level, chunkSize });
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  return createZstdCompress({ chunkSize, pledgedSrcSize: bytes, params });
}

/** How large pieces need be for a file of so many bytes: thousands of small files are not worth a MiB each. */
export function pieceFor(bytes: number): number {
  return Math.min(PIECE, Math.max(4_096, bytes + 1));
}

/**
 * Its `bytesWritten` tells how many bytes of the archive were read: Node's zstd ends behind the first frame.
 * @param bytes of the archive.
 */
export function createUnpacker(
  format: ArchiveFormat,
  bytes: number,
): Transform & { readonly bytesWritten: number } {
  const chunkSize = Math.min(PIECE, 16 * pieceFor(bytes));
  return format === 'gz' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
}

/**
 * The content of a file of which only the archive is there, in pieces; undefined where that is not there either. The pieces end with
 * an error where the archive is damaged.
 */
export async function readArchived(path: string): Promise<AsyncIterable<Buffer> | undefined> {
  for (const format of ARCHIVE_FORMATS) {
    const archive = archivePath(path, format);
    const size = await stat(archive).then(
      (found) => found.size,
      (thrown: unknown) => {
        if (errorCode(thrown) === 'ENOENT') return undefined;
        throw thrown;
      },
    );
    if (size !== undefined) return unpacked(archive, format, size);
  }
  return undefined;
}

async function* unpacked(archive: string, format: ArchiveFormat, size: number): AsyncGenerator<Buffer, void> {
  // An error of either comes out of the pieces.
  yield* pipeline(createReadStream(archive), createUnpacker(format, size), () => {}) as AsyncIterable<Buffer>;
}
