import { err, ok, type Result } from '../../core/result.ts';
import { createMatcher } from './match.ts';
import type { HubPage, HubQuery, Place } from './query.ts';
import type { HubRow } from './row.ts';
import { countIn, scanNewestFirst, type Scan, type ScannedBucket } from './scan.ts';
import {
  type BlockCache,
  type BlockSource,
  type Budget,
  createBlockCache,
  type Damage,
  search,
} from './search.ts';

const HIGHEST_LIMIT = 10_000;
/** Units of UTF-16: what is answered at a time has to be held. */
export const MOST_TEXT = 8 * 1024 * 1024;
/** Unpacked blocks, where the caller keeps none. */
const CACHE_BYTES = 16 * 1024 * 1024;

/** The newest records that match, behind a place. The error is a clause: what of the query cannot be used. */
export function readNewest(
  buckets: readonly ScannedBucket[],
  query: HubQuery,
  budget: Budget,
  damage: Damage,
  cache: BlockCache = createBlockCache(CACHE_BYTES),
): Result<HubPage, string> {
  const { limit, behind } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > HIGHEST_LIMIT)
    return err(`its limit ${limit} is not from 1 to ${HIGHEST_LIMIT}`);
  const since = query.since ?? -Infinity;
  const until = untilBehind(query.until, behind);
  const made = createMatcher({ ...query, since, until });
  if (!made.ok) return made;
  const [from, to] = [toSql(since), toSql(until)];
  const rows: HubRow[] = [];
  const visit = takeInto(rows, limit);
  const source = newestSource(scanNewestFirst(buckets, from, to), to);
  const { place, cut } = search({
    order: 'newest',
    source,
    matcher: made.value,
    behind,
    budget,
    cache,
    damage,
    visit,
  });
  const of = countIn(buckets, from, to);
  const left = place === null ? 0 : countIn(buckets, from, toSql(place.time + 1));
  return ok({ rows, next: place, cut, scanned: Math.max(0, of - left), of });
}

/** The moment of the place itself may have rows behind it. */
export function untilBehind(until: number | undefined, behind: Place | undefined): number {
  return Math.min(until ?? Infinity, behind === undefined ? Infinity : behind.time + 1);
}

/** Takes rows until there are so many, or their text is much. */
export function takeInto(rows: HubRow[], limit: number): Parameters<typeof search>[0]['visit'] {
  let text = 0;
  return (block, index) => {
    const row = block.row(index);
    rows.push(row);
    text += row.message.length + row.fields.length;
    return rows.length < limit && text < MOST_TEXT;
  };
}

/** @param until only what happened before it is asked for. */
export function newestSource(scan: Scan, until: number): BlockSource {
  return {
    peek() {
      const latest = scan.peek();
      return latest === undefined
        ? undefined
        : { time: Math.min(latest, until - 1), position: Number.MAX_SAFE_INTEGER };
    },
    take: () => scan.take(),
  };
}

/** A moment as SQLite can have it. */
export function toSql(time: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, time));
}
