import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { followSchedule, parseSchedule, type Schedule, scheduleText } from './schedule.ts';
import { localTime } from './zoned-time.ts';

function read(text: string): Schedule {
  const parsed = parseSchedule(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return parsed.value;
}

/** The next moments of a schedule after one, as text. */
function nextOf(text: string, after: string, count: number): string[] {
  const next = followSchedule(read(text));
  const found: string[] = [];
  for (let at = next(Date.parse(after)); at !== undefined && found.length < count; at = next(at))
    found.push(new Date(at).toISOString().replace(':00.000Z', 'Z'));
  return found;
}

test('five fields, and a zone: UTC where none is named', () => {
  assert.deepEqual(read(' 30  3 * * Mon-Fri Europe/Helsinki '), {
    cron: '30 3 * * Mon-Fri',
    zone: 'Europe/Helsinki',
  });
  assert.equal(scheduleText(read('*/5 * * * *')), '*/5 * * * * UTC');
  assert.deepEqual(parseSchedule('0 3 * * *', 'Asia/Tokyo'), {
    ok: true,
    value: { cron: '0 3 * * *', zone: 'Asia/Tokyo' },
  });
});

test('what is no schedule is said in a sentence', () => {
  for (const [text, reason] of [
    ['', 'write a schedule'],
    ['3 * * *', 'write a schedule'],
    ['0 3 * * * UTC more', 'write a schedule'],
    ['@daily', 'write a schedule'],
    ['0 3 * * * Mars/Base', 'there is no zone "Mars/Base"'],
    ['61 * * * *', 'invalid value for minute: 61'],
    ['x * * * *', 'configuration entry 1 (x) contains illegal characters'],
    ['*/0 * * * *', 'syntax error, illegal stepping: 0'],
    ['0 0 30 2 *', 'it never comes'],
  ] as const) {
    const parsed = parseSchedule(text);
    assert.ok(!parsed.ok, text);
    const start = `cannot read ${JSON.stringify(text)} as a schedule: ${reason}`;
    assert.ok(parsed.error.startsWith(start), parsed.error);
  }
});

test('the next moment is after the one that is asked for, also where clocks are put forward or back', () => {
  for (const [text, after, expected] of [
    ['0 3 * * *', '2026-11-22T02:59:59.999Z', ['2026-11-22T03:00Z', '2026-11-23T03:00Z']],
    ['0 3 * * *', '2026-11-22T03:00:00Z', ['2026-11-23T03:00Z']],
    ['0 3 * * *', '2026-11-22T03:00:00.001Z', ['2026-11-23T03:00Z']],
    ['0 0 29 2 *', '2096-03-01T00:00:00Z', ['2104-02-29T00:00Z']],
    // Clocks in Helsinki skip 03:00–04:00 in spring, and show it twice in autumn.
    ['30 3 * * * Europe/Helsinki', '2026-03-28T12:00:00Z', ['2026-03-29T01:00Z', '2026-03-30T00:30Z']],
    ['30 3 * * * Europe/Helsinki', '2026-10-24T12:00:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
    ['30 3 * * * Europe/Helsinki', '2026-10-25T00:45:00Z', ['2026-10-26T01:30Z']],
    ['0,30 3 * * * Europe/Helsinki', '2026-10-25T00:00:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:00Z']],
    ['*/30 * * * * Europe/Helsinki', '2026-10-25T00:15:00Z', ['2026-10-25T00:30Z', '2026-10-25T01:00Z']],
    ['15 * * * * Europe/Helsinki', '2026-03-29T00:30:00Z', ['2026-03-29T01:15Z', '2026-03-29T02:15Z']],
  ] as const)
    assert.deepEqual(nextOf(text, after, expected.length), expected, `${text} after ${after}`);
});

test('at any moment of any year, in three zones: the next one is later, and the clocks show what the schedule says', () => {
  const zones = ['Europe/Helsinki', 'America/New_York', 'Australia/Lord_Howe'];
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: 5, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }),
      (zone, hour, minute, after) => {
        const at = followSchedule({ cron: `${minute} ${hour} * * *`, zone })(after) ?? 0;
        assert.ok(at > after && at - after <= 25 * 3_600_000);
        const shown = localTime(at, zone);
        assert.deepEqual([shown.hour, shown.minute, shown.second], [hour, minute, 0]);
      },
    ),
    { numRuns: 300 },
  );
});
