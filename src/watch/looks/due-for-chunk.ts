import type { OpenSeries } from './open-series.ts';

/** A series goes to a chunk after so long, or so many bytes. */
const CHUNK_MS = 3_600_000;
const CHUNK_BYTES = 64 * 1024;
/** So many chunks are made at once; with more series, as many as it takes for each to come to its turn twice an hour. */
const CHUNKS_AT_ONCE = 16;

/**
 * What has waited in the journal for long, the oldest first, and no more than is made in little time.
 * @param now wall milliseconds.
 * @param everyMs how often it is asked.
 */
export function dueForChunk(
  open: readonly OpenSeries[],
  now: number,
  everyMs: number,
): readonly OpenSeries[] {
  const turns = CHUNK_MS / everyMs / 2;
  const most = Math.max(CHUNKS_AT_ONCE, Math.ceil(open.length / turns));
  return open
    .filter(
      ({ from, span, bytes }) =>
        from !== undefined && (Math.abs(now - span.first) >= CHUNK_MS || bytes >= CHUNK_BYTES),
    )
    .toSorted((a, b) => a.span.first - b.span.first)
    .slice(0, most);
}
