/** Which rows of a long list are drawn. */

export interface Shown {
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
}

/** Rows above and below what is seen, so that a quick turn of the wheel finds them drawn. */
const OVER = 6;

/** @param top how far it is scrolled; pixels, as the others. */
export function shownRows(top: number, height: number, rowHeight: number, count: number): Shown {
  const seen = Math.ceil(height / rowHeight) + 1;
  const first = Math.max(0, Math.min(Math.floor(top / rowHeight), count - seen) - OVER);
  return { first, end: Math.min(count, first + seen + OVER * 2) };
}

/** How far it has to be scrolled so that a row is seen whole; `top` where it is. */
export function topToShow(index: number, top: number, height: number, rowHeight: number): number {
  const begin = index * rowHeight;
  if (begin < top) return begin;
  return begin + rowHeight > top + height ? begin + rowHeight - height : top;
}

/** Where a key leads; undefined: it is no key of a list. */
export function indexAfter(key: string, index: number, count: number, page: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -count,
    End: count,
  };
  const step = steps[key];
  return step === undefined || count === 0 ? undefined : Math.min(count - 1, Math.max(0, index + step));
}
