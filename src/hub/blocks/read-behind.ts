import { number } from '../../core/sqlite.ts';
import { ok, type Result } from '../../core/result.ts';
import { BLOCK, BLOCK_COLUMNS } from './bucket.ts';
import { createMatcher, type Matcher } from './match.ts';
import type { HubFilter } from './query.ts';
import { takeInto } from './read.ts';
import type { HubRow } from './row.ts';
import { type FoundBlock, type ScannedBucket, toBlock } from './scan.ts';
import { type BlockCache, type BlockSource, type Budget, type Damage, search } from './search.ts';

/** What came behind a position and matches, in the order of positions, and how far was looked. */
export interface Followed {
  readonly rows: readonly HubRow[];
  readonly position: number;
}

/** How a read goes about it. */
export interface Reading {
  readonly budget: Budget;
  readonly damage: Damage;
  readonly cache: BlockCache;
}

export interface Behind {
  readonly filter: HubFilter;
  readonly position: number;
  /** The newest position that is stored as a whole: of a later one another group may still lack a part. */
  readonly upTo: number;
  readonly limit: number;
}

/** The error is a clause: what of the filter cannot be used. */
export function readBehind(
  buckets: readonly ScannedBucket[],
  { filter, position, upTo, limit }: Behind,
  { budget, damage, cache }: Reading,
): Result<Followed, string> {
  const made = createMatcher(filter);
  if (!made.ok) return made;
  const rows: HubRow[] = [];
  const take = takeInto(rows, limit);
  const reached = search({
    order: 'up',
    source: sourceUp(buckets, position, upTo),
    matcher: upToPosition(made.value, upTo),
    behind: { time: 0, position },
    budget,
    cache,
    damage,
    visit: take,
  });
  return ok({ rows, position: reached.place?.position ?? Math.max(position, upTo) });
}

/** How many match behind a position, and how far was looked. */
export function countBehind(
  buckets: readonly ScannedBucket[],
  { filter, position, upTo }: Omit<Behind, 'limit'>,
  { budget, damage, cache }: Reading,
): Result<{ readonly count: number; readonly position: number }, string> {
  const made = createMatcher(filter);
  if (!made.ok) return made;
  let count = 0;
  const reached = search({
    order: 'up',
    source: sourceUp(buckets, position, upTo),
    matcher: upToPosition(made.value, upTo),
    behind: { time: 0, position },
    budget,
    cache,
    damage,
    visit: () => ++count > 0,
  });
  return ok({ count, position: reached.place?.position ?? Math.max(position, upTo) });
}

export interface Around {
  readonly position: number;
  /** Whose records may be seen; all where it is absent. */
  readonly agents?: readonly string[];
  /** Whether its neighbours are of the same service too, or only of the same agent. */
  readonly sameService: boolean;
  readonly before: number;
  readonly after: number;
  readonly upTo: number;
}

/** A record, and what its agent sent just before and after it, in the order of receipt. */
export interface Context {
  readonly row: HubRow;
  readonly before: readonly HubRow[];
  readonly after: readonly HubRow[];
  /** Whether the budget was used up before there were enough. */
  readonly cut: boolean;
}

/** Null where there is no such record, or it may not be seen. */
export function readContext(
  buckets: readonly ScannedBucket[],
  { position, agents, sameService, before, after, upTo }: Around,
  reading: Reading,
): Context | null {
  const own = {
    filter: agents === undefined ? {} : { agents },
    position: position - 1,
    upTo: position,
    limit: 1,
  };
  const found = readBehind(buckets, own, reading);
  const row = found.ok ? found.value.rows[0] : undefined;
  if (row === undefined) return null;
  const filter = { agents: [row.agent], ...(sameService ? { services: [row.service] } : {}) };
  const made = createMatcher(filter);
  if (!made.ok) return null;
  const { value: matcher } = made;
  const earlier: HubRow[] = [];
  const later: HubRow[] = [];
  const cuts = [
    { order: 'down', source: sourceDown(buckets, position), rows: earlier, limit: before, matcher },
    {
      order: 'up',
      source: sourceUp(buckets, position, upTo),
      rows: later,
      limit: after,
      matcher: upToPosition(matcher, upTo),
    },
  ] as const;
  const isCut = cuts.map(({ order, source, rows, limit, matcher: meant }) => {
    if (limit === 0) return false;
    const behind = { time: 0, position };
    return search({ order, source, matcher: meant, behind, ...reading, visit: takeInto(rows, limit) }).cut;
  });
  return { row, before: earlier.reverse(), after: later, cut: isCut.includes(true) };
}

