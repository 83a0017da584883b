import type { Clock } from '../../core/clock.ts';
import { err, ok, type Result } from '../../core/result.ts';
import { number } from '../../core/sqlite.ts';
import { BLOCK, BLOCK_COLUMNS } from './bucket.ts';
import { countByMinute, decodeCounts, type MinuteCount } from './counts.ts';
import { BlockDamagedError, openBlock } from './decode.ts';
import { createMatcher, type Matcher } from './match.ts';
import { type HubFilter, type HubPage, type HubQuery, newestFirst, type Place } from './query.ts';
import type { HubRow } from './row.ts';
import {
  countIn,
  dataOf,
  extraOf,
  type FoundBlock,
  scanNewestFirst,
  type Scan,
  type ScannedBucket,
  toBlock,
} from './scan.ts';

/** How long an answer may take. */
export interface Budget {
  readonly clock: Clock;
  readonly ms: number;
}

/** What a read met that should not be: a damaged block is left out, and told. */
export type Damage = (message: string) => void;

const HIGHEST_LIMIT = 10_000;

/** The newest records that match, behind a place. The error is a clause: what of the query cannot be used. */
export function readNewest(
  buckets: readonly ScannedBucket[],
  query: HubQuery,
  budget: Budget,
  damage: Damage,
): Result<HubPage, string> {
  const { limit } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > HIGHEST_LIMIT)
    return err(`its limit ${limit} is not from 1 to ${HIGHEST_LIMIT}`);
  const since = query.since ?? -Infinity;
  // The moment of the place itself may have rows behind it.
  const until = Math.min(
    query.until ?? Infinity,
    query.behind === undefined ? Infinity : query.behind.time + 1,
  );
  const made = createMatcher({ ...query, since, until });
  if (!made.ok) return made;
  const [from, to] = [toSql(since), toSql(until)];
  const scan = scanNewestFirst(buckets, from, to);
  const end = budget.clock.monotonic() + budget.ms;
  let found: HubRow[] = [];
  let scanned = 0;
  /** Everything that happened behind it was seen. */
  let floor: number | undefined;
  for (let latest = nextMoment(scan, to); latest !== undefined; latest = nextMoment(scan, to)) {
    if (found.length >= limit && (found[limit - 1]?.time ?? 0) > latest) break;
    // What ends at one moment is looked at together, so that the next call begins behind it.
    if (floor !== latest && floor !== undefined && budget.clock.monotonic() >= end)
      return ok(cutPage(found, latest, limit, { scanned, of: countIn(buckets, from, to) }));
    const block = scan.take();
    scanned += block.count;
    found = merge(found, rowsOf(block, made.value, query.behind, damage), limit);
    floor = latest;
  }
  const isAll = found.length < limit && scan.peek() === undefined;
  const last = found.at(-1);
  const next = isAll || last === undefined ? null : { time: last.time, position: last.position };
  return ok({ rows: found, next, cut: false, scanned, of: countIn(buckets, from, to) });
}

/** When the newest that the next block may add happened. @param until only what happened before it is asked for. */
function nextMoment(scan: Scan, until: number): number | undefined {
  const latest = scan.peek();
  return latest === undefined ? undefined : Math.min(latest, until - 1);
}

/** The budget is used up: only what is newer than all that was not looked at is an answer. */
function cutPage(
  found: readonly HubRow[],
  latest: number,
  limit: number,
  how: { readonly scanned: number; readonly of: number },
): HubPage {
  const rows = found.filter(({ time }) => time > latest).slice(0, limit);
  // Behind everything that is newer than the blocks that were not looked at.
  const next: Place = { time: latest, position: Number.MAX_SAFE_INTEGER };
  return { rows, next, cut: true, ...how };
}

function toSql(time: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, time));
}

function merge(found: readonly HubRow[], more: readonly HubRow[], limit: number): HubRow[] {
  if (more.length === 0) return found as HubRow[];
  return [...found, ...more].sort(newestFirst).slice(0, limit);
}

function rowsOf(block: FoundBlock, matcher: Matcher, behind: Place | undefined, damage: Damage): HubRow[] {
  if (!matcher.mayMatch(block.levels, block.words)) return [];
  const tokens = matcher.usesTokens ? extraOf(block, 'tokens') : null;
  if (tokens !== null && !matcher.tokensAllow(tokens)) return [];
  return readable(block, damage, (data) => {
    const opened = openBlock(data);
    const rows = matcher.rows(opened, block.cutoff).map((row) => opened.row(row));
    return behind === undefined ? rows : rows.filter((row) => newestFirst(behind, row) < 0);
  });
}

