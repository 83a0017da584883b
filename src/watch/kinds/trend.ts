/** How a figure changes over a window of time: samples, no more than a few hundred, and the line through them. */

export interface Sample {
  /** Wall milliseconds. */
  readonly at: number;
  readonly value: number;
}

/** A window holds no more samples than about this. */
const MOST_SAMPLES = 240;

/**
 * Adds a sample and drops what is before the window, but for the last of it, so that a full window is spanned. Samples that
 * follow each other too quickly replace the one before. A clock that steps back begins anew.
 */
export function withSample(samples: readonly Sample[], sample: Sample, windowMs: number): readonly Sample[] {
  const last = samples.at(-1);
  if (last !== undefined && sample.at < last.at) return [sample];
  const beforeLast = samples.at(-2);
  const crowded = beforeLast !== undefined && sample.at - beforeLast.at < windowMs / MOST_SAMPLES;
  const all = [...(crowded ? samples.slice(0, -1) : samples), sample];
  const start = all.findLastIndex(({ at }) => at <= sample.at - windowMs);
  return start > 0 ? all.slice(start) : all;
}

/** Milliseconds from the first sample to the last. */
export function spanned(samples: readonly Sample[]): number {
  return (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0);
}

/** The slope of the line through the samples (least squares), per millisecond; 0 where there are not two moments. */
export function slope(samples: readonly Sample[]): number {
  const first = samples[0];
  if (first === undefined) return 0;
  const n = samples.length;
  // From the first sample on, so that squares of wall time lose no digits.
  const xs = samples.map(({ at }) => at - first.at);
  const ys = samples.map(({ value }) => value - first.value);
  const meanX = xs.reduce((sum, x) => sum + x, 0) / n;
  const meanY = ys.reduce((sum, y) => sum + y, 0) / n;
  let products = 0;
  let squares = 0;
  for (const [index, x] of xs.entries()) {
    products += (x - meanX) * ((ys[index] ?? 0) - meanY);
    squares += (x - meanX) ** 2;
  }
  return squares === 0 ? 0 : products / squares;
}
