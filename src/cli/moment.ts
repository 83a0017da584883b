import { isZone } from '../core/hours.ts';
import { err, ok, type Result } from '../core/result.ts';
import { isDate, type LocalTime, localTime, momentsOf } from '../core/zoned-time.ts';

const MOMENT_FORM = 'a time such as 18:00, 2026-11-30 18:00, or 2026-11-30T17:00Z';

const FORM =
  /^(?:(\d{4})-(\d{1,2})-(\d{1,2})[ T]+)?(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*(Z|[+-]\d{2}:?\d{2})|\s+([A-Za-z]\S*))?$/;

/**
 * Reads a moment that is to come, as wall milliseconds: a time of the day is the next one, a date and a time are of the
 * given zone where they name none. The error is a whole sentence.
 */
export function parseMoment(text: string, now: number, zone: string): Result<number, string> {
  const fail = (why: string): Result<number, string> =>
    err(`cannot read ${JSON.stringify(text)} as a time: ${why}`);
  const [all, year, month, day, hour, minute, second = '0', offset, named] = FORM.exec(text.trim()) ?? [];
  if (all === undefined) return fail(`write ${MOMENT_FORM}`);
  if (named !== undefined && !isZone(named)) return fail(`there is no zone ${JSON.stringify(named)}`);
  const own = named ?? zone;
  const clock = { hour: Number(hour), minute: Number(minute), second: Number(second) };
  if (clock.hour > 23 || clock.minute > 59 || clock.second > 59) return fail('there is no such time');
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  if (year === undefined)
    return offset === undefined ? ok(nextMoment(clock, now, own)) : fail('write a date in front of it');
  if (!isDate(date)) return fail('there is no such date');
  const moment =
    offset === undefined ? momentsOf({ ...date, ...clock }, own)[0] : Date.parse(isoOf(date, clock, offset));
  return moment > now ? ok(moment) : fail('it is over');
}

type TimeOfDay = Pick<LocalTime, 'hour' | 'minute' | 'second'>;

/** When the clocks of a zone show a time next. */
function nextMoment(clock: TimeOfDay, now: number, zone: string): number {
  const { year, month, day } = localTime(now, zone);
  const at = (later: number): readonly number[] =>
    momentsOf({ year, month, day: day + later, ...clock }, zone);
  return [...at(0), ...at(1), ...at(2)].find((moment) => moment > now) as number;
}

function isoOf(date: Pick<LocalTime, 'year' | 'month' | 'day'>, clock: TimeOfDay, offset: string): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const zone = offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset;
  const time = [clock.hour, clock.minute, clock.second].map(two).join(':');
  return `${date.year}-${two(date.month)}-${two(date.day)}T${time}${zone}`;
}
