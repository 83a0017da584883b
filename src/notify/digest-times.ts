import { err, ok, type Result } from '../core/result.ts';
import { followSchedule, parseSchedule, type Schedule } from '../core/schedule.ts';

/** When a channel gets its digest. Serialisable as JSON. */
export interface DigestTimes {
  /** Of cron: `*`, `Mon-Fri`. */
  readonly days: string;
  readonly hour: number;
  readonly minute: number;
  /** Empty where none was written. */
  readonly zone: string;
}

export const DIGEST_FORM = 'a time of day such as 08:00, Mon-Fri 08:00 or 08:00 Europe/Helsinki';
const DAY = '(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat)';
const FORM = new RegExp(`^(?:(${DAY}(?:[-,]${DAY})*)\\s+)?(\\d{1,2}):(\\d{2})(?:\\s+([A-Za-z]\\S*))?$`, 'i');

/** Reads `[DAYS] HH:MM [ZONE]`. The error is a whole sentence. */
export function parseDigestTimes(text: string): Result<DigestTimes, string> {
  const fail = (why: string): Result<DigestTimes, string> =>
    err(`cannot read ${JSON.stringify(text)} as the time of a digest: ${why}`);
  const [all, days = '*', hour = '', minute = '', zone = ''] = FORM.exec(text.trim()) ?? [];
  if (all === undefined) return fail(`write ${DIGEST_FORM}`);
  if (Number(hour) > 23 || Number(minute) > 59) return fail('a time is 00:00 to 23:59');
  const times = { days, hour: Number(hour), minute: Number(minute), zone };
  const { cron, zone: own } = scheduleOf(times);
  const read = parseSchedule(`${cron} ${own}`);
  if (!read.ok)
    return fail(zone === '' ? `write ${DIGEST_FORM}` : `there is no zone ${JSON.stringify(zone)}`);
  return ok(times);
}

function scheduleOf({ days, hour, minute, zone }: DigestTimes): Schedule {
  return { cron: `${minute} ${hour} * * ${days}`, zone: zone === '' ? 'UTC' : zone };
}

/** The first digest after a moment: wall milliseconds. What a change of the clocks leaves out comes at the next possible moment. */
export function nextDigest(times: DigestTimes, after: number): number {
  return followSchedule(scheduleOf(times))(after) ?? Number.MAX_SAFE_INTEGER;
}
