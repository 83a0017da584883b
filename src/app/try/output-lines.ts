import * as fs from 'node:fs';
import * as path from 'node:path';
import { createLineSplitter } from '../../core/lines.ts';
import { capturedLine } from '../../watch/kinds/log-lines.ts';

/** A line that a service printed. */
export interface OutputLine {
  /** When it was taken, wall milliseconds. */
  readonly at: number;
  readonly text: string;
}

const CHUNK = 256 * 1024;
/** As they are captured, with the time and the pipe before them. */
const LONGEST_LINE = 66_000;
/** Of the time that each line begins with, an ISO one. */
const TIME_LENGTH = 24;

/**
 * The lines that were captured of a service, oldest first, from a moment on (wall milliseconds), over all its files. A file that
 * is rotated away meanwhile is read on.
 */
export function* outputLines(file: string, from: number): Generator<OutputLine, void> {
  const since = new Date(from).toISOString();
  for (const each of filesOf(file))
    for (const line of linesOf(each)) {
      if (line.toString('latin1', 0, TIME_LENGTH) < since) continue;
      const captured = capturedLine(line.toString('utf8'));
      if (captured?.at !== undefined) yield { at: captured.at, text: captured.text };
    }
}

/** When the oldest line that is still there was taken; undefined where there is none. */
export function outputBegins(file: string): number | undefined {
  for (const line of outputLines(file, 0)) return line.at;
  return undefined;
}

/** The files of a captured log, oldest first. */
function filesOf(file: string): string[] {
  const prefix = `${path.basename(file)}.`;
  const folder = path.dirname(file);
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const numbers = names
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d{0,5}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
  return [...numbers.toSorted((a, b) => b - a).map((number) => `${file}.${number}`), file];
}

function* linesOf(file: string): Generator<Buffer, void> {
  let handle: number;
  try {
    handle = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch {
    return; // gone meanwhile, or not for us to read
  }
  const lines: Buffer[] = [];
  const splitter = createLineSplitter({
    maxBytes: LONGEST_LINE,
    onLine: (line) => void lines.push(Buffer.from(line)),
  });
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (let length = read(handle, chunk); length > 0; length = read(handle, chunk)) {
      splitter.push(chunk.subarray(0, length));
      yield* lines;
      lines.length = 0;
    }
  } finally {
    fs.closeSync(handle);
  }
}

function read(handle: number, chunk: Buffer): number {
  return fs.readSync(handle, chunk, 0, chunk.length, null);
}
