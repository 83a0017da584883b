import { createRequire } from 'node:module';
import { isZone } from './hours.ts';
import { asError, err, ok, type Result } from './result.ts';

/** Times of the calendar, to the minute: five fields of cron, on the clocks of a zone. Serialisable as JSON. */
export interface Schedule {
  readonly cron: string;
  readonly zone: string;
}

export const SCHEDULE_FORM =
  'a schedule (minute, hour, day, month, day of the week, and a zone) such as 30 3 * * Mon-Fri Europe/Helsinki';

const FIELDS = 5;

/** The library is not small: it is loaded where there is a schedule. */
const croner = (): typeof import('croner') =>
  createRequire(import.meta.url)('croner') as typeof import('croner');

/**
 * Reads `MINUTE HOUR DAY MONTH WEEKDAY [ZONE]`, each field as cron has it. The error is a whole sentence.
 * @param otherwise the zone of a schedule that names none.
 */
export function parseSchedule(text: string, otherwise = 'UTC'): Result<Schedule, string> {
  const fail = (why: string): Result<Schedule, string> =>
    err(`cannot read ${JSON.stringify(text)} as a schedule: ${why}`);
  const words = text.trim().split(/\s+/);
  const [zone = otherwise] = words.slice(FIELDS);
  if (words.length < FIELDS || words.length > FIELDS + 1) return fail(`write ${SCHEDULE_FORM}`);
  if (!isZone(zone)) return fail(`there is no zone ${JSON.stringify(zone)}`);
  const schedule = { cron: words.slice(0, FIELDS).join(' '), zone };
  try {
    return followSchedule(schedule)(0) === undefined ? fail('it never comes') : ok(schedule);
  } catch (thrown) {
    // `CronPattern: Invalid value for minute: 61`
    const reason = asError(thrown).message.replace(/^\w+:\s+/, '');
    return fail(`${reason.charAt(0).toLowerCase()}${reason.slice(1).replace(/\.$/, '')}`);
  }
}

/**
 * Answers with the first moment of a schedule after another one, wall milliseconds; undefined where none comes. A time that
 * the clocks skip in spring is taken when they have skipped it, one that they show twice in autumn is taken once, unless the
 * hour or the minute is any (`*`). Throws where the schedule was not parsed before.
 */
export function followSchedule({ cron, zone }: Schedule): (after: number) => number | undefined {
  const { Cron } = croner();
  const found = new Cron(cron, {
    mode: '5-part',
    timezone: zone,
    fixedTimeRule: 'no-wildcard',
    paused: true,
  });
  return (after) => found.nextRun(new Date(after))?.getTime();
}

/** A schedule, as it would be written. */
export function scheduleText({ cron, zone }: Schedule): string {
  return `${cron} ${zone}`;
}
