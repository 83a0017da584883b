import { createReadStream } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { FIRST_SEQ } from './prepared-stream.ts';

/** What lies in the files of a contestant, beside what the stream had. */
export interface Findings {
  readonly lines: number;
  readonly expected: number;
  readonly missing: number;
  readonly doubled: number;
  /** Lines that are no JSON that begins with a number of the stream. */
  readonly broken: number;
  /** The first lines' content, by `seq` and place in it; without when they were received. */
  readonly sample: ReadonlyMap<string, unknown>;
}

/** Lines of so many frames are kept, to compare what they say. */
const SAMPLE_FRAMES = 4_000;
const SEQ = /^\{"seq":(\d{1,16}),/;

/** Counts the lines of each number. `linesOf` says how many a frame of the pool makes. */
export async function checkLines(
  files: readonly string[],
  frames: number,
  linesOf: readonly number[],
): Promise<Findings> {
  const counts = new Uint32Array(frames);
  const sample = new Map<string, unknown>();
  let lines = 0;
  let broken = 0;
  for (const file of files) {
    for await (const line of linesIn(file)) {
      lines += 1;
      const place = Number(SEQ.exec(line)?.[1] ?? Number.NaN) - FIRST_SEQ;
      if (!(place >= 0 && place < frames) || !line.endsWith('}')) {
        broken += 1;
        continue;
      }
      const nth = (counts[place] as number)++;
      if (place < SAMPLE_FRAMES) sample.set(`${place}/${nth}`, contentOf(line));
    }
  }
  let [expected, missing, doubled] = [0, 0, 0];
  for (const [place, count] of counts.entries()) {
    const right = linesOf[place % linesOf.length] as number;
    expected += right;
    missing += Math.max(0, right - count);
    doubled += Math.max(0, count - right);
  }
  return { lines, expected, missing, doubled, broken, sample };
}

/** A line's content without `received`, and with no times of its own: those differ from trial to trial. */
function contentOf(line: string): unknown {
  return JSON.parse(line, (key, value: unknown) =>
    key === 'received' || key === 'time' ? undefined : value,
  );
}

/** How many lines of a sample say the same as the reference, or less, and how the first one does not say the same. */
export function compare(
  sample: ReadonlyMap<string, unknown>,
  reference: ReadonlyMap<string, unknown>,
): {
  readonly same: number;
  readonly less: number;
  readonly of: number;
  readonly example: string | undefined;
} {
  let [same, less] = [0, 0];
  let example: string | undefined;
  for (const [key, value] of sample) {
    const right = reference.get(key);
    if (isDeepStrictEqual(value, right)) {
      same += 1;
      continue;
    }
    if (isPart(value, right)) less += 1;
    example ??= `${JSON.stringify(value)} instead of ${JSON.stringify(right)}`;
  }
  return { same, less, of: reference.size, example };
}

/** Whether a value says nothing else than the other, and perhaps less: members are left out. */
function isPart(value: unknown, whole: unknown): boolean {
  if (typeof value !== 'object' || typeof whole !== 'object' || value === null || whole === null)
    return value === whole;
  const members = Object.entries(value);
  return members.every(([key, inner]) => isPart(inner, (whole as Record<string, unknown>)[key]));
}

/** The lines of a file; a last one that is not over comes too. */
async function* linesIn(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1_048_576 })) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
