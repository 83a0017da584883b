/** Which lines of a long list are drawn: those in view, and some around. */
export interface Span {
  /** The first that is drawn, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** Room of those that are not drawn, before and behind; pixels. */
  readonly before: number;
  readonly behind: number;
}

/** Where each line begins, and where the last one ends; pixels. */
export function offsetsOf(heights: readonly number[]): Float64Array {
  const offsets = new Float64Array(heights.length + 1);
  for (const [at, height] of heights.entries()) offsets[at + 1] = (offsets[at] ?? 0) + height;
  return offsets;
}

/** @param top the first pixel of the list that is in view. @param height how many are. @param around pixels to draw beyond that. */
export function spanOf(offsets: Float64Array, top: number, height: number, around: number): Span {
  const count = offsets.length - 1;
  const total = offsets[count] ?? 0;
  const from = Math.min(count, lineAt(offsets, top - around));
  const to = Math.min(count, lineAt(offsets, top + height + around) + 1);
  return { from, to, before: offsets[from] ?? 0, behind: total - (offsets[to] ?? total) };
}

/** The line that a pixel belongs to; the first for those before, the count for those behind. */
export function lineAt(offsets: Float64Array, pixel: number): number {
  const count = offsets.length - 1;
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle + 1] ?? 0) > pixel) high = middle;
    else low = middle + 1;
  }
  return low;
}
