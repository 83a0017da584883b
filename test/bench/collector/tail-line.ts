import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES = 16_384;

/** The last whole line of a file, undefined where it has none, or is not there. */
export function lastWholeLine(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(TAIL_BYTES, size));
    readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    const text = buffer.toString('utf8');
    const end = text.lastIndexOf('\n');
    return end < 1 ? undefined : text.slice(text.lastIndexOf('\n', end - 1) + 1, end);
  } finally {
    closeSync(fd);
  }
}
