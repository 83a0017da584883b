import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isDate, localText, localTime, momentsOf } from './zoned-time.ts';

const ZONES = ['UTC', 'Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'];

/** When clocks show a time of 2026. */
function moments(zone: string, month: number, day: number, hour: number, minute = 0): string[] {
  const local = { year: 2026, month, day, hour, minute, second: 0 };
  return momentsOf(local, zone).map((at) => new Date(at).toISOString().slice(0, 16));
}

test('a time that clocks show has its moment; in the night in which they are put back it has two', () => {
  assert.deepEqual(moments('Europe/Zurich', 11, 30, 22), ['2026-11-30T21:00']);
  assert.deepEqual(moments('Europe/Zurich', 10, 25, 2, 30), ['2026-10-25T00:30', '2026-10-25T01:30']);
  assert.deepEqual(moments('Europe/Zurich', 10, 25, 3), ['2026-10-25T02:00']);
  assert.deepEqual(moments('America/New_York', 11, 1, 1, 59), ['2026-11-01T05:59', '2026-11-01T06:59']);
});

test('a time that clocks leave out is as long after the gap as it would have been after its begin', () => {
  assert.deepEqual(moments('Europe/Zurich', 3, 29, 2), ['2026-03-29T01:00']);
  assert.deepEqual(moments('Europe/Zurich', 3, 29, 2, 30), ['2026-03-29T01:30']);
});

test('every moment is one of those at which its clocks show what they show', () => {
  const years = { min: Date.parse('2020-01-01'), max: Date.parse('2035-01-01') };
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), fc.integer(years), (zone, at) => {
      const second = Math.floor(at / 1000) * 1000;
      assert.ok(momentsOf(localTime(second, zone), zone).includes(second));
    }),
  );
});

test('dates are those of the calendar, and moments are written as clocks show them', () => {
  assert.equal(isDate({ year: 2028, month: 2, day: 29 }), true);
  for (const [month, day] of [
    [2, 29],
    [0, 1],
    [13, 1],
    [4, 31],
    [1, 0],
  ] as const)
    assert.equal(isDate({ year: 2026, month, day }), false, `${month}-${day}`);
  const at = Date.parse('2026-11-30T21:05:09Z');
  assert.equal(localText(at, 'Europe/Zurich'), '2026-11-30 22:05:09');
  assert.equal(localText(at, 'UTC', 'minute'), '2026-11-30 21:05');
});
