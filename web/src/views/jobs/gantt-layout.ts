import { worstOf } from './outcomes.ts';
import { requestOf, type Run } from './runs.ts';

/** Where runs stand in a lane, in pixels; no DOM. */

export interface Span {
  /** Wall milliseconds. */
  readonly from: number;
  readonly to: number;
}

/** A bar: a run, or several that are too near to each other to be told apart. */
export interface Bar {
  readonly x: number;
  readonly width: number;
  /** Oldest first. */
  readonly runs: readonly Run[];
  readonly outcome: string | null;
}

export interface Lane {
  readonly bars: readonly Bar[];
  /** Between two tries of one thing. */
  readonly joins: readonly { readonly x: number; readonly width: number }[];
}

/** A shorter run is drawn as wide as this. */
const LEAST_WIDTH = 3;
/** Bars that begin within this of the one before are one with it, where one of the two is no wider than that. */
const NEAR = 5;

export function place(at: number, { from, to }: Span, width: number): number {
  return ((at - from) / (to - from)) * width;
}

/** @param runs oldest first. @param now the end of what still runs. */
export function layLane(runs: readonly Run[], span: Span, width: number, now: number): Lane {
  const seen = runs.filter(({ started, ended }) => (ended ?? now) >= span.from && started <= span.to);
  const bars: Bar[] = [];
  const joins: { x: number; width: number }[] = [];
  const ends = new Map<string, number>();
  for (const run of seen) {
    const x = Math.max(0, place(run.started, span, width));
    const right = Math.max(x + LEAST_WIDTH, Math.min(width, place(run.ended ?? now, span, width)));
    const before = ends.get(requestOf(run.run));
    if (run.attempt > 1 && before !== undefined && x > before) joins.push({ x: before, width: x - before });
    ends.set(requestOf(run.run), right);
    const last = bars.at(-1);
    const isNear = last !== undefined && x < last.x + last.width + 1;
    const isShort = last !== undefined && (last.width <= NEAR || right - x <= NEAR);
    if (isNear && isShort) bars[bars.length - 1] = together(last, run, right);
    // (x + 3) - x can be less than 3.
    else bars.push({ x, width: Math.max(LEAST_WIDTH, right - x), runs: [run], outcome: run.outcome });
  }
  return { bars, joins };
}

function together(bar: Bar, run: Run, right: number): Bar {
  const runs = [...bar.runs, run];
  return {
    x: bar.x,
    width: Math.max(bar.width, right - bar.x),
    runs,
    outcome: worstOf(runs.map(({ outcome }) => outcome)),
  };
}

export interface Tick {
  /** Wall milliseconds. */
  readonly at: number;
  readonly label: string;
  /** A day begins. */
  readonly isDay: boolean;
}

const STEPS_H = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336] as const;
const LEAST_PX = 46;
const HOUR_MS = 3_600_000;

/** Moments for the axis, at whole hours and days of the reader's own clock, also where that is put forward or back. */
export function ticksOf(span: Span, width: number): readonly Tick[] {
  const perHour = (width * HOUR_MS) / (span.to - span.from);
  const step = STEPS_H.find((hours) => hours * perHour >= LEAST_PX) ?? 336;
  const ticks: Tick[] = [];
  const midnight = new Date(span.from);
  midnight.setHours(0, 0, 0, 0);
  for (let index = 0; index < 10_000; index++) {
    const date = new Date(midnight);
    if (step >= 24) date.setDate(date.getDate() + (index * step) / 24);
    else date.setHours(index * step);
    const at = date.getTime();
    if (at > span.to) break;
    if (at >= span.from && at > (ticks.at(-1)?.at ?? Number.NEGATIVE_INFINITY)) ticks.push(tickOf(date));
  }
  return ticks;
}

const pad = (value: number): string => String(value).padStart(2, '0');

function tickOf(date: Date): Tick {
  const isDay = date.getHours() === 0;
  const label = isDay
    ? `${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
    : `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return { at: date.getTime(), label, isDay };
}

/** What can be looked at, and how much of what is to come is shown with it. */
export const RANGES = {
  '24h': { past: 24 * HOUR_MS, ahead: 8 * HOUR_MS, label: '24 hours' },
  '7d': { past: 168 * HOUR_MS, ahead: 48 * HOUR_MS, label: '7 days' },
  '30d': { past: 720 * HOUR_MS, ahead: 168 * HOUR_MS, label: '30 days' },
} as const;
export type RangeName = keyof typeof RANGES;

export function rangeOf(text: string | null): RangeName {
  return text !== null && Object.hasOwn(RANGES, text) ? (text as RangeName) : '24h';
}

/** Steps with the minute, so that not everything is laid out anew each second. */
export function spanOf(range: RangeName, now: number): Span {
  const step = RANGES[range].past / 1440;
  const at = Math.ceil(now / step) * step;
  return { from: at - RANGES[range].past, to: at + RANGES[range].ahead };
}
