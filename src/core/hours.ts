import { err, ok, type Result } from './result.ts';

/** When a watch looks: on some days of the week, between two times of the day, in a zone. Serialisable as JSON. */
export interface Hours {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight; where `to` is not after `from` it is the next day's. */
  readonly from: number;
  readonly to: number;
  readonly zone: string;
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
export const HOURS_FORM =
  'hours such as 08:00-18:00, Mon-Fri 08:00-18:00 or Sat,Sun 22:00-06:00 Europe/Helsinki';
const FORM = /^(?:([A-Za-z,-]+)\s+)?(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})(?:\s+(\S+))?$/;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/**
 * Reads `Mon-Fri 08:00-18:00 ZONE`: without days it is every day. The error is a whole sentence.
 * @param otherwise the zone of hours that name none.
 */
export function parseHours(text: string, otherwise = 'UTC'): Result<Hours, string> {
  const fail = (why: string): Result<Hours, string> =>
    err(`cannot read ${JSON.stringify(text)} as hours: ${why}`);
  const [all, dayText, h1, m1, h2, m2, zone = otherwise] = FORM.exec(text.trim()) ?? [];
  if (all === undefined) return fail(`write ${HOURS_FORM}`);
  const days = dayText === undefined ? [0, 1, 2, 3, 4, 5, 6] : parseDays(dayText);
  if (days === undefined) return fail('the days are Mon, Tue, Wed, Thu, Fri, Sat, Sun');
  const from = minutesOf(h1, m1);
  const to = minutesOf(h2, m2);
  if (from === undefined || to === undefined || from === DAY_MINUTES) return fail('a time is 00:00 to 24:00');
  if (!isZone(zone)) return fail(`there is no zone ${JSON.stringify(zone)}`);
  return ok({ days, from, to, zone });
}

function parseDays(text: string): number[] | undefined {
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const [first, last = first, ...more] = part.split('-').map((day) => DAYS.indexOf(day.slice(0, 3)));
    if (first === undefined || last === undefined || more.length > 0 || first < 0 || last < 0)
      return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return [...days].sort((a, b) => a - b);
}

function minutesOf(hours = '', minutes = ''): number | undefined {
  const all = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && all <= DAY_MINUTES ? all : undefined;
}

/** Whether clocks know a zone by this name. */
export function isZone(zone: string): boolean {
  try {
    return formatOf(zone) !== undefined;
  } catch {
    return false;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  formats.set(zone, made);
  return made;
}

/** Minutes since midnight, and the day of the week, on the clocks of a zone. */
function clockOf(zone: string, at: number): { readonly day: number; readonly minutes: number } {
  // `Sun 08:30`: three times as fast as formatToParts, and hours are asked for often.
  const shown = formatOf(zone).format(at);
  const [, hour, minute] = /(\d\d):(\d\d)$/.exec(shown) ?? [];
  return { day: DAYS.indexOf(shown.slice(0, 3).toLowerCase()), minutes: Number(hour) * 60 + Number(minute) };
}

function dayName(day: number): string {
  const name = DAYS[day] ?? '';
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Hours, as they would be written. */
export function hoursText({ days, from, to, zone }: Hours): string {
  const time = (minutes: number): string =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  const names = days.length === 7 ? '' : `${days.map(dayName).join(',')} `;
  return `${names}${time(from)}-${time(to)} ${zone}`;
}

/** Whether a moment (wall milliseconds) is within the hours, as the clocks of the zone show it. */
export function isWithin(hours: Hours, at: number): boolean {
  const { day, minutes } = clockOf(hours.zone, at);
  return covers(hours, day, minutes);
}

function covers({ days, from, to }: Hours, day: number, minutes: number): boolean {
  if (from < to) return days.includes(day) && minutes >= from && minutes < to;
  const yesterday = (day + 6) % 7;
  return (days.includes(day) && minutes >= from) || (days.includes(yesterday) && minutes < to);
}

/** When the hours that a moment is within began, wall milliseconds, to the minute, a day ago at most; undefined outside of them. */
export function beginOf(hours: Hours, at: number): number | undefined {
  if (!isWithin(hours, at)) return undefined;
  const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  let inside = minute;
  while (minute - inside < DAY_MINUTES * MINUTE_MS && isWithin(hours, inside - MINUTE_MS))
    inside -= MINUTE_MS;
  return inside;
}

/** The next moment within the hours, wall milliseconds, to the minute; `at` itself where it is. */
export function nextWithin(hours: Hours, at: number): number {
  return isWithin(hours, at) ? at : (nextChange(hours, at) ?? at + LONGEST_WAIT_MS);
}

/** Hours come again each week, and in the second one where clocks were put forward over them; a day more for clocks that are put back. */
const LONGEST_WAIT_MS = 15 * DAY_MINUTES * MINUTE_MS;
/** Clocks are only put forward and back at quarters of an hour, once in so many minutes at most. */
const QUARTER = 15;
const CALM = 360;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** When the hours begin next, or end where `at` is within them: wall milliseconds, to the minute; undefined for hours that never end. */
export function nextChange(hours: Hours, at: number): number | undefined {
  const inside = isWithin(hours, at);
  const end = at + LONGEST_WAIT_MS;
  const first = Math.floor(at / (QUARTER * MINUTE_MS)) * QUARTER * MINUTE_MS;
  let known = minuteOfWeek(hours.zone, first);
  for (let begin = first, long; begin < end; begin += long * MINUTE_MS) {
    long = CALM;
    let next = minuteOfWeek(hours.zone, begin + long * MINUTE_MS);
    if (next !== (known + long) % WEEK_MINUTES) {
      // Clocks are put forward or back meanwhile: quarter by quarter.
      long = QUARTER;
      next = minuteOfWeek(hours.zone, begin + long * MINUTE_MS);
    }
    for (let past = 0; past < long; past++) {
      const moment = begin + past * MINUTE_MS;
      const minute = (known + past) % WEEK_MINUTES;
      const isIn = covers(hours, Math.floor(minute / DAY_MINUTES), minute % DAY_MINUTES);
      if (moment > at && isIn !== inside) return moment;
    }
    known = next;
  }
  return undefined;
}

/** Minutes since the week began, on Sunday at midnight, as the clocks of a zone show it. */
function minuteOfWeek(zone: string, at: number): number {
  const { day, minutes } = clockOf(zone, at);
  return day * DAY_MINUTES + minutes;
}

/** Follows the hours of one watch: asked again and again, it reckons only when they begin and end. */
export interface Opening {
  /** When the present hours began (0 without any), wall milliseconds; undefined outside of them. */
  begin(now: number): number | undefined;
  /** The first moment from `at` on that is within them. */
  next(at: number): number;
}

export function createOpening(hours: Hours | undefined): Opening {
  if (hours === undefined) return { begin: () => 0, next: (at) => at };
  /** What holds from one moment until before another. */
  let known: { readonly from: number; readonly to: number; readonly began: number | undefined } | undefined;
  const look = (now: number): NonNullable<typeof known> => {
    if (known !== undefined && now >= known.from && now < known.to) return known;
    const began = beginOf(hours, now);
    known = { from: began ?? now, to: nextChange(hours, now) ?? Number.POSITIVE_INFINITY, began };
    return known;
  };
  return {
    begin: (now) => look(now).began,
    next(at) {
      const { began, to } = look(at);
      return began === undefined ? to : at;
    },
  };
}
