import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  changesOf,
  firstOther,
  isInside,
  localMinutes,
  ZONES,
  type ZonedHours,
} from '../../test/rig/local-time.ts';
import { beginOf, createOpening, isWithin, nextChange, nextWithin } from './hours.ts';

/** How many windows are tried; more of them: `VAHTI_YEAR_CASES=10000 node --test src/core/hours-year.test.ts`. */
const CASES = Number(process.env['VAHTI_YEAR_CASES'] ?? 40);
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const YEAR = 2027;
const [BEGIN, END] = [Date.UTC(YEAR, 0, 1), Date.UTC(YEAR + 1, 0, 1)];
/** Hours come again within a week, and within two where clocks leave them out. */
const FORTNIGHT_MINUTES = 15 * 1440;

/** Most often about the hours that clocks skip or show twice. */
const time = fc.oneof(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 80, max: 200 }));
const windows: fc.Arbitrary<ZonedHours> = fc.record({
  days: fc.subarray([0, 1, 2, 3, 4, 5, 6], { minLength: 1 }),
  from: time,
  to: fc.oneof(time, fc.constant(1440)),
  zone: fc.constantFrom(...ZONES),
});

/** In the week of this example clocks are put forward over them. */
const LEFT_OUT: ZonedHours = { days: [0], from: 130, to: 150, zone: 'America/New_York' };

/** A moment of the year; half of them within two days of a change of the clocks. */
function moments(zone: ZonedHours['zone']): fc.Arbitrary<number> {
  const near = fc
    .tuple(fc.constantFrom(...changesOf(zone, YEAR)), fc.integer({ min: -2 * DAY, max: 2 * DAY }))
    .map(([change, offset]) => change + offset);
  return fc.oneof(fc.integer({ min: BEGIN, max: END }), near);
}

const momentsWithin = windows.chain((hours) =>
  fc.tuple(fc.constant(hours), fc.array(moments(hours.zone), { minLength: 6, maxLength: 6 })),
);

test('the oracle knows what clocks show: it says what Intl says, each hour of the year', () => {
  for (const zone of ZONES) {
    const shown = new Intl.DateTimeFormat('sv-SE', {
      timeZone: zone,
      dateStyle: 'short',
      timeStyle: 'short',
    });
    const near = changesOf(zone, YEAR).flatMap((at) =>
      Array.from({ length: 9 }, (_, i) => at + (i - 4) * 20 * MINUTE),
    );
    const each = Array.from({ length: 8760 }, (_, hour) => BEGIN + hour * 60 * MINUTE);
    for (const at of [...each, ...near]) {
      const local = new Date(localMinutes(zone, at) * MINUTE).toISOString().slice(0, 16).replace('T', ' ');
      assert.equal(local, shown.format(at), `${zone} at ${new Date(at).toISOString()}`);
    }
  }
});

test('hours are open, begin and end when the clocks of their zone say so', () => {
  fc.assert(
    fc.property(momentsWithin, ([hours, times]) => {
      for (const at of times) {
        const inside = isInside(hours, at);
        assert.equal(isWithin(hours, at), inside);
        const other = firstOther(hours, at, 1, FORTNIGHT_MINUTES);
        assert.equal(nextChange(hours, at), other);
        if (inside) {
          const before = firstOther(hours, at, -1, 1440);
          const minute = Math.floor(at / MINUTE) * MINUTE;
          assert.equal(beginOf(hours, at), before === undefined ? minute - DAY : before + MINUTE);
          assert.equal(nextWithin(hours, at), at);
        } else {
          assert.equal(beginOf(hours, at), undefined);
          assert.equal(nextWithin(hours, at), other);
        }
      }
    }),
    { numRuns: CASES, examples: [[[LEFT_OUT, [Date.UTC(YEAR, 2, 8)]]]] },
  );
});

/** Steps of time between two questions: of looks, of a suspended machine, of a wall clock that is set. */
const steps = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 20 * MINUTE }),
    fc.integer({ min: 0, max: 20 * 60 * MINUTE }),
    fc.integer({ min: -30 * DAY, max: 30 * DAY }),
  ),
  { minLength: 5, maxLength: 30 },
);

test('who follows hours knows when the present ones began, whatever passed between two questions', () => {
  const starts = windows.chain((hours) => fc.tuple(fc.constant(hours), moments(hours.zone)));
  fc.assert(
    fc.property(starts, steps, ([hours, start], passed) => {
      const opening = createOpening(hours);
      let now = start;
      for (const step of passed) {
        now += step;
        const began = opening.begin(now);
        assert.equal(began !== undefined, isInside(hours, now));
        if (began === undefined) {
          assert.equal(opening.next(now), firstOther(hours, now, 1, FORTNIGHT_MINUTES));
          continue;
        }
        assert.equal(opening.next(now), now);
        const minutes = Math.floor((now - began) / MINUTE);
        assert.ok(minutes >= 0);
        assert.ok(isInside(hours, began));
        const closed = firstOther(hours, now, -1, minutes);
        assert.equal(closed, undefined, 'they were closed in between');
        assert.ok(!isInside(hours, began - MINUTE) || now - began >= DAY - MINUTE, 'they began earlier');
      }
    }),
    { numRuns: CASES },
  );
});
