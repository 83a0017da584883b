import type { Row } from '../../../../src/client/types.ts';
import { place } from './range.ts';

/** Records of one lane that stand so near each other that they are one mark. */
export interface Mark {
  readonly x: number;
  /** The worst of them. */
  readonly level: number;
  readonly count: number;
  /** The worst of them, the newest of those. */
  readonly row: Row;
}

/** Nearer than this is one mark; pixels. */
const NEAR = 9;

/** @param rows of one lane, the newest first. @param width of the whole chart, pixels. */
export function marksOf(
  rows: readonly Row[],
  range: { readonly since: number; readonly until: number },
  width: number,
): readonly Mark[] {
  const marks: Mark[] = [];
  for (const row of rows) {
    const at = row.time / 1000;
    if (at < range.since || at > range.until) continue;
    const x = place(at, range, width);
    const last = marks.at(-1);
    if (last === undefined || last.x - x >= NEAR) marks.push({ x, level: row.level, count: 1, row });
    else {
      const worse = row.level > last.level ? { level: row.level, row } : {};
      marks[marks.length - 1] = { ...last, count: last.count + 1, ...worse };
    }
  }
  return marks;
}
