import type { Hours } from '../../src/core/hours.ts';

/**
 * What the clocks of three zones show, by their laws and not by Node's tables: an oracle for hours. Times are wall
 * milliseconds; the laws are those since 2008.
 */
export const ZONES = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe'] as const;
export type Zone = (typeof ZONES)[number];

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** Summer time begins and ends at these moments of a year, and clocks are so many minutes ahead of UTC outside of it and in it. */
interface Law {
  readonly begin: (year: number) => number;
  readonly end: (year: number) => number;
  readonly winter: number;
  readonly summer: number;
}

/** The moment on a Sunday of a month, at so many minutes UTC after its midnight. @param nth 1 is the first; -1 the last. */
function sunday(year: number, month: number, nth: number, minutes: number): number {
  const first = nth > 0 ? Date.UTC(year, month, 1 + (nth - 1) * 7) : Date.UTC(year, month + 1, -6);
  const toSunday = (7 - new Date(first).getUTCDay()) % 7;
  return first + (toSunday * DAY_MINUTES + minutes) * MINUTE_MS;
}

const LAWS: Readonly<Record<Zone, Law>> = {
  // From the last Sunday in March to that in October, everywhere in Europe at 01:00 UTC.
  'Europe/Zurich': {
    begin: (year) => sunday(year, 2, -1, 60),
    end: (year) => sunday(year, 9, -1, 60),
    winter: 60,
    summer: 120,
  },
  // From the second Sunday in March to the first in November, at 02:00 of the clocks.
  'America/New_York': {
    begin: (year) => sunday(year, 2, 2, 7 * 60),
    end: (year) => sunday(year, 10, 1, 6 * 60),
    winter: -300,
    summer: -240,
  },
  // From the first Sunday in October to that in April, at 02:00 of the clocks, which is on Saturday in UTC; by half an hour.
  'Australia/Lord_Howe': {
    begin: (year) => sunday(year, 9, 1, 120 - 630),
    end: (year) => sunday(year, 3, 1, 120 - 660),
    winter: 630,
    summer: 660,
  },
};

/** When the clocks of a zone are changed in a year. */
export function changesOf(zone: Zone, year: number): readonly [number, number] {
  return [LAWS[zone].begin(year), LAWS[zone].end(year)];
}

/** Minutes since 1970 as the clocks of a zone show them. */
export function localMinutes(zone: Zone, at: number): number {
  const { begin, end, winter, summer } = LAWS[zone];
  const year = new Date(at + winter * MINUTE_MS).getUTCFullYear();
  const [from, to] = [begin(year), end(year)];
  const isSummer = from < to ? at >= from && at < to : at >= from || at < to;
  return Math.floor(at / MINUTE_MS) + (isSummer ? summer : winter);
}

export type ZonedHours = Hours & { readonly zone: Zone };

/** Whether a moment is within hours: it is in one of the stretches that they are, each of which begins on one of their days. */
export function isInside({ days, from, to, zone }: ZonedHours, at: number): boolean {
  const minutes = localMinutes(zone, at);
  const today = Math.floor(minutes / DAY_MINUTES);
  return [today - 1, today].some((day) => {
    const midnight = day * DAY_MINUTES;
    const end = midnight + to + (to > from ? 0 : DAY_MINUTES);
    // 1970 began on a Thursday.
    return days.includes((day + 4) % 7) && minutes >= midnight + from && minutes < end;
  });
}

/** The first minute from `at` on, forwards or backwards, at which it is otherwise than at `at`; undefined where there is none within so many. */
export function firstOther(
  hours: ZonedHours,
  at: number,
  step: 1 | -1,
  mostMinutes: number,
): number | undefined {
  const inside = isInside(hours, at);
  const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  for (let past = 1; past <= mostMinutes; past++) {
    const moment = minute + step * past * MINUTE_MS;
    if (isInside(hours, moment) !== inside) return moment;
  }
  return undefined;
}
