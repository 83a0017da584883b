/** How a stream is cut into parts, by the time of its events. */
export type PartLength = 'minute' | 'hour' | 'day';

export const PART_LENGTHS: readonly PartLength[] = ['minute', 'hour', 'day'];

const LENGTH_MS: Readonly<Record<PartLength, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Parts by event time, or, as a number, by their size in bytes. */
export type PartCut = PartLength | number;

/** Years 1970 to 9999: what an ISO date of four digits can say. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** A stretch of event time, in UTC, that one part holds. */
export interface Period {
  /** `2026-07-04`, `2026-07-04T14`, `2026-07-04T1438`: sorts by time, and names the part. */
  readonly key: string;
  /** Inclusive, milliseconds since 1970 UTC. */
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** The period that a time (milliseconds since 1970 UTC) falls into. Times that no calendar can name count as its nearest end. */
export function periodAt(time: number, length: PartLength): Period {
  const span = LENGTH_MS[length];
  const within = Math.min(Math.max(time, 0), LAST_MS);
  const start = Math.floor(within / span) * span;
  return { key: periodKey(start, length), start, end: start + span };
}

/** The key of a part that is cut by size: when its first event was, and the ordinal of its first line, which no other part has. */
export function sizedKey(time: number, k: number): string {
  const iso = new Date(Math.min(Math.max(time, 0), LAST_MS)).toISOString();
  return `${iso.slice(0, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}-k${k}`;
}

/** Whether a key is one of `sizedKey`. */
export function isSizedKey(key: string): boolean {
  return key.includes('-k');
}

function periodKey(start: number, length: PartLength): string {
  const iso = new Date(start).toISOString();
  if (length === 'day') return iso.slice(0, 10);
  if (length === 'hour') return iso.slice(0, 13);
  return `${iso.slice(0, 13)}${iso.slice(14, 16)}`;
}
