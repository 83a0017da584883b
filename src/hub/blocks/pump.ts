import { ok, type Result } from '../../core/result.ts';
import type { Block } from './decode.ts';
import { createMatcher, type Matcher } from './match.ts';
import type { HubFilter } from './query.ts';
import { type Reading, sourceUp } from './read-behind.ts';
import type { HubRow } from './row.ts';
import type { FoundBlock, ScannedBucket } from './scan.ts';
import { readable } from './search.ts';

/** What came behind a position, for many that follow: each block is unpacked once. */
export interface Pumped {
  /** Behind this position, and up to that one. */
  readonly from: number;
  readonly position: number;
  /** In the order of positions, those alone that somebody wants. */
  readonly rows: readonly HubRow[];
  /** For each tail that wants some: their places in `rows`, in order. */
  readonly hits: ReadonlyMap<number, readonly number[]>;
  /** Tails whose expression there was no time for: they have to look by themselves. */
  readonly late: readonly number[];
  /** The highest number of a tail that was looked for. */
  readonly newest: number;
}

/** Looks for what many want at once. */
export interface Pump {
  /** Tails have numbers that grow. The error is a clause: what of the filter cannot be used. */
  watch(tail: number, filter: HubFilter): Result<true, string>;
  unwatch(tail: number): void;
  pump(
    buckets: readonly ScannedBucket[],
    range: { readonly position: number; readonly upTo: number },
    reading: Reading,
  ): Pumped;
}

interface Watched {
  readonly tail: number;
  readonly matcher: Matcher;
  /** An expression may take long, and is looked for only while there is time. */
  readonly isDear: boolean;
}

/** Records that are handed over at a time, and units of UTF-16 of their text. */
const MOST_ROWS = 2000;
const MOST_TEXT = 8 * 1024 * 1024;

export function createPump(): Pump {
  const watching = new Map<number, Watched>();
  let newest = 0;
  return {
    watch(tail, filter) {
      const made = createMatcher(filter);
      if (!made.ok) return made;
      newest = tail;
      watching.set(tail, { tail, matcher: made.value, isDear: filter.matches !== undefined });
      return ok(true);
    },
    unwatch: (tail) => void watching.delete(tail),
    pump: (buckets, range, reading) => ({ ...pump([...watching.values()], buckets, range, reading), newest }),
  };
}

function pump(
  watching: readonly Watched[],
  buckets: readonly ScannedBucket[],
  { position, upTo }: { readonly position: number; readonly upTo: number },
  reading: Reading,
): Omit<Pumped, 'newest'> {
  const source = sourceUp(buckets, position, upTo);
  const { clock, ms } = reading.budget;
  const end = clock.monotonic() + ms;
  const taking: Taking = {
    position,
    upTo,
    wanted: new Map(),
    late: new Set(),
    text: 0,
    isOver: () => clock.monotonic() >= end,
  };
  let reached = upTo;
  for (let next = source.peek(); next !== undefined; next = source.peek()) {
    const isFull = taking.wanted.size >= MOST_ROWS || taking.text >= MOST_TEXT || taking.isOver();
    if (isFull && next.position > position) {
      reached = Math.min(upTo, next.position);
      break;
    }
    takeBlock(source.take(), watching, taking, reading);
  }
  return handOver(taking, reached);
}

interface Taking {
  readonly position: number;
  readonly upTo: number;
  /** By position: a record, and who wants it. */
  readonly wanted: Map<number, { readonly row: HubRow; readonly tails: number[] }>;
  readonly late: Set<number>;
  text: number;
  readonly isOver: () => boolean;
}

function takeBlock(
  found: FoundBlock,
  watching: readonly Watched[],
  taking: Taking,
  { cache, damage }: Reading,
): void {
  const wanting = watching.filter(
    ({ tail, matcher }) => !taking.late.has(tail) && matcher.mayMatch(found.levels, found.words),
  );
  if (wanting.length === 0) return;
  readable(found, damage, undefined, () => {
    const block = cache.get(found);
    if (block === undefined) return;
    const positions = block.numbers('position');
    const isNew = (row: number): boolean =>
      (positions[row] as number) > taking.position && (positions[row] as number) <= taking.upTo;
    for (const watched of wanting) takeFor(watched, block, found, isNew, taking);
  });
}

function takeFor(
  { tail, matcher, isDear }: Watched,
  block: Block,
  { cutoff }: FoundBlock,
  isNew: (row: number) => boolean,
  taking: Taking,
): void {
  const positions = block.numbers('position');
  for (const row of matcher.candidates(block, cutoff, isNew)) {
    if (isDear && taking.isOver()) {
      taking.late.add(tail);
      return;
    }
    if (!matcher.holds(block, row)) continue;
    const position = positions[row] as number;
    const known = taking.wanted.get(position);
    if (known !== undefined) {
      known.tails.push(tail);
      continue;
    }
    const made = block.row(row);
    taking.text += made.message.length + made.fields.length;
    taking.wanted.set(position, { row: made, tails: [tail] });
  }
}

function handOver({ position, wanted, late }: Taking, reached: number): Omit<Pumped, 'newest'> {
  const all = [...wanted.values()]
    .filter(({ row }) => row.position <= reached)
    .sort((a, b) => a.row.position - b.row.position);
  const hits = new Map<number, number[]>();
  for (const [place, { tails }] of all.entries())
    for (const tail of tails) {
      const places = hits.get(tail);
      if (places === undefined) hits.set(tail, [place]);
      else places.push(place);
    }
  return { from: position, position: reached, rows: all.map(({ row }) => row), hits, late: [...late] };
}
