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

/** Reads `Mon-Fri 08:00-18:00 ZONE`: without days it is every day, without a zone UTC. The error is a whole sentence. */
export function parseHours(text: string): Result<Hours, string> {
  const fail = (why: string): Result<Hours, string> =>
    err(`cannot read ${JSON.stringify(text)} as hours: ${why}`);
  const [all, dayText, h1, m1, h2, m2, zone = 'UTC'] = FORM.exec(text.trim()) ?? [];
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

function isZone(zone: string): boolean {
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
  const parts = formatOf(zone).formatToParts(at);
  const get = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((part) => part.type === type)?.value ?? '';
  return {
    day: DAYS.indexOf(get('weekday').toLowerCase()),
    minutes: Number(get('hour')) * 60 + Number(get('minute')),
  };
}

/** Hours, as they would be written. */
export function hoursText({ days, from, to, zone }: Hours): string {
  const time = (minutes: number): string =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  const names = days.length === 7 ? '' : `${days.map((day) => DAYS[day]).join(',')} `;
  return `${names}${time(from)}-${time(to)} ${zone}`;
}

/** Whether a moment (wall milliseconds) is within the hours, as the clocks of the zone show it. */
export function isWithin({ days, from, to, zone }: Hours, at: number): boolean {
  const { day, minutes } = clockOf(zone, at);
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
  if (isWithin(hours, at)) return at;
  let next = Math.floor(at / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  const end = at + 8 * DAY_MINUTES * MINUTE_MS;
  while (next < end && !isWithin(hours, next)) next += MINUTE_MS;
  return next;
}

/** Follows the hours of one watch: asked again and again, it reckons only when they begin and end. */
export interface Opening {
  /** When the present hours began (0 without any), wall milliseconds; undefined outside of them. */
  begin(now: number): number | undefined;
  /** The first moment from `at` on that is within them. */
  next(at: number): number;
}

export function createOpening(hours: Hours | undefined): Opening {
  let began: number | undefined;
  let opens: { readonly from: number; readonly at: number } | undefined;
  if (hours === undefined) return { begin: () => 0, next: (at) => at };
  return {
    begin(now) {
      if (!isWithin(hours, now)) began = undefined;
      else if (began === undefined || began > now) began = beginOf(hours, now);
      return began;
    },
    next(at) {
      if (isWithin(hours, at)) return at;
      if (opens === undefined || at < opens.from || at >= opens.at)
        opens = { from: at, at: nextWithin(hours, at) };
      return opens.at;
    },
  };
}
