import { parseDuration } from '../core/durations.ts';
import { err, ok, type Result } from '../core/result.ts';
import { parseSchedule, type Schedule } from '../core/schedule.ts';

/** When a job is due, as people write it: cron, or words of the calendar. */

export const TIMES_FORM =
  'cron such as 40 3 * * * Europe/Zurich, or 00:10 UTC, Mon-Fri 06:00, hourly, daily, weekly, monthly, every 15m';

/** As systemd has them (systemd.time(7)): weeks begin on Monday. */
const WORDS: Readonly<Record<string, string>> = {
  hourly: '0 * * * *',
  daily: '0 0 * * *',
  weekly: '0 0 * * 1',
  monthly: '0 0 1 * *',
};
const CLOCK = /^(?:([A-Za-z]{3}(?:[,-][A-Za-z]{3})*)\s+)?(\d{1,2}):(\d{2})(?:\s+(\S+))?$/;
const EVERY = /^every\s+(\S+)(?:\s+(\S+))?$/;
const WORD = /^([a-z]+)(?:\s+(\S+))?$/;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Reads one time of a job. The error is a whole sentence.
 * @param zone of a time that names none.
 */
export function parseTimes(text: string, zone: string): Result<Schedule, string> {
  const written = text.trim();
  const fail = (why: string): Result<Schedule, string> =>
    err(`cannot read ${JSON.stringify(text)} as a time: ${why}`);
  const clock = CLOCK.exec(written);
  if (clock !== null) {
    const [, days = '*', hour = '', minute = '', own = zone] = clock;
    if (Number(hour) > 23 || Number(minute) > 59) return fail('there is no such time of the day');
    return parseSchedule(`${Number(minute)} ${Number(hour)} * * ${days} ${own}`);
  }
  const every = EVERY.exec(written);
  if (every !== null) {
    const [, pause = '', own = zone] = every;
    const cron = everyCron(pause);
    return cron.ok ? parseSchedule(`${cron.value} ${own}`) : fail(cron.error);
  }
  const [, word = '', own = zone] = WORD.exec(written) ?? [];
  const known = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (known !== undefined) return parseSchedule(`${known} ${own}`);
  // Cron has five fields; whatever else was meant is told with every form that there is.
  return /\s/.test(written) && /^[\d*]/.test(written)
    ? parseSchedule(written, zone)
    : fail(`write ${TIMES_FORM}`);
}

/** A pause that fits into an hour or a day, so that it means the same every day. */
function everyCron(pause: string): Result<string, string> {
  const read = parseDuration(pause);
  if (!read.ok) return err(read.error);
  const minutes = read.value / MINUTE_MS;
  const hours = read.value / HOUR_MS;
  if (minutes === 1) return ok('* * * * *');
  if (Number.isInteger(minutes) && minutes > 1 && minutes < 60 && 60 % minutes === 0)
    return ok(`*/${minutes} * * * *`);
  if (hours === 1) return ok('0 * * * *');
  if (Number.isInteger(hours) && hours > 1 && hours < 24 && 24 % hours === 0) return ok(`0 */${hours} * * *`);
  if (hours === 24) return ok('0 0 * * *');
  return err('write a part of an hour or of a day: 1m, 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h');
}
