import type { FailedFile, Failing } from '../ledger/failing.ts';

/**
 * What people were told of the failures of a pipeline. An episode begins with the first file that fails, and is over when none is
 * failed any more. Serialisable as JSON; wall milliseconds.
 */
export interface Episode {
  readonly v: 1;
  /** Since when something is failed; null: nothing is. */
  readonly since: number | null;
  readonly toldAt: number;
  /** Up to which failure people were told. */
  readonly ended: number;
  readonly id: number;
  /** Files of the episode, the newest ones: it is not over while one of them is done again. */
  readonly files: readonly number[];
  /** How many there were. */
  readonly count: number;
}

export const QUIET: Episode = { v: 1, since: null, toldAt: 0, ended: 0, id: 0, files: [], count: 0 };

/** What is to be told now, and what is true once that is done. */
export interface Telling {
  readonly what: 'first' | 'digest' | 'over';
  readonly news: readonly FailedFile[];
  /** When the episode began. */
  readonly since: number;
  /** Of the episode, those that are told now included. */
  readonly count: number;
  readonly next: Episode;
}

const MOST_FILES = 1000;
/** Failures that are told at once. */
export const MOST_NEWS = 5000;

export interface TellingOptions {
  readonly digestMs: number;
  /** The beginning and digests wait: people want no word now. */
  readonly held: boolean;
}

/** How many of the failures since it has to be known for `nextTelling`: while none is told, whether there is one. */
export function newsWanted(episode: Episode, now: number, options: TellingOptions): number {
  return waits(episode, now, options) ? 1 : MOST_NEWS;
}

/** Whether the beginning of an episode, or what else failed, is not told now. */
function waits({ since, toldAt }: Episode, now: number, { digestMs, held }: TellingOptions): boolean {
  // A wall clock that went back makes nobody wait for longer.
  return held || (since !== null && now >= toldAt && now - toldAt < digestMs);
}

/**
 * Whether people are told something of what is failed now: the first failure at once, what else fails once in an interval, and the end
 * once everything is done again, or gone. Pure.
 */
export function nextTelling(
  episode: Episode,
  failing: Failing,
  now: number,
  options: TellingOptions,
): Telling | undefined {
  const { since, count } = episode;
  const { news } = failing;
  if (since !== null && !failing.isBad && failing.again === 0 && news.length === 0)
    return {
      what: 'over',
      news,
      since,
      count,
      next: { ...episode, since: null, toldAt: now, files: [], count: 0 },
    };
  if (news.length === 0 || waits(episode, now, options)) return undefined;
  const last = news.at(-1) ?? episode;
  const begun = since ?? Math.min(now, ...news.map(({ ended }) => ended));
  const next: Episode = {
    v: 1,
    since: begun,
    toldAt: now,
    ended: last.ended,
    id: last.id,
    files: [...new Set([...episode.files, ...news.map(({ id }) => id)])].slice(-MOST_FILES),
    count: count + news.length,
  };
  return { what: since === null ? 'first' : 'digest', news, since: begun, count: next.count, next };
}