function readable<T>(block: FoundBlock, damage: Damage, read: (data: Buffer) => T[]): T[] {
  const data = dataOf(block);
  if (data === undefined) return [];
  try {
    return read(data);
  } catch (error) {
    if (!(error instanceof BlockDamagedError)) throw error;
    damage(`${error.message}: ${block.count} records from position ${block.first} of ${block.db.path}`);
    return [];
  }
}

/** How much is read at a time for somebody who follows. */
const FOLLOW_ROWS = 20_000;

/** What came behind a position and matches, in the order of positions, up to `upTo`, and how far was looked. */
export interface Followed {
  readonly rows: readonly HubRow[];
  readonly position: number;
}

/** @param upTo the newest position that is stored as a whole: of a later one another group may still lack a part. */
export function readBehind(
  buckets: readonly ScannedBucket[],
  filter: HubFilter,
  position: number,
  upTo: number,
  damage: Damage,
): Result<Followed, string> {
  const made = createMatcher(filter);
  if (!made.ok) return made;
  const pieces = buckets.map(({ db, cutoff }) => blocksBehind(db, cutoff, position));
  const blocks = pieces.flat().sort((a, b) => a.first - b.first);
  const rows: HubRow[] = [];
  let count = 0;
  // Where a bucket has more blocks than were read, what comes behind them is for the next time.
  let end = Math.min(
    upTo,
    ...pieces.map((piece) => (piece.length < MOST_BLOCKS ? upTo : (piece.at(-1)?.last ?? upTo))),
  );
  for (const block of blocks) {
    // What begins behind an end that is known is for the next time.
    if (count >= FOLLOW_ROWS) {
      end = Math.min(end, block.first - 1);
      break;
    }
    count += block.count;
    if (!made.value.mayMatch(block.levels, block.words)) continue;
    for (const row of readable(block, damage, (data) => {
      const opened = openBlock(data);
      return made.value.rows(opened, block.cutoff).map((each) => opened.row(each));
    }))
      if (row.position > position) rows.push(row);
  }
  const seen = rows.filter((row) => row.position <= end).sort((a, b) => a.position - b.position);
  return ok({ rows: seen, position: Math.max(position, end) });
}

const MOST_BLOCKS = 256;

function blocksBehind(db: ScannedBucket['db'], cutoff: number, position: number): FoundBlock[] {
  const newest = db.get({ last: number }, 'SELECT ifnull(max(last), 0) AS last FROM blocks')?.last ?? 0;
  if (newest <= position) return [];
  return db
    .all(
      BLOCK,
      `SELECT ${BLOCK_COLUMNS} FROM blocks WHERE last > ? AND received_last >= ? ORDER BY first LIMIT ${MOST_BLOCKS}`,
      [position, cutoff],
    )
    .map((row) => toBlock(db, cutoff, row));
}

/** How many records there are in each minute of a stretch, by agent, service, kind and level: what a filter of these alone asks for. */
export function readCounts(
  buckets: readonly ScannedBucket[],
  { agents, since = -Infinity, until = Infinity }: Pick<HubFilter, 'agents' | 'since' | 'until'>,
  budget: Budget,
  damage: Damage,
): { readonly counts: readonly MinuteCount[]; readonly cut: boolean } {
  const sums = new Map<string, MinuteCount>();
  const wanted = agents && new Set(agents);
  const scan = scanNewestFirst(buckets, toSql(since), toSql(until));
  const end = budget.clock.monotonic() + budget.ms;
  while (scan.peek() !== undefined) {
    if (budget.clock.monotonic() >= end) return { counts: [...sums.values()], cut: true };
    for (const count of countsOf(scan.take(), since, until, damage)) {
      if (wanted?.has(count.agent) === false) continue;
      const key = `${count.time}\n${count.level}\n${count.kind}\n${count.agent}\n${count.service}`;
      const sum = sums.get(key);
      sums.set(key, sum === undefined ? count : { ...sum, count: sum.count + count.count });
    }
  }
  return { counts: [...sums.values()], cut: false };
}

/** A block that lies whole within the stretch has counted itself. */
function countsOf(block: FoundBlock, since: number, until: number, damage: Damage): readonly MinuteCount[] {
  const isWhole = block.earliest >= since && block.latest < until && block.received >= block.cutoff;
  const counts = isWhole ? extraOf(block, 'counts') : null;
  if (counts !== null) return decodeCounts(counts);
  return readable(block, damage, (data) => {
    const opened = openBlock(data);
    const rows = Array.from({ length: opened.count }, (_, row) => opened.row(row));
    const meant = ({ time, received }: HubRow): boolean =>
      time >= since && time < until && received >= block.cutoff;
    return [...countByMinute(rows.filter(meant))];
  });
}
