import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { followSchedule, parseSchedule } from '../core/schedule.ts';
import { type Cursor, dueNow, freshCursor, MOST_MISSED, type NextDue } from './cursor.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(text);
/** Each full hour. */
const hourly: NextDue = (after) => (Math.floor(after / HOUR) + 1) * HOUR;
const daily = { missed: 'once', maxAgeMs: DAY } as const;

test('a time that comes is due once', () => {
  const begun = freshCursor('h', at('2026-01-01T00:10Z'));
  const before = dueNow(begun, 'h', hourly, at('2026-01-01T00:59:59Z'), daily);
  assert.deepEqual([before.runs, before.nextAt], [[], at('2026-01-01T01:00Z')]);
  const due = dueNow(before.cursor, 'h', hourly, at('2026-01-01T01:00Z'), daily);
  assert.deepEqual(due.runs, [at('2026-01-01T01:00Z')]);
  assert.deepEqual(dueNow(due.cursor, 'h', hourly, at('2026-01-01T01:00:30Z'), daily).runs, []);
});

test('what was missed: not at all, the newest, or all of them, as far as it is young enough', () => {
  const begun = freshCursor('h', at('2026-01-01T00:10Z'));
  const back = at('2026-01-01T05:30Z');
  const missed = (policy: 'skip' | 'once' | 'all', maxAgeMs = DAY) => {
    const { runs, left } = dueNow(begun, 'h', hourly, back, { missed: policy, maxAgeMs });
    return { hours: runs.map((run) => new Date(run).getUTCHours()), left };
  };
  assert.deepEqual(missed('skip'), { hours: [], left: 5 });
  assert.deepEqual(missed('once'), { hours: [5], left: 4 });
  assert.deepEqual(missed('all'), { hours: [1, 2, 3, 4, 5], left: 0 });
  assert.deepEqual(missed('all', 2 * HOUR), { hours: [4, 5], left: 3 });
  assert.deepEqual(missed('once', 10 * MINUTE), { hours: [], left: 5 });
});

test('a time that is only just over is not missed', () => {
  const begun = freshCursor('h', at('2026-01-01T00:10Z'));
  const { runs } = dueNow(begun, 'h', hourly, at('2026-01-01T01:00:59Z'), { missed: 'skip', maxAgeMs: 0 });
  assert.equal(runs.length, 1);
});

test('a new job, and a changed schedule, never fire at once', () => {
  const now = at('2026-01-01T05:00Z');
  assert.deepEqual(dueNow(undefined, 'h', hourly, now, daily).runs, []);
  const old: Cursor = { schedule: 'other', settled: at('2025-12-01T00:00Z') };
  const changed = dueNow(old, 'h', hourly, now, { missed: 'all', maxAgeMs: 90 * DAY });
  assert.deepEqual([changed.runs, changed.left], [[], 0]);
  assert.equal(changed.nextAt, at('2026-01-01T06:00Z'));
});

test('a clock that was put far back does not silence a job; a small step repeats nothing', () => {
  const cursor: Cursor = { schedule: 'h', settled: at('2027-01-01T00:00Z') };
  const far = dueNow(cursor, 'h', hourly, at('2026-01-01T00:30Z'), daily);
  assert.deepEqual(dueNow(far.cursor, 'h', hourly, at('2026-01-01T01:00Z'), daily).runs.length, 1);
  const near: Cursor = { schedule: 'h', settled: at('2026-01-01T01:00Z') };
  assert.deepEqual(dueNow(near, 'h', hourly, at('2026-01-01T00:59:50Z'), daily).runs, []);
});

test('a year away is no flood', () => {
  const begun = freshCursor('m', 0);
  const minutely: NextDue = (after) => (Math.floor(after / MINUTE) + 1) * MINUTE;
  const { runs, left } = dueNow(begun, 'm', minutely, 30 * DAY, { missed: 'all', maxAgeMs: 365 * DAY });
  assert.equal(runs.length, MOST_MISSED);
  assert.equal(left, 30 * 24 * 60 - MOST_MISSED);
});

test('property: over a year with changes of the clocks no due time is lost or doubled, however often the daemon is away', () => {
  const zones = ['Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe'];
  const begin = at('2026-01-01T00:00Z');
  const expected = new Map(
    zones.flatMap((zone) =>
      ['30 2 * * *', '0 3 * * 1'].map((cron) => {
        const parsed = parseSchedule(`${cron} ${zone}`);
        assert.ok(parsed.ok);
        const next = followSchedule(parsed.value);
        const all: number[] = [];
        for (let due = next(begin); due !== undefined && due <= begin + 366 * DAY; due = next(due))
          all.push(due);
        return [`${cron} ${zone}`, { next, all }] as const;
      }),
    ),
  );
  for (const [name, { all }] of expected) {
    const perYear = name.startsWith('30 2') ? 366 : 52;
    assert.ok(Math.abs(all.length - perYear) <= 1, `${name}: ${all.length}`);
  }
  fc.assert(
    fc.property(
      fc.constantFrom(...expected.keys()),
      fc.array(fc.integer({ min: 1, max: 20 * DAY }), { minLength: 30, maxLength: 60 }),
      (name, pauses) => {
        const { next, all } = expected.get(name) as { next: NextDue; all: number[] };
        let cursor = freshCursor(name, begin);
        let now = begin;
        const ran: number[] = [];
        for (const pause of pauses) {
          now = Math.min(now + pause, begin + 366 * DAY);
          // What the daemon keeps goes through a file.
          const due = dueNow(JSON.parse(JSON.stringify(cursor)) as Cursor, name, next, now, {
            missed: 'all',
            maxAgeMs: 400 * DAY,
          });
          ran.push(...due.runs);
          assert.equal(due.left, 0);
          cursor = due.cursor;
        }
        assert.deepEqual(
          ran,
          all.filter((due) => due <= now),
        );
      },
    ),
    { numRuns: 25 },
  );
});
