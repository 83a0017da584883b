import type { LogFilter, QueryChanges } from './filter.ts';

/** Which stretch of time is looked at. All in milliseconds. */

export const WINDOWS: readonly (readonly [string, string])[] = [
  ['15m', 'Last 15 minutes'],
  ['1h', 'Last hour'],
  ['6h', 'Last 6 hours'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
  ['all', 'All there is'],
];

const USUAL = '1h';
/** A life may have begun long ago. */
const USUAL_OF_LIFE = '7d';
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DAY = 86_400_000;
/** What the histogram shows of all there is. */
const MOST_SHOWN = 30 * DAY;

const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
].map((seconds) => seconds * 1000);
const MOST_COLUMNS = 120;

export interface Range {
  /** `1h`; undefined where it is from one moment to another. */
  readonly window: string | undefined;
  /** What the hub is asked for. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  /** What the histogram shows, in whole steps. */
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** @param now of the hub's clock. */
export function rangeOf(filter: LogFilter, now: number): Range {
  if (filter.since !== '' || filter.until !== '') {
    const to = readMoment(filter.until, now) ?? now;
    const from = readMoment(filter.since, now) ?? to - DAY;
    return {
      window: undefined,
      since: textOr(filter.since),
      until: textOr(filter.until),
      ...columnsOf(from, to),
    };
  }
  const window = windowOf(filter);
  const length = durationOf(window);
  const columns = columnsOf(now - Math.min(length ?? MOST_SHOWN, 400 * DAY), now);
  // What is listed begins where the histogram does.
  const since = window === 'all' ? undefined : new Date(columns.from).toISOString();
  return {
    window,
    since: length === undefined && window !== 'all' ? window : since,
    until: undefined,
    ...columns,
  };
}

function windowOf({ window, life }: LogFilter): string {
  return window === '' ? (life.length > 0 ? USUAL_OF_LIFE : USUAL) : window;
}

/** Of `15m`. */
export function durationOf(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  return count === undefined || unit === undefined ? undefined : Number(count) * (UNITS[unit] ?? 0);
}

/** A moment as an address has it: `2026-11-22T01:00Z`, microseconds, `2h` ago, `now`. Undefined where it is none. */
export function readMoment(text: string, now: number): number | undefined {
  if (text === '') return undefined;
  if (text === 'now') return now;
  if (/^\d{15,16}$/.test(text)) return Number(text) / 1000;
  const ago = durationOf(text);
  if (ago !== undefined) return now - ago;
  // Without a zone it is UTC, as the hub reads it.
  const at = Date.parse(/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) || text.length === 10 ? text : `${text}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** Whole steps around it, some 100 of them. */
function columnsOf(
  from: number,
  to: number,
): { readonly from: number; readonly to: number; readonly step: number } {
  const length = Math.max(1000, to - from);
  const step =
    STEPS.find((each) => length / each <= MOST_COLUMNS) ?? Math.ceil(length / MOST_COLUMNS / DAY) * DAY;
  const begin = Math.floor(from / step) * step;
  return { from: begin, to: Math.max(begin + step, Math.ceil(to / step) * step), step };
}

/** The address of exactly this stretch. */
export function fixedTo(from: number, to: number): QueryChanges {
  return { since: iso(from), until: iso(to), window: undefined, follow: undefined };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** What `<input type="datetime-local">` shows: the reader's own time. */
export function localText(ms: number): string {
  const own = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return own.toISOString().slice(0, 19);
}

/** @returns undefined where it is no moment. */
export function localMoment(text: string): number | undefined {
  const at = new Date(text).getTime();
  return Number.isNaN(at) ? undefined : at;
}

function textOr(text: string): string | undefined {
  return text === '' ? undefined : text;
}
