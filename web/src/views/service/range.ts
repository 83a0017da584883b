/** Which stretch of time is looked at, and how its axis is divided. Wall milliseconds. */

export interface Range {
  /** One of RANGES; empty where it is an own one. */
  readonly id: string;
  /** How long; of an own one until minus since. */
  readonly ms: number;
  /** Of an own range; undefined: it ends now, and goes on. */
  readonly fixed: { readonly since: number; readonly until: number } | undefined;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** What is shorter shows nothing: figures are kept by minutes. */
export const SHORTEST = 2 * MINUTE;

export const RANGES = [
  { id: '1h', label: '1 h', ms: HOUR },
  { id: '6h', label: '6 h', ms: 6 * HOUR },
  { id: '24h', label: '24 h', ms: DAY },
  { id: '7d', label: '7 d', ms: 7 * DAY },
] as const;

/** Reads `range=6h`, or `since=MS&until=MS`; what is said wrong is the last hour. */
export function readRange(query: URLSearchParams): Range {
  const [since, until] = [Number(query.get('since') ?? Number.NaN), Number(query.get('until') ?? Number.NaN)];
  if (Number.isSafeInteger(since) && Number.isSafeInteger(until) && since > 0 && until > since)
    return { id: '', ms: until - since, fixed: { since, until } };
  const { id, ms } = RANGES.find((each) => each.id === query.get('range')) ?? RANGES[0];
  return { id, ms, fixed: undefined };
}

/** What somebody dragged over, not shorter than shows something. */
export function ownRange(from: number, to: number): { readonly since: string; readonly until: string } {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  const lacks = Math.max(0, SHORTEST - (high - low)) / 2;
  return { since: String(Math.round(low - lacks)), until: String(Math.round(high + lacks)) };
}

const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE),
  ...[1, 2, 3, 6, 12].map((each) => each * HOUR),
  ...[1, 2, 7, 14, 30].map((each) => each * DAY),
];

const LONGEST_STEP = 90 * DAY;

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Round moments of the reader's own day. @param most how many there is room for. */
export function ticksOf(since: number, until: number, most: number): readonly Tick[] {
  const step = STEPS.find((each) => (until - since) / each <= Math.max(1, most)) ?? LONGEST_STEP;
  const zone = -new Date(since).getTimezoneOffset() * MINUTE;
  const ticks: Tick[] = [];
  for (let at = Math.ceil((since + zone) / step) * step - zone; at <= until; at += step)
    ticks.push({ at, label: label(at, step) });
  return ticks;
}

function label(at: number, step: number): string {
  const date = new Date(at);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
  if (step >= DAY || isMidnight) return `${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/** Where a chart begins and ends, beside its numbers: the same for all on one axis. Pixels. */
export const GUTTER = { left: 64, right: 12 } as const;

export function place(
  at: number,
  { since, until }: { readonly since: number; readonly until: number },
  width: number,
): number {
  return GUTTER.left + ((at - since) / (until - since)) * (width - GUTTER.left - GUTTER.right);
}

export function momentAt(
  x: number,
  { since, until }: { readonly since: number; readonly until: number },
  width: number,
): number {
  return since + ((x - GUTTER.left) / Math.max(1, width - GUTTER.left - GUTTER.right)) * (until - since);
}
