import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { readArchived } from '../core/archive-file.ts';
import { asError, errorCode } from '../core/result.ts';
import type { Committed } from './committed.ts';
import { closedPath, type Layout, openPath } from './layout.ts';

/** What was found of one part. */
export interface PartFinding {
  readonly part: string;
  readonly verdict: 'whole' | 'gone' | 'wrong';
  /** What is wrong; empty where nothing is. */
  readonly detail: string;
}

export interface Verification {
  readonly parts: readonly PartFinding[];
  /** Lines in all parts by the books, and the lines that the checkpoint says were ever committed. */
  readonly booked: number;
  readonly committed: number;
}

interface Expected {
  readonly path: string;
  readonly bytes: number;
  readonly lines: number;
  readonly sha256?: string;
}

/**
 * Reads every part again and compares it with manifest and checkpoint: length, lines, order of the numbers, checksum.
 * @param looked is told of each part when it is done, for showing progress.
 */
export async function verifyParts(
  layout: Layout,
  { checkpoint, closed, parts }: Committed,
  looked: (finding: PartFinding) => void,
): Promise<Verification> {
  const findings: PartFinding[] = [];
  const sums = new Map(closed.map((line) => [line.part, line.sha256]));
  for (const part of parts) {
    const sha256 = sums.get(part.name);
    const path = join(layout.root, part.closed ? closedPath(part.name) : openPath(part.name));
    const expected = {
      path,
      bytes: part.bytes,
      lines: part.lines,
      ...(sha256 === undefined ? {} : { sha256 }),
    };
    const finding = { part: part.name, ...(await examine(expected)) };
    findings.push(finding);
    looked(finding);
  }
  const booked = parts.reduce((sum, part) => sum + part.lines, 0);
  return { parts: findings, booked, committed: checkpoint.k };
}

/** What was committed of a part, so that an open one can be looked at while it grows; of an archived one, what is in its archive. */
async function* committedPieces({ path, bytes }: Expected): AsyncGenerator<Buffer, void> {
  if (bytes === 0) return;
  try {
    yield* createReadStream(path, { end: bytes - 1 }) as AsyncIterable<Buffer>;
  } catch (error) {
    const archived = errorCode(error) === 'ENOENT' ? await readArchived(path) : undefined;
    if (archived === undefined) throw error;
    yield* archived;
  }
}

/** Reads a part and compares it. */
async function examine(expected: Expected): Promise<Omit<PartFinding, 'part'>> {
  const hash = createHash('sha256');
  const counter = createLineCounter();
  let bytes = 0;
  try {
    for await (const chunk of committedPieces(expected)) {
      hash.update(chunk);
      counter.read(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { verdict: 'gone', detail: 'its file is not here any more' };
    return { verdict: 'wrong', detail: `cannot read it: ${asError(error).message}` };
  }
  const wrong = (detail: string) => ({ verdict: 'wrong', detail }) as const;
  if (bytes !== expected.bytes) return wrong(`it has ${bytes} bytes of ${expected.bytes}`);
  if (counter.lines() !== expected.lines)
    return wrong(`it has ${counter.lines()} lines of ${expected.lines}`);
  if (counter.trouble() !== undefined) return wrong(counter.trouble() as string);
  if (expected.sha256 !== undefined && hash.digest('hex') !== expected.sha256)
    return wrong('its checksum is another');
  return { verdict: 'whole', detail: '' };
}

const PREFIX = '{"seq":';
const LONGEST_HEAD = PREFIX.length + 17;

/** Counts lines and looks whether their numbers rise, without taking the lines apart. */
function createLineCounter() {
  let lines = 0;
  let last = -1;
  let trouble: string | undefined;
  let head = '';
  const end = (): void => {
    lines += 1;
    const seq = Number.parseInt(head.slice(PREFIX.length), 10);
    if (!head.startsWith(PREFIX) || Number.isNaN(seq)) trouble ??= `line ${lines} has no number`;
    else if (seq < last) trouble ??= `line ${lines} has the number ${seq} after ${last}`;
    else last = seq;
    head = '';
  };
  return {
    read(chunk: Buffer): void {
      let start = 0;
      while (start < chunk.length) {
        const newline = chunk.indexOf(10, start);
        const stop = newline === -1 ? chunk.length : newline;
        if (head.length < LONGEST_HEAD) {
          head += chunk.toString('latin1', start, Math.min(stop, start + LONGEST_HEAD - head.length));
        }
        if (newline === -1) return;
        end();
        start = newline + 1;
      }
    },
    lines: () => lines,
    trouble: () => trouble,
  };
}
