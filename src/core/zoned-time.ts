import { isZone } from './hours.ts';

/** A date and a time as clocks on a wall show them. */
export interface LocalTime {
  readonly year: number;
  /** 1 is January. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const two = '2-digit';
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    ...({ year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const),
  });
  formats.set(zone, made);
  return made;
}

/** What the clocks of a zone show at a moment (wall milliseconds). The zone must be one. */
export function localTime(at: number, zone: string): LocalTime {
  const parts = formatOf(zone).formatToParts(at);
  const get = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((part) => part.type === type)?.value);
  return {
    year: get('year'),
    month: get('month'),
    day: get('day'),
    hour: get('hour'),
    minute: get('minute'),
    second: get('second'),
  };
}

function asUtc({ year, month, day, hour, minute, second }: LocalTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** How far the clocks of a zone are ahead of UTC at a moment, milliseconds. */
function offsetAt(at: number, zone: string): number {
  return asUtc(localTime(at, zone)) - Math.floor(at / 1000) * 1000;
}

/**
 * When the clocks of a zone show a time, wall milliseconds, earliest first: once, or twice where they are put back. A time
 * that they skip is as long after the gap as it would have been after its begin.
 */
export function momentsOf(local: LocalTime, zone: string): readonly [number, ...number[]] {
  const guess = asUtc(local);
  const before = guess - offsetAt(guess - DAY_MS, zone);
  const after = guess - offsetAt(guess + DAY_MS, zone);
  const shown = [...new Set([before, after])]
    .filter((at) => at + offsetAt(at, zone) === guess)
    .toSorted((a, b) => a - b);
  const [first, ...more] = shown;
  return first === undefined ? [before] : [first, ...more];
}

/** A day that is in no calendar, such as 31 February, is none. */
export function isDate({ year, month, day }: Pick<LocalTime, 'year' | 'month' | 'day'>): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

const two = (number: number): string => String(number).padStart(2, '0');

/** A moment as the clocks of a zone show it: `2026-11-30 22:00`, with the seconds where asked for. */
export function localText(at: number, zone: string, to: 'minute' | 'second' = 'second'): string {
  const { year, month, day, hour, minute, second } = localTime(at, zone);
  const time = `${two(hour)}:${two(minute)}${to === 'second' ? `:${two(second)}` : ''}`;
  return `${year}-${two(month)}-${two(day)} ${time}`;
}

/** The zone of this machine's clocks, as TZ or the system says; UTC where neither does. */
export function ownZone(): string {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return isZone(zone) ? zone : 'UTC';
}
