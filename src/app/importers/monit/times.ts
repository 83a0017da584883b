/** `every "CRON"` of Monit as hours of the week; its cron knows `*`, numbers, ranges and commas. */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Hours from the first, without the last, on some days; `days` is empty where every day is meant. */
export interface CronHours {
  readonly days: string;
  readonly from: number;
  readonly to: number;
}

/** Undefined where that is no stretch of whole hours on days of the week. */
export function cronHours(cron: string): CronHours | undefined {
  const [minute, hour = '', day, month, weekday = '', ...more] = cron.trim().split(/\s+/);
  if (minute !== '*' || day !== '*' || month !== '*' || more.length > 0) return undefined;
  const days = weekday === '*' ? '' : daysOf(weekday);
  if (days === undefined) return undefined;
  if (hour === '*') return { days, from: 0, to: 24 };
  const [, first = '', last = first] = /^(\d{1,2})(?:-(\d{1,2}))?$/.exec(hour) ?? [];
  const [from, to] = [Number(first), Number(last) + 1];
  return first !== '' && from < to && to <= 24 ? { days, from, to } : undefined;
}

function daysOf(field: string): string | undefined {
  const parts = field.split(',').map((part) => /^([0-7])(?:-([0-7]))?$/.exec(part));
  const texts = parts.map((part) => {
    if (part === null) return undefined;
    const [, first = '', last] = part;
    const name = (digit: string): string => DAYS[Number(digit) % 7] ?? '';
    return last === undefined ? name(first) : `${name(first)}-${name(last)}`;
  });
  return texts.includes(undefined) ? undefined : texts.join(',');
}

/** As `hours` of a watch, and as `when` of a quiet window. */
export function hoursText({ days, from, to }: CronHours, zone: string): string {
  return `${days === '' ? '' : `${days} `}${clock(from)}-${clock(to)} ${zone}`;
}

/** The rest of the day, where that is one stretch on every day. */
export function otherHours({ days, from, to }: CronHours): CronHours | undefined {
  if (days !== '' || (from === 0 && to === 24)) return undefined;
  return { days, from: to % 24, to: from === 0 ? 24 : from };
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}
