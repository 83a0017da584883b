import type { Files } from '../core/files.ts';
import { asError, errorCode } from '../core/result.ts';
import type { Spool, SpooledMessage } from '../core/source.ts';
import type { Room } from './room.ts';

/** What waits in memory for its write; over this, whoever puts has to pause. */
const WAITING_BYTES = 1_048_576;
/** What is read at once. */
const READ_BYTES = 262_144;
/** Of an entry: its length (4), whether it is binary (1), when it was received, milliseconds (8). */
const HEAD_BYTES = 13;

export interface SpoolOptions {
  readonly files: Files;
  readonly path: string;
  /** Bytes that the file may take. */
  readonly most: number;
  readonly room: Room;
}

/**
 * A spool in one file that is emptied when all of it was read. It is no part of what is committed: nothing in it is synced, and
 * a file that is left over from a killed process is thrown away, since the stream is asked again for what was not committed.
 */
export interface SpoolFile extends Spool {
  /** Throws away what a killed process left. */
  discard(): Promise<void>;
  close(): Promise<void>;
}

export function createSpool(options: SpoolOptions): SpoolFile {
  const file = createQueueFile(options);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  /** The file may grow no more until it is empty: what waits stays in memory. */
  let full = false;
  let writing: Promise<void> | undefined;
  let failure: Error | undefined;
  let release: (() => void)[] = [];

  const tookOut = (count: number, bytes: number): void => {
    waiting = waiting.slice(count);
    waitingBytes -= bytes;
    for (const go of release) go();
    release = [];
  };

  const write = async (): Promise<void> => {
    while (waiting.length > 0 && !full) {
      const { length } = waiting;
      const data = Buffer.concat(waiting);
      if (await file.append(data)) tookOut(length, data.length);
      else full = true;
    }
  };

  const guarded = (work: Promise<void>): Promise<void> =>
    work
      .catch((error: unknown) => {
        // Told to whoever reads.
        failure = asError(error);
      })
      .finally(() => (writing = undefined));

  const settled = async (): Promise<void> => {
    for (let work = writing; work !== undefined; work = writing) await work;
    if (failure !== undefined) throw failure;
  };

  return {
    put(message) {
      const entry = encode(message);
      waiting.push(entry);
      waitingBytes += entry.length;
      writing ??= guarded(write());
      return waitingBytes < WAITING_BYTES;
    },
    room: () =>
      waitingBytes < WAITING_BYTES ? Promise.resolve() : new Promise((resolve) => release.push(resolve)),
    async next() {
      await settled();
      if (file.size() > 0) return file.read();
      // Nothing may be written while the file is emptied, nor what is taken from memory here.
      writing = guarded(file.empty());
      await settled();
      full = false;
      const { messages } = decode(Buffer.concat(waiting));
      tookOut(waiting.length, waitingBytes);
      return messages;
    },
    size: () => file.size() + waitingBytes,
    discard: () => removeIfThere(options.files, options.path),
    async close() {
      await writing;
      await file.close();
    },
  };
}

/** The file of a spool: grows at its end, is read from its beginning, and takes no room when it is empty. */
function createQueueFile({ files, path, most, room }: SpoolOptions) {
  let fd: number | undefined;
  let from = 0;
  let to = 0;
  return {
    size: () => to - from,
    /** Whether the disk took it. Only a lack of room is expected: any other trouble rejects. */
    async append(data: Buffer): Promise<boolean> {
      if (to + data.length > most || (await room.free()) < room.floor + data.length) return false;
      try {
        fd ??= await openAnew(files, path);
        await files.write(fd, data, to);
      } catch (error) {
        const code = errorCode(error);
        if (code === 'ENOSPC' || code === 'EDQUOT') return false;
        throw error;
      }
      to += data.length;
      return true;
    },
    /** The oldest messages; there must be some. */
    async read(): Promise<readonly SpooledMessage[]> {
      if (fd === undefined) return [];
      let data = await files.read(fd, from, Math.min(READ_BYTES, to - from));
      const first = HEAD_BYTES + data.readUInt32LE(0);
      if (first > data.length) data = await files.read(fd, from, first);
      const { messages, bytes } = decode(data);
      from += bytes;
      return messages;
    },
    async empty(): Promise<void> {
      if (fd !== undefined && to > 0) await files.truncate(fd, 0);
      from = 0;
      to = 0;
    },
    async close(): Promise<void> {
      if (fd === undefined) return;
      await files.close(fd);
      await files.unlink(path);
    },
  };
}

async function openAnew(files: Files, path: string): Promise<number> {
  await removeIfThere(files, path);
  return files.open(path, 'create');
}

async function removeIfThere(files: Files, path: string): Promise<void> {
  await files.unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}

function encode({ data, binary, received }: SpooledMessage): Buffer {
  const entry = Buffer.allocUnsafe(HEAD_BYTES + data.length);
  entry.writeUInt32LE(data.length, 0);
  entry.writeUInt8(binary ? 1 : 0, 4);
  entry.writeDoubleLE(received, 5);
  entry.set(data, HEAD_BYTES);
  return entry;
}

/** The whole entries at the beginning of `data`, and how many bytes they take. */
function decode(data: Buffer): { readonly messages: SpooledMessage[]; readonly bytes: number } {
  const messages: SpooledMessage[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= data.length) {
    const end = at + HEAD_BYTES + data.readUInt32LE(at);
    if (end > data.length) break;
    messages.push({
      data: data.subarray(at + HEAD_BYTES, end),
      binary: data.readUInt8(at + 4) === 1,
      received: data.readDoubleLE(at + 5),
    });
    at = end;
  }
  return { messages, bytes: at };
}
