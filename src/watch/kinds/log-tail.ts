import * as fs from 'node:fs';
import { errorCode } from '../../core/result.ts';

/** The end of a log file. */
export interface Tail {
  readonly inode: number;
  readonly size: number;
  /** Wall milliseconds. */
  readonly mtime: number;
  /** Whole lines, oldest first. The last one that has no newline yet is not among them. */
  readonly lines: readonly TailLine[];
  /** Where the last whole line ends, bytes. */
  readonly end: number;
}

export interface TailLine {
  /** Where it begins, bytes. */
  readonly offset: number;
  readonly text: string;
}

/** Of a longer file only so much of its end is looked at. */
const MOST_BYTES = 1_048_576;
const NEWLINE = 0x0a;

/** Reads the lines of a file from the byte `from` on, but no more than its last MiB. Undefined where there is no file. @throws Node's system error. */
export async function readTail(file: string, from: (stat: fs.Stats) => number): Promise<Tail | undefined> {
  let handle: fs.promises.FileHandle;
  try {
    handle = await fs.promises.open(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error('it is no regular file');
    const wanted = Math.min(from(stat), stat.size);
    const start = Math.max(wanted, stat.size - MOST_BYTES);
    const buffer = Buffer.allocUnsafe(stat.size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const bytes = buffer.subarray(0, bytesRead);
    const { lines, end } = splitTail(bytes, start, start > wanted);
    return { inode: stat.ino, size: stat.size, mtime: Math.floor(stat.mtimeMs), lines, end };
  } finally {
    await handle.close();
  }
}

/** The whole lines of some bytes; where `torn`, they begin somewhere in a line, which is left out. */
export function splitTail(bytes: Buffer, start: number, torn: boolean): Pick<Tail, 'lines' | 'end'> {
  const lines: TailLine[] = [];
  let at = torn ? bytes.indexOf(NEWLINE) + 1 : 0;
  if (torn && at === 0) return { lines, end: start + bytes.length };
  for (let end = bytes.indexOf(NEWLINE, at); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
    const text = bytes.toString('utf8', at, end > at && bytes[end - 1] === 0x0d ? end - 1 : end);
    if (text !== '') lines.push({ offset: start + at, text });
    at = end + 1;
  }
  return { lines, end: start + at };
}
