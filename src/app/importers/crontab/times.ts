import { parseTimes } from '../../../jobs/times.ts';
import { err, ok, type Result } from '../../../core/result.ts';

/** Weeks of cron begin on Sunday; `weekly` of a job on Monday. */
const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': 'monthly',
  '@weekly': '0 0 * * 0',
  '@daily': 'daily',
  '@midnight': 'daily',
  '@hourly': 'hourly',
};
const NAMES = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat';
/** What is more than that means something of its own to the library of schedules. */
const PLAIN = new RegExp(`^(?:[\\d*,/-]|${NAMES})+$`, 'i');

/** As `at` of a job has it. The error is a clause. @param zone where the crontab names one; else that of the config. */
export function atOf(time: string, zone: string | undefined): Result<string, string> {
  const nickname = Object.hasOwn(NICKNAMES, time) ? NICKNAMES[time] : undefined;
  if (nickname === undefined && time.startsWith('@')) return err(`there is no ${time}`);
  if (nickname === undefined && time.includes('~'))
    return err('a time by chance: write a time, and `jitter`');
  const fields = time.split(' ');
  if (nickname === undefined && !fields.every((field) => PLAIN.test(field)))
    return err('cron has no such fields');
  const written = `${nickname ?? bothDays(fields)}${zone === undefined ? '' : ` ${zone}`}`;
  const read = parseTimes(written, 'UTC');
  return read.ok ? ok(written) : err(read.error);
}

/**
 * Where day of the month and day of the week both narrow it, either is enough; but where one of them begins with `*`, cron wants
 * both (crontab(5)). `+` says so here.
 */
function bothDays(fields: readonly string[]): string {
  const [minute, hour, day = '*', month, weekday = '*'] = fields;
  const isBoth = day !== '*' && weekday !== '*' && (day.startsWith('*') || weekday.startsWith('*'));
  if (!isBoth) return fields.join(' ');
  const [, step] = /^\*\/(\d+)$/.exec(weekday) ?? [];
  const days = step === undefined ? weekday : stepped(Number(step));
  return [minute, hour, day, month, `+${days}`].join(' ');
}

function stepped(step: number): string {
  return Array.from({ length: 7 }, (_, day) => day)
    .filter((day) => step > 0 && day % step === 0)
    .join(',');
}
