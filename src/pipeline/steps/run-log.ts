import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** What one run printed: its beginning and its end as a file, whatever the amount, and the last lines for messages. */
export interface RunLog {
  take(chunk: Buffer): void;
  /** The last lines, for people. */
  tail(): string;
  /** Writes what is left. Whether there is a file, since anything was printed. */
  close(): boolean;
}

const MOST_BYTES = 1_048_576;
const END_BYTES = 65_536;
const TAIL_CHARACTERS = 600;

/** @param file is made when the first byte comes. A disk that takes no log is no reason to fail: what was printed is then lost. */
export function createRunLog(file: string): RunLog {
  let fd: number | undefined;
  let isBroken = false;
  let written = 0;
  let left = 0;
  let end: Buffer = Buffer.alloc(0);
  const write = (bytes: Buffer | string): void => {
    if (isBroken) return;
    try {
      if (fd === undefined) {
        mkdirSync(dirname(file), { recursive: true });
        fd = openSync(file, 'a', 0o640);
      }
      writeSync(fd, typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    } catch {
      isBroken = true;
    }
  };
  return {
    take(chunk) {
      const room = Math.max(0, MOST_BYTES - written);
      if (room > 0) write(chunk.subarray(0, room));
      written += Math.min(room, chunk.length);
      left += chunk.length - Math.min(room, chunk.length);
      end = Buffer.concat([end, chunk]).subarray(-END_BYTES);
    },
    tail() {
      const text = end.toString('utf8').trimEnd();
      return text.length <= TAIL_CHARACTERS ? text : `…${text.slice(-TAIL_CHARACTERS)}`;
    },
    close() {
      if (left > 0) {
        const skipped = Math.max(0, left - END_BYTES);
        write(`\n… ${skipped} bytes left out …\n`);
        write(end.subarray(-Math.min(left, END_BYTES)));
      }
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
      return written > 0 && !isBroken;
    },
  };
}
