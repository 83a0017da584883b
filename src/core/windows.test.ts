import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isWithin } from './hours.ts';
import { beginsAfter, endsAt, followWindow, parseWindow, type Window, windowText } from './windows.ts';

function window(text: string, zone?: string): Window {
  const parsed = parseWindow(text, zone);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return parsed.value;
}

const iso = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString().slice(0, 16);

test('a window is weekly or once, in its own zone or in the one that holds where it names none', () => {
  for (const text of [
    'Sun 02:00-04:00 Europe/Zurich',
    '22:00-06:00 UTC',
    '2026-11-30 22:00 - 2026-12-01 02:00 Europe/Zurich',
  ])
    assert.equal(windowText(window(text)), text);
  assert.equal(windowText(window('Mon 1:00-2:00', 'Asia/Tokyo')), 'Mon 01:00-02:00 Asia/Tokyo');
  assert.equal(
    windowText(window('2026-11-30 9:00-17:00', 'Asia/Tokyo')),
    '2026-11-30 09:00 - 2026-11-30 17:00 Asia/Tokyo',
  );
});

test('what cannot be read is told with its reason', () => {
  for (const [text, why] of [
    ['', /write hours such as Sun/],
    ['always', /write hours such as Sun .* or once: 2026-/],
    ['2026-11-30', /write hours such as Sun/],
    ['2026-02-30 10:00-11:00', /no such date/],
    ['2026-11-30 25:00-26:00', /no such date or time/],
    ['2026-11-30 22:00 - 2026-11-30 21:00', /its end is not after its begin/],
    ['2026-11-30 22:00-23:00 Mars/Olympus', /no zone "Mars/],
    ['00:00-24:00', /it never ends/],
  ] as const) {
    const read = parseWindow(text);
    assert.ok(!read.ok, text);
    assert.match(read.error, why);
  }
});

test('once is from its begin to its end, and never again', () => {
  const once = window('2026-11-30 22:00 - 2026-12-01 02:00 Europe/Zurich');
  const at = (text: string): number => Date.parse(text);
  assert.equal(iso(beginsAfter(once, at('2026-11-01T00:00Z'))), '2026-11-30T21:00');
  assert.equal(endsAt(once, at('2026-11-30T20:59:59Z')), undefined);
  assert.equal(iso(endsAt(once, at('2026-11-30T21:00:00Z'))), '2026-12-01T01:00');
  assert.equal(endsAt(once, at('2026-12-01T01:00:00Z')), undefined);
  assert.equal(beginsAfter(once, at('2026-11-30T21:00:00Z')), undefined);
  const hour = window('2026-10-25 02:30 - 2026-10-25 02:30 Europe/Zurich');
  assert.equal(iso(beginsAfter(hour, 0)), '2026-10-25T00:30', 'the hour that comes twice');
  assert.equal(iso(endsAt(hour, at('2026-10-25T01:00Z'))), '2026-10-25T01:30');
});

test('a weekly window of the night in which clocks change is what its clocks show', () => {
  const night = window('Sun 02:00-04:00 Europe/Zurich');
  const hours = (day: string): number => {
    const begin = beginsAfter(night, Date.parse(`${day}T00:00Z`) - 7_200_000) ?? 0;
    return ((endsAt(night, begin) ?? 0) - begin) / 3_600_000;
  };
  assert.deepEqual([hours('2026-03-29'), hours('2026-11-22'), hours('2026-10-25')], [1, 2, 3]);
});

const weekly = fc
  .record({
    days: fc.uniqueArray(fc.nat({ max: 6 }), { minLength: 1 }),
    from: fc.nat({ max: 1439 }),
    to: fc.integer({ min: 0, max: 1440 }),
    zone: fc.constantFrom('UTC', 'Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe'),
  })
  .filter(({ days, from, to }) => days.length < 7 || (from !== to && to - from !== 1440))
  .map((hours): Window & { kind: 'weekly' } => ({ kind: 'weekly', hours }));

test('between a begin and its end a weekly window is within its hours, and at neither side beyond', () => {
  const year = { min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') };
  fc.assert(
    fc.property(
      weekly,
      fc.integer(year),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
      (each, at, parts) => {
        const begin = beginsAfter(each, at) ?? assert.fail('it begins again');
        const end = endsAt(each, begin) ?? assert.fail('it ends');
        assert.ok(begin > at && end > begin);
        const { hours } = each;
        assert.deepEqual(
          [isWithin(hours, begin - 1), isWithin(hours, end - 1), isWithin(hours, end)],
          [false, true, false],
        );
        const follows = followWindow(each);
        for (const part of parts) {
          const moment = Math.floor(at + part * (end + 3_600_000 - at));
          assert.equal(endsAt(each, moment) !== undefined, isWithin(hours, moment));
          assert.equal(follows.end(moment), endsAt(each, moment), 'in whatever order it is asked');
          if (moment >= begin && moment < end) assert.equal(endsAt(each, moment), end);
        }
      },
    ),
    { numRuns: 60 },
  );
});
