import { ok, type Result } from '../../core/result.ts';
import { countByMinute, decodeCounts, type MinuteCount } from './counts.ts';
import { createMatcher, type Matcher } from './match.ts';
import type { HubFilter, Place } from './query.ts';
import { newestSource, toSql, untilBehind } from './read.ts';
import type { Reading } from './read-behind.ts';
import { extraOf, type FoundBlock, scanNewestFirst, type ScannedBucket } from './scan.ts';
import { readable, search } from './search.ts';

/** A question for a picture: how many records of each level there are in each stretch of time. */
export interface CountsQuery {
  readonly filter: HubFilter;
  /** How long a stretch is, microseconds. Stretches begin at its multiples. */
  readonly step: number;
  /** Only what comes behind this place, newest first. */
  readonly behind?: Place;
}

export interface StepCount {
  /** Microseconds: when the stretch begins. */
  readonly time: number;
  readonly level: number;
  readonly count: number;
}

export interface CountsPage {
  readonly counts: readonly StepCount[];
  /** Everything newer was counted; null where everything was. */
  readonly next: Place | null;
}

const MINUTE = 60_000_000;

/** Counts from what blocks have counted themselves where the filter allows it, or else by looking at their records. */
export function readCounts(
  buckets: readonly ScannedBucket[],
  query: CountsQuery,
  reading: Reading,
): Result<CountsPage, string> {
  const { filter, step, behind } = query;
  const until = untilBehind(filter.until, behind);
  const made = createMatcher({ ...filter, until });
  if (!made.ok) return made;
  const isRolledUp = step % MINUTE === 0 && isPlain(filter);
  return ok(
    isRolledUp
      ? fromMinutes(buckets, { ...query, until }, made.value, reading)
      : fromRecords(buckets, { ...query, until }, made.value, reading),
  );
}

/** Whether a filter asks for nothing but what the counts of a block are told apart by. */
function isPlain({ hosts, lives, senders, text, words, matches, fields }: HubFilter): boolean {
  return [hosts, lives, senders, text, words, matches, fields].every((part) => part === undefined);
}

type Until = CountsQuery & { readonly until: number };

function fromRecords(
  buckets: readonly ScannedBucket[],
  { filter, step, behind, until }: Until,
  matcher: Matcher,
  { budget, damage, cache }: Reading,
): CountsPage {
  const sums = createSums(step);
  const to = toSql(until);
  const { place } = search({
    order: 'newest',
    source: newestSource(scanNewestFirst(buckets, toSql(filter.since ?? -Infinity), to), to),
    matcher,
    behind,
    budget,
    cache,
    damage,
    visit(block, row) {
      sums.add(block.numbers('time')[row] as number, block.numbers('level')[row] as number, 1);
      return true;
    },
  });
  return { counts: sums.read(), next: place };
}

function fromMinutes(
  buckets: readonly ScannedBucket[],
  { filter, step, until }: Until,
  matcher: Matcher,
  reading: Reading,
): CountsPage {
  const { since = -Infinity } = filter;
  const scan = scanNewestFirst(buckets, toSql(since), toSql(until));
  const end = reading.budget.clock.monotonic() + reading.budget.ms;
  const counts: MinuteCount[] = [];
  const isMeant = meant(filter, until);
  let looked = 0;
  for (let latest = scan.peek(); latest !== undefined; latest = scan.peek()) {
    // Of a minute all is counted by one call, so that the next goes on before it.
    const minute = Math.floor(latest / MINUTE) * MINUTE + MINUTE;
    if (looked++ > 0 && minute < until && reading.budget.clock.monotonic() >= end) {
      const sums = sumOf(
        counts.filter(({ time }) => time >= minute),
        step,
      );
      return { counts: sums, next: { time: minute - 1, position: Number.MAX_SAFE_INTEGER } };
    }
    const block = scan.take();
    if (!matcher.mayMatch(block.levels, block.words)) continue;
    for (const count of minutesOf(block, { since, until }, reading)) if (isMeant(count)) counts.push(count);
  }
  return { counts: sumOf(counts, step), next: null };
}

function meant(filter: HubFilter, until: number): (count: MinuteCount) => boolean {
  const { since = -Infinity, levelAtLeast = 1, levelAtMost = 24 } = filter;
  const among = (values: readonly string[] | undefined): ((value: string) => boolean) => {
    const wanted = values && new Set(values);
    return (value) => wanted?.has(value) !== false;
  };
  const [agent, service, kind] = [among(filter.agents), among(filter.services), among(filter.kinds)];
  return (count) =>
    count.level >= levelAtLeast &&
    count.level <= levelAtMost &&
    count.time + MINUTE > since &&
    count.time < until &&
    agent(count.agent) &&
    service(count.service) &&
    kind(count.kind);
}

interface Window {
  readonly since: number;
  readonly until: number;
}

/** A block has counted itself: enough where the window ends between its minutes. */
function minutesOf(
  block: FoundBlock,
  { since, until }: Window,
  { damage, cache }: Reading,
): readonly MinuteCount[] {
  const isWhole =
    (block.earliest >= since || since % MINUTE === 0) &&
    (block.latest < until || until % MINUTE === 0) &&
    block.received >= block.cutoff;
  const counts = isWhole ? extraOf(block, 'counts') : null;
  if (counts !== null) return decodeCounts(counts);
  return readable<readonly MinuteCount[]>(block, damage, [], () => {
    const opened = cache.get(block);
    if (opened === undefined) return [];
    const rows = Array.from({ length: opened.count }, (_, row) => opened.heading(row));
    return countByMinute(
      rows.filter(({ time, received }) => time >= since && time < until && received >= block.cutoff),
    );
  });
}

function sumOf(counts: readonly MinuteCount[], step: number): readonly StepCount[] {
  const sums = createSums(step);
  for (const { time, level, count } of counts) sums.add(time, level, count);
  return sums.read();
}

interface Sums {
  add(time: number, level: number, count: number): void;
  read(): readonly StepCount[];
}

function createSums(step: number): Sums {
  const sums = new Map<number, Map<number, number>>();
  return {
    add(time, level, count) {
      const begin = Math.floor(time / step) * step;
      const levels = sums.get(begin) ?? new Map<number, number>();
      sums.set(begin, levels);
      levels.set(level, (levels.get(level) ?? 0) + count);
    },
    read: () =>
      [...sums].flatMap(([time, levels]) => [...levels].map(([level, count]) => ({ time, level, count }))),
  };
}
