import type { BlockWords } from './bucket.ts';
import { createMatcher, type Matcher } from './match.ts';
import type { HubFilter, Place } from './query.ts';
import { newestSource, toSql, untilBehind } from './read.ts';
import type { Reading } from './read-behind.ts';
import { type FoundBlock, scanNewestFirst, type ScannedBucket } from './scan.ts';
import { readable } from './search.ts';

/** What there is to choose from. */
export const VALUE_COLUMNS = [
  'agent',
  'host',
  'service',
  'kind',
  'sender',
] as const satisfies readonly (keyof BlockWords)[];
export type ValueColumn = (typeof VALUE_COLUMNS)[number];

export interface ValuesQuery {
  readonly filter: Pick<HubFilter, 'agents' | 'since' | 'until'>;
  readonly behind?: Place;
}

export interface ValuesPage {
  /** Of each column, sorted, so many at most. */
  readonly values: Readonly<Record<ValueColumn, readonly string[]>>;
  /** Everything newer was looked at; null where everything was. */
  readonly next: Place | null;
}

export const MOST_VALUES = 1000;

/** The values that columns have in a stretch of time, from the lists of the blocks where those say enough. */
export function readValues(
  buckets: readonly ScannedBucket[],
  { filter, behind }: ValuesQuery,
  reading: Reading,
): ValuesPage {
  const until = untilBehind(filter.until, behind);
  const { since = -Infinity, agents } = filter;
  const made = createMatcher({ since, until, ...(agents === undefined ? {} : { agents }) });
  const found = Object.fromEntries(VALUE_COLUMNS.map((column) => [column, new Set<string>()])) as Found;
  const source = newestSource(scanNewestFirst(buckets, toSql(since), toSql(until)), toSql(until));
  const end = reading.budget.clock.monotonic() + reading.budget.ms;
  let [next, looked]: [Place | null, number] = [null, 0];
  for (let place = source.peek(); made.ok && place !== undefined; place = source.peek()) {
    const isFurther = behind === undefined || place.time < behind.time;
    if (looked++ > 0 && isFurther && reading.budget.clock.monotonic() >= end) {
      next = place;
      break;
    }
    take(source.take(), { since, until, agents }, made.value, found, reading);
  }
  const values = Object.fromEntries(VALUE_COLUMNS.map((column) => [column, [...found[column]].toSorted()]));
  return { values: values as Record<ValueColumn, string[]>, next };
}

type Found = Readonly<Record<ValueColumn, Set<string>>>;

interface Window {
  readonly since: number;
  readonly until: number;
  readonly agents: readonly string[] | undefined;
}

function take(block: FoundBlock, window: Window, matcher: Matcher, found: Found, reading: Reading): void {
  if (!matcher.mayMatch(block.levels, block.words)) return;
  if (isAllOf(block, window)) {
    for (const column of VALUE_COLUMNS) addAll(found[column], block.words[column] ?? []);
    return;
  }
  readable(block, reading.damage, undefined, () => {
    const opened = reading.cache.get(block);
    if (opened === undefined) return;
    const rows = matcher.candidates(opened, block.cutoff);
    for (const column of VALUE_COLUMNS) {
      const { words, places } = opened.words(column);
      const used = new Set<number>();
      for (const row of rows) used.add(places[row] as number);
      addAll(
        found[column],
        [...used].map((place) => words[place] as string),
      );
    }
  });
}

/** Whether all records of a block are meant, and their values are listed. */
function isAllOf(
  { earliest, latest, received, cutoff, words }: FoundBlock,
  { since, until, agents }: Window,
): boolean {
  return (
    earliest >= since &&
    latest < until &&
    received >= cutoff &&
    VALUE_COLUMNS.every((column) => words[column] !== undefined) &&
    (agents === undefined || words.agent?.every((agent) => agents.includes(agent)) === true)
  );
}

function addAll(to: Set<string>, values: readonly string[]): void {
  for (const value of values) if (to.size < MOST_VALUES) to.add(value);
}
