import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { followSchedule } from '../../../core/schedule.ts';
import { parseTimes } from '../../../jobs/times.ts';
import { atOf } from './times.ts';

test('times mean what they mean to cron', () => {
  for (const [written, at] of [
    ['5 4 * * *', '5 4 * * *'],
    ['*/5 1-3,7 1 JAN-mar sun', '*/5 1-3,7 1 JAN-mar sun'],
    ['@daily', 'daily'],
    ['@weekly', '0 0 * * 0'],
    ['@annually', '0 0 1 1 *'],
    ['0 0 */2 * 1', '0 0 */2 * +1'],
    ['0 0 13 * */5', '0 0 13 * +0,5'],
    ['0 0 13 * 5', '0 0 13 * 5'],
  ])
    assert.deepEqual(atOf(written as string, undefined), { ok: true, value: at });
  assert.deepEqual(atOf('1 2 * * *', 'Asia/Tokyo'), { ok: true, value: '1 2 * * * Asia/Tokyo' });
  for (const [written, zone] of [
    ['0 0 31 2 *'],
    ['61 * * * *'],
    ['0~9 * * * *'],
    ['0 0 L * *'],
    ['0 0 * * 1#2'],
    ['@often'],
    ['1 2 * * *', 'Mars/Base'],
  ])
    assert.equal(atOf(written as string, zone).ok, false, written);
});

/** What crontab(5) says: both days have to fit where one of them begins with `*`, else either is enough. */
function cronFits(time: string, at: Date): boolean {
  const fields = time.split(' ');
  const values = [
    at.getUTCMinutes(),
    at.getUTCHours(),
    at.getUTCDate(),
    at.getUTCMonth() + 1,
    at.getUTCDay(),
  ];
  const lowest = [0, 0, 1, 1, 0];
  const highest = [59, 23, 31, 12, 7];
  const fits = (index: number): boolean =>
    (fields[index] ?? '').split(',').some((part) => {
      const [range = '', step = '1'] = part.split('/');
      const [first = '', last = first] =
        range === '*' ? [String(lowest[index]), String(highest[index])] : range.split('-');
      const value = values[index] ?? 0;
      const all = index === 4 && value === 0 ? [0, 7] : [value];
      return all.some(
        (each) =>
          each >= Number(first) && each <= Number(last) && (each - Number(first)) % Number(step) === 0,
      );
    });
  const isAnd = fields[2]?.startsWith('*') === true || fields[4]?.startsWith('*') === true;
  return fits(0) && fits(1) && fits(3) && (isAnd ? fits(2) && fits(4) : fits(2) || fits(4));
}

test('a job is due exactly when cron would run the line, over a year', () => {
  const field = (least: number, most: number) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('*') },
      fc.integer({ min: least, max: most }).map(String),
      fc.integer({ min: 2, max: 5 }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc
        .uniqueArray(fc.integer({ min: least, max: most }), { minLength: 1, maxLength: 3 })
        .map((all) => all.join(',')),
    );
  fc.assert(
    fc.property(field(1, 28), field(1, 12), field(0, 6), (day, month, weekday) => {
      const time = `30 12 ${day} ${month} ${weekday}`;
      const at = atOf(time, undefined);
      // Some never come.
      if (!at.ok) return;
      const parsed = parseTimes(at.value, 'UTC');
      assert.ok(parsed.ok);
      const next = followSchedule(parsed.value);
      const start = Date.UTC(2026, 0, 1);
      const due: number[] = [];
      for (
        let moment = next(start);
        moment !== undefined && moment < start + 365 * 86_400_000;
        moment = next(moment)
      )
        due.push(moment);
      const expected = Array.from(
        { length: 365 },
        (_, index) => start + index * 86_400_000 + 12.5 * 3_600_000,
      ).filter((moment) => cronFits(time, new Date(moment)));
      assert.deepEqual(due, expected, `${time} as ${at.value}`);
    }),
    { numRuns: 40 },
  );
});
