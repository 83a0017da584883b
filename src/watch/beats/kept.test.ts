import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Moment } from '../kind.ts';
import type { Signal } from './beat.ts';
import { judgeBeats } from './judge.ts';
import { type BeatReading, judgeKept, keptBeats } from './kept.ts';
import { type BeatRules, type BeatState, every, FRESH_BEATS, promised, taken } from './promise.ts';

const MINUTE = 60_000;
const T0 = 1e12;
const GRACE = MINUTE;

function rulesOf(minutes: number): BeatRules {
  return { timetable: every(minutes * MINUTE), maxRunMs: 5 * MINUTE, openSince: T0 };
}

function moment(at: number): Moment {
  return { now: at, life: { id: 'life-1', pid: 1, startedAt: T0 } };
}

const signal = fc.record({
  word: fc.constantFrom('success', 'start', 'fail', 'log'),
  code: fc.constant(null),
  message: fc.constantFrom('', 'all well', `two\nlines ${'x'.repeat(300)}`, 'y'.repeat(400)),
  rid: fc.constantFrom('', 'a'),
});

/** Beats and looks, minute by minute; what the looks found, as the history has it. */
function lived(signals: readonly (Signal | null)[], rules: BeatRules) {
  let state: BeatState = FRESH_BEATS;
  return signals.map((each, index) => {
    const at = T0 + (index + 1) * MINUTE;
    if (each !== null) state = taken(state, each, { at: at - 1, life: 'life-1' }, rules);
    state = promised(state, moment(at), GRACE, rules);
    const reading = JSON.parse(JSON.stringify(keptBeats(state, rules))) as BeatReading;
    const { detail: _detail, ...judged } = judgeBeats(state, moment(at), GRACE, rules);
    return { at, reading, judged };
  });
}

test('whatever beats: by the same rules what is kept is judged as it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(signal), { maxLength: 40 }),
      fc.integer({ min: 1, max: 9 }),
      (signals, minutes) => {
        for (const { at, reading, judged } of lived(signals, rulesOf(minutes))) {
          const { detail: _detail, ...again } = judgeKept(reading, moment(at), GRACE, rulesOf(minutes));
          assert.deepEqual(again, judged);
        }
      },
    ),
  );
});

test('by other rules a beat that was in time would have been late, and the other way', () => {
  const beat: Signal = { word: 'success', code: null, message: '', rid: '' };
  const signals = Array.from({ length: 12 }, (_, index) => (index % 4 === 0 ? beat : null));
  const looks = lived(signals, rulesOf(5));
  const verdicts = (minutes: number): string =>
    looks.map(({ at, reading }) => judgeKept(reading, moment(at), GRACE, rulesOf(minutes)).verdict).join(' ');
  assert.equal(verdicts(5), Array.from({ length: 12 }, () => 'ok').join(' '));
  assert.equal(verdicts(2), 'ok ok late bad ok ok late bad ok ok late bad');
  assert.equal(verdicts(9), verdicts(5));
});
