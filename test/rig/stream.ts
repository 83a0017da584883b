import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StreamEvent } from '../../src/core/source.ts';

/** An event as a source would hand it over, with `lines` lines. */
export function testEvent(seq: number, time: number, lines = 1, kind = 'commit'): StreamEvent {
  const texts = Array.from({ length: lines }, (_, i) => ({
    head: `{"seq":${seq},"time":"${new Date(time).toISOString()}","received":"`,
    tail: `","op":${i},"of":${lines}}\n`,
  }));
  return { seq, time, kind, lines: texts };
}

export interface FoundLine {
  readonly part: string;
  readonly seq: number;
  readonly op: number;
}

/**
 * The oracle's eyes: every line that lies in any part below a folder, open parts included, in the order of the files.
 * Throws at a half line. Vahti's own folder is left out.
 */
export function linesBelow(root: string): FoundLine[] {
  const found: FoundLine[] = [];
  for (const day of readdirSync(root).sort()) {
    if (day.startsWith('.')) continue;
    for (const file of readdirSync(join(root, day)).sort()) {
      const text = readFileSync(join(root, day, file), 'utf8');
      if (text !== '' && !text.endsWith('\n')) throw new Error(`half a line at the end of ${day}/${file}`);
      for (const line of text.split('\n').slice(0, -1)) {
        const { seq, op } = JSON.parse(line) as { seq: number; op: number };
        found.push({ part: `${day}/${file}`, seq, op });
      }
    }
  }
  return found;
}
