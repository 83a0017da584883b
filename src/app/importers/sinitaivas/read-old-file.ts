import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { asError, errorCode } from '../../../core/result.ts';

const CHUNK = 1_048_576;
/** Longer lines cannot be: a record has 2 MB at most, and escaping makes it six times as long. Of what is longer only the end is kept. */
const LONGEST_LINE = 33_554_432;
const NEWLINE = 0x0a;

export interface FileContent {
  /** Of the file as it lies there. */
  readonly bytes: number;
  readonly sha256: string;
  /** Of what it holds: unpacked, where it is packed. */
  readonly contentBytes: number;
  /** Why its packed content could not be read to the end; what came before counts. */
  readonly broken: string | undefined;
}

export interface ReadOptions {
  readonly path: string;
  readonly gzip: boolean;
  /** Told of the bytes read, as they lie on the disk. */
  readonly progress: (bytes: number) => void;
}

/**
 * Reads a file once, from beginning to end, with memory for a few pieces of it.
 * @param take gets the content, unpacked; synchronous, so that nothing waits in between when an archive breaks off.
 * Rejects with the system's error.
 */
export function readContent(options: ReadOptions, take: (content: Buffer) => void): Promise<FileContent> {
  const { path, gzip, progress } = options;
  const hash = createHash('sha256');
  let bytes = 0;
  let contentBytes = 0;
  let broken: string | undefined;
  return new Promise((resolve, reject) => {
    const source = createReadStream(path, { highWaterMark: CHUNK });
    const fail = (thrown: unknown): void => {
      source.destroy();
      unpack?.destroy();
      reject(asError(thrown));
    };
    const use = (content: Buffer): void => {
      contentBytes += content.length;
      try {
        take(content);
      } catch (thrown) {
        fail(thrown);
      }
    };
    let open = gzip ? 2 : 1;
    const end = (): void => {
      open -= 1;
      if (open === 0) resolve({ bytes, sha256: hash.digest('hex'), contentBytes, broken });
    };
    const unpack = gzip ? createGunzip({ chunkSize: CHUNK }) : undefined;
    unpack?.on('data', use).on('end', end);
    unpack?.on('error', (error) => {
      if (!errorCode(error)?.startsWith('Z_')) return fail(error);
      broken = error.message;
      // The rest is still read, for the checksum.
      source.unpipe(unpack);
      source.resume();
      end();
    });
    source.on('data', (piece) => {
      const data = piece as Buffer;
      bytes += data.length;
      hash.update(data);
      progress(data.length);
      if (!gzip) use(data);
    });
    source.on('error', fail).on('end', end);
    if (unpack !== undefined) source.pipe(unpack);
  });
}

/** A line without its newline; the buffer is only valid during the call. */
export type TakeLine = (
  line: Buffer,
  place: { readonly offset: number; readonly end: number; readonly ended: boolean },
) => void;

/** Reads a file line by line; what is behind the last newline comes too, with `ended` false. Offsets are those of the content. */
export async function readOldLines(options: ReadOptions, take: TakeLine): Promise<FileContent> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let dropped = 0;
  let offset = 0;
  const give = (line: Buffer, length: number, ended: boolean): void => {
    const end = offset + length + (ended ? 1 : 0);
    take(line, { offset, end, ended });
    offset = end;
  };
  const flush = (ended: boolean): void => {
    const line = rest.length === 1 ? (rest[0] as Buffer) : Buffer.concat(rest);
    const length = restBytes + dropped;
    rest = [];
    restBytes = 0;
    dropped = 0;
    give(line, length, ended);
  };
  const keep = (piece: Buffer): void => {
    rest.push(piece);
    restBytes += piece.length;
    while (restBytes > LONGEST_LINE && rest.length > 1) {
      const gone = (rest.shift() as Buffer).length;
      restBytes -= gone;
      dropped += gone;
    }
  };
  const content = await readContent(options, (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      start = end + 1;
      if (restBytes === 0) {
        give(piece, piece.length, true);
      } else {
        keep(piece);
        flush(true);
      }
    }
    if (start < chunk.length) keep(Buffer.from(chunk.subarray(start)));
  });
  if (restBytes > 0) flush(false);
  return content;
}
