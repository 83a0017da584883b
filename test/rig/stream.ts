import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PendingEvent } from '../../src/collect/pending.ts';
import type { StreamEvent } from '../../src/core/source.ts';

/** An event as a source would hand it over, with `lines` lines. */
export function testEvent(seq: number, time: number, lines = 1, kind = 'commit'): StreamEvent {
  const texts = Array.from({ length: lines }, (_, i) => ({
    head: `{"seq":${seq},"time":"${new Date(time).toISOString()}","received":"`,
    tail: `","op":${i},"of":${lines}}\n`,
  }));
  return { seq, time, kind, lines: texts };
}

/** An event as the intake hands it on, for a test that has none. */
export function pendingEvent(event: StreamEvent, received: number): PendingEvent {
  const text = event.lines.map(({ head, tail }) => `${head}${new Date(received).toISOString()}${tail}`);
  const chunk = Buffer.from(text.join(''));
  const { seq, time, kind, mark, lines } = event;
  const taken = { seq, time, kind, mark, lines: lines.length, chunk, start: 0, end: chunk.length };
  return { event: taken, received, jumped: 0 };
}

export interface FoundLine {
  readonly part: string;
  readonly seq: number;
  readonly op: number;
}

/** A line of `testEvent`, or one that the real program made of a frame of `testFrames`. */
interface TestLine {
  readonly seq: number;
  readonly op?: number;
  readonly commit?: { readonly record: { readonly op: number } };
}

/** A line as it lies in a part. */
interface LyingLine {
  readonly part: string;
  readonly text: string;
}

/**
 * Every line that lies in any part below a folder, open parts included, in the order of the files. Throws at a half line. Vahti's own
 * folder is left out.
 */
export function textsBelow(root: string): LyingLine[] {
  const found: LyingLine[] = [];
  for (const day of readdirSync(root).sort()) {
    if (day.startsWith('.')) continue;
    for (const file of readdirSync(join(root, day)).sort()) {
      const text = readFileSync(join(root, day, file), 'utf8');
      if (text !== '' && !text.endsWith('\n')) throw new Error(`half a line at the end of ${day}/${file}`);
      for (const line of text.split('\n').slice(0, -1)) found.push({ part: `${day}/${file}`, text: line });
    }
  }
  return found;
}

/** The oracle's eyes: the lines of `testEvent` and `testFrames` that lie below a folder. */
export function linesBelow(root: string): FoundLine[] {
  return textsBelow(root).map(({ part, text }) => {
    const parsed = JSON.parse(text) as TestLine;
    return { part, seq: parsed.seq, op: parsed.op ?? parsed.commit?.record.op ?? 0 };
  });
}