/** Without what is not stored as a whole. */
function upToPosition(matcher: Matcher, upTo: number): Matcher {
  return {
    ...matcher,
    candidates(block, received, wanted) {
      const positions = block.numbers('position');
      return matcher.candidates(
        block,
        received,
        (row) => (positions[row] as number) <= upTo && wanted?.(row) !== false,
      );
    },
  };
}

const PIECE = 64;

/** One end of what a bucket has, block by block; within a bucket blocks lie one behind another. */
interface Bay {
  peek(): FoundBlock | undefined;
  take(): FoundBlock;
}

function bay(first: readonly FoundBlock[], more: (last: FoundBlock) => readonly FoundBlock[]): Bay {
  let piece = [...first];
  const fill = (last: FoundBlock): void => {
    if (piece.length === 0) piece = [...more(last)];
  };
  return {
    peek: () => piece[0],
    take() {
      const block = piece.shift() as FoundBlock;
      fill(block);
      return block;
    },
  };
}

function together(
  bays: readonly Bay[],
  keyOf: (block: FoundBlock) => number,
  placeOf: (block: FoundBlock) => number,
): BlockSource {
  const best = (): Bay | undefined => {
    let found: Bay | undefined;
    let least = Infinity;
    for (const each of bays) {
      const block = each.peek();
      if (block === undefined || keyOf(block) >= least) continue;
      [found, least] = [each, keyOf(block)];
    }
    return found;
  };
  return {
    peek() {
      const block = best()?.peek();
      return block && { time: 0, position: placeOf(block) };
    },
    take: () => (best() as Bay).take(),
  };
}

/** Blocks behind a position, up to another. */
export function sourceUp(buckets: readonly ScannedBucket[], position: number, upTo: number): BlockSource {
  const bays = buckets.map(({ db, cutoff }) => {
    const from = db.get(
      { first: number },
      'SELECT first FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1',
      [position + 1],
    );
    const read = (first: number): readonly FoundBlock[] =>
      db
        .all(
          BLOCK,
          `SELECT ${BLOCK_COLUMNS} FROM blocks WHERE first >= ? AND first <= ? AND last > ? AND received_last >= ? ORDER BY first LIMIT ${PIECE}`,
          [first, upTo, position, cutoff],
        )
        .map((row) => toBlock(db, cutoff, row));
    return bay(read(from?.first ?? 0), (last) => read(last.first + 1));
  });
  return together(
    bays,
    ({ first }) => first,
    ({ first }) => first - 1,
  );
}

function sourceDown(buckets: readonly ScannedBucket[], position: number): BlockSource {
  const bays = buckets.map(({ db, cutoff }) => {
    const read = (below: number): readonly FoundBlock[] =>
      db
        .all(
          BLOCK,
          `SELECT ${BLOCK_COLUMNS} FROM blocks WHERE first < ? AND received_last >= ? ORDER BY first DESC LIMIT ${PIECE}`,
          [below, cutoff],
        )
        .map((row) => toBlock(db, cutoff, row));
    return bay(read(position), (last) => read(last.first));
  });
  return together(
    bays,
    ({ last }) => -last,
    ({ last }) => last + 1,
  );
}
