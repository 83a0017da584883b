import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleText } from '../core/schedule.ts';
import { parseTimes } from './times.ts';

function read(text: string): string {
  const parsed = parseTimes(text, 'UTC');
  return parsed.ok ? scheduleText(parsed.value) : parsed.error;
}

test('times are read as people write them', () => {
  const table: readonly (readonly [string, string])[] = [
    ['5 * * * *', '5 * * * * UTC'],
    ['40 3 * * * Europe/Zurich', '40 3 * * * Europe/Zurich'],
    ['00:10 UTC', '10 0 * * * UTC'],
    ['2:30', '30 2 * * * UTC'],
    ['Mon 06:00 Europe/Zurich', '0 6 * * Mon Europe/Zurich'],
    ['Mon-Fri 06:05', '5 6 * * Mon-Fri UTC'],
    ['Sat,Sun 22:00', '0 22 * * Sat,Sun UTC'],
    ['hourly', '0 * * * * UTC'],
    ['daily Europe/Zurich', '0 0 * * * Europe/Zurich'],
    ['weekly', '0 0 * * 1 UTC'],
    ['monthly', '0 0 1 * * UTC'],
    ['every 15m', '*/15 * * * * UTC'],
    ['every 1m', '* * * * * UTC'],
    ['every 60m', '0 * * * * UTC'],
    ['every 6h Europe/Zurich', '0 */6 * * * Europe/Zurich'],
    ['every 24h', '0 0 * * * UTC'],
  ];
  for (const [written, expected] of table) assert.equal(read(written), expected, written);
});

test('what is no time is told, with what would be', () => {
  for (const [written, why] of [
    ['25:00', /no such time of the day/],
    ['every 7m', /write a part of an hour or of a day/],
    ['every x', /cannot read "every x" as a time/],
    ['fortnightly', /write cron such as/],
    ['00:10 Mars/Olympus', /there is no zone/],
    ['Foo 06:00', /cannot read/],
    ['61 * * * *', /cannot read "61 \* \* \* \*" as a schedule/],
    ['0 0 31 2 *', /it never comes/],
    ['', /write cron such as/],
  ] as const)
    assert.match(read(written), why, written);
});
