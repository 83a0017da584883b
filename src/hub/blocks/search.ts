import type { Clock } from '../../core/clock.ts';
import { type Block, BlockDamagedError, openBlock } from './decode.ts';
import type { Matcher } from './match.ts';
import { newestFirst, type Place } from './query.ts';
import { dataOf, extraOf, type FoundBlock } from './scan.ts';

/** How long an answer may take. */
export interface Budget {
  readonly clock: Clock;
  readonly ms: number;
}

/** What a read met that should not be: a damaged block is left out, and told. */
export type Damage = (message: string) => void;

/** In which order records are looked at: newest first by when they happened, or by their positions, up or down. */
export type Order = 'newest' | 'up' | 'down';

/** Blocks one after another in the order of where they begin. */
export interface BlockSource {
  /** All that the next block has, and those after it have, comes behind this place; undefined behind the last. */
  peek(): Place | undefined;
  take(): FoundBlock;
}

/** Keeps blocks that were unpacked: the same few are asked for again and again. */
export interface BlockCache {
  get(block: FoundBlock): Block | undefined;
}

export interface Search {
  readonly order: Order;
  readonly source: BlockSource;
  readonly matcher: Matcher;
  /** Only what comes behind this place. */
  readonly behind?: Place | undefined;
  readonly budget: Budget;
  readonly cache: BlockCache;
  readonly damage: Damage;
  /** Given each record that matches, in order; false: no more. */
  readonly visit: (block: Block, row: number) => boolean;
}

/** How far a search came. `null`: to the end. Everything up to the place was looked at, what is behind it was not. */
export interface Reached {
  readonly place: Place | null;
  /** Whether it was the budget that ended it. */
  readonly cut: boolean;
}

const COMPARE: Readonly<Record<Order, (a: Place, b: Place) => number>> = {
  newest: newestFirst,
  up: (a, b) => a.position - b.position,
  down: (a, b) => b.position - a.position,
};

/** What a block may add, in order; `at` is the next. */
interface Way {
  readonly found: FoundBlock;
  readonly rows: readonly Placed[];
  at: number;
}

interface Placed extends Place {
  readonly row: number;
}

/**
 * Looks at records in order, over blocks that overlap: a block is unpacked when the next record may be one of its own, and what is dear
 * to match is matched record by record, so that a search may end anywhere and go on there. It looks at one record at least.
 */
export function search({ order, source, matcher, behind, budget, cache, damage, visit }: Search): Reached {
  const compare = COMPARE[order];
  const end = budget.clock.monotonic() + budget.ms;
  const isOver = (): boolean => budget.clock.monotonic() >= end;
  const later = (place: Place): Place =>
    behind === undefined || compare(behind, place) < 0 ? place : behind;
  let ways: Way[] = [];
  let opened = 0;
  for (let looked: Place | undefined; ; ) {
    const bound = source.peek();
    const next = firstOf(ways, compare);
    const head = next?.rows[next.at];
    const from = bound && later(bound);
    if (from !== undefined && (head === undefined || compare(from, head) < 0)) {
      // What begins where the search begins has to be opened, or it would never get any further.
      if (opened > 0 && isOver() && from !== behind) return { place: from, cut: true };
      opened++;
      const way = wayOf(source.take(), { matcher, behind, compare, cache, damage });
      if (way !== undefined) ways.push(way);
      continue;
    }
    if (next === undefined || head === undefined) return { place: null, cut: false };
    if (looked !== undefined && isOver()) return { place: looked, cut: true };
    looked = head;
    if (!look(next, cache, damage, matcher, visit)) return { place: head, cut: false };
    if (next.at >= next.rows.length) ways = ways.filter((way) => way !== next);
  }
}

function firstOf(ways: readonly Way[], compare: (a: Place, b: Place) => number): Way | undefined {
  let found: Way | undefined;
  for (const way of ways)
    if (found === undefined || compare(way.rows[way.at] as Placed, found.rows[found.at] as Placed) < 0)
      found = way;
  return found;
}

interface Opening extends Pick<Search, 'matcher' | 'behind' | 'cache' | 'damage'> {
  readonly compare: (a: Place, b: Place) => number;
}

function wayOf(found: FoundBlock, { matcher, behind, compare, cache, damage }: Opening): Way | undefined {
  if (!matcher.mayMatch(found.levels, found.words)) return undefined;
  const tokens = matcher.usesTokens ? extraOf(found, 'tokens') : null;
  if (tokens !== null && !matcher.tokensAllow(tokens)) return undefined;
  return readable(found, damage, undefined, () => {
    const block = cache.get(found);
    if (block === undefined) return undefined;
    const [times, positions] = [block.numbers('time'), block.numbers('position')];
    const placeOf = (row: number): Placed => ({
      time: times[row] as number,
      position: positions[row] as number,
      row,
    });
    const isBehind = (row: number): boolean => behind === undefined || compare(behind, placeOf(row)) < 0;
    const rows = matcher
      .candidates(block, found.cutoff, behind === undefined ? undefined : isBehind)
      .map(placeOf);
    return rows.length === 0 ? undefined : { found, rows: sorted(rows, compare), at: 0 };
  });
}

/** Records of a block lie in the order of their positions, and almost always in that of their times. */
function sorted(rows: Placed[], compare: (a: Place, b: Place) => number): readonly Placed[] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first !== undefined && last !== undefined && compare(first, last) > 0) rows.reverse();
  return rows.every((row, index) => index === 0 || compare(rows[index - 1] as Placed, row) < 0)
    ? rows
    : rows.sort(compare);
}

/** Looks at the next record of a way. */
function look(
  way: Way,
  cache: BlockCache,
  damage: Damage,
  matcher: Matcher,
  visit: Search['visit'],
): boolean {
  const { row } = way.rows[way.at++] as Placed;
  const goesOn = readable<boolean | undefined>(way.found, damage, undefined, () => {
    const block = cache.get(way.found);
    return block === undefined || !matcher.holds(block, row) || visit(block, row);
  });
  // A damaged block is told once, and left.
  if (goesOn === undefined) way.at = way.rows.length;
  return goesOn !== false;
}

export function readable<T>(found: FoundBlock, damage: Damage, otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BlockDamagedError)) throw error;
    damage(`${error.message}: ${found.count} records from position ${found.first} of ${found.db.path}`);
    return otherwise;
  }
}

/** @param most bytes, unpacked. */
export function createBlockCache(most: number): BlockCache {
  const kept = new Map<string, Block>();
  let bytes = 0;
  return {
    get(found) {
      const key = `${found.db.path}\n${found.first}\n${found.count}`;
      const known = kept.get(key);
      if (known !== undefined) {
        kept.delete(key);
        kept.set(key, known);
        return known;
      }
      const data = dataOf(found);
      if (data === undefined) return undefined;
      const block = openBlock(data);
      kept.set(key, block);
      bytes += block.bytes;
      for (const [oldest, { bytes: less }] of kept) {
        if (bytes <= most || kept.size === 1) break;
        kept.delete(oldest);
        bytes -= less;
      }
      return block;
    },
  };
}
