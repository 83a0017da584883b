import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { approximateDuration, formatDuration, parseDuration, parseDurationRange } from './durations.ts';
import { anyText } from '../../test/rig/any-text.ts';

const HUNDRED_YEARS = 36_525 * 86_400_000;

test('durations are read as people write them', () => {
  for (const [text, ms] of [
    ['200ms', 200],
    ['90s', 90_000],
    ['2m', 120_000],
    ['1h30m', 5_400_000],
    [' 1h 30 min ', 5_400_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.1h', 3_960_000],
    ['2 days', 172_800_000],
    ['3 hours 20 secs', 10_820_000],
    ['0s', 0],
    ['36525d', HUNDRED_YEARS],
  ] as const) {
    assert.deepEqual(parseDuration(text), { ok: true, value: ms }, text);
  }
});

test('what is no duration is refused with a reason', () => {
  for (const [text, error] of [
    ['90', 'cannot read 90 as a duration: give a unit, e.g. 90s'],
    ['-5m', 'cannot read -5m as a duration: it must not be negative'],
    ['', 'cannot read "" as a duration: write a duration such as 200ms, 90s, 5m, 1h30m or 7d'],
    ['soon', 'cannot read soon as a duration: write a duration such as 200ms, 90s, 5m, 1h30m or 7d'],
    ['1,5h', 'cannot read 1,5h as a duration: write a duration such as 200ms, 90s, 5m, 1h30m or 7d'],
    ['1h30', 'cannot read 1h30 as a duration: its last number has no unit'],
    ['5M', 'cannot read 5M as a duration: unknown unit M, did you mean "m"?'],
    ['5 minuts', 'cannot read "5 minuts" as a duration: unknown unit minuts, did you mean "minute"?'],
    ['30m1h', 'cannot read 30m1h as a duration: its units must go from large to small, each once'],
    ['1m1m', 'cannot read 1m1m as a duration: its units must go from large to small, each once'],
    ['101w 36525d', 'cannot read "101w 36525d" as a duration: it is over 100 years'],
    ['0.5ms', 'cannot read 0.5ms as a duration: it is below 1ms'],
  ] as const) {
    assert.deepEqual(parseDuration(text), { ok: false, error }, text);
  }
});

test('a written duration is short', () => {
  const cases = [
    [0, '0s'],
    [340, '340ms'],
    [1500, '1.5s'],
    [5_400_000, '1h30m'],
    [90_500, '1m30.5s'],
    [604_800_000, '7d'],
    [-2000, '-2s'],
  ] as const;
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
});

test('a written duration reads back as the same', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(200_000_000), fc.integer({ min: 0, max: HUNDRED_YEARS })), (ms) => {
      assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, value: ms });
    }),
  );
});

test('reading never throws, and gives whole milliseconds', () => {
  const text = fc.oneof(anyText(), fc.stringMatching(/^[0-9.hmsd w-]{0,20}$/));
  fc.assert(
    fc.property(text, (written) => {
      const read = parseDuration(written);
      if (read.ok) assert.ok(Number.isSafeInteger(read.value) && read.value >= 0);
      else assert.match(read.error, /^cannot read .+ as a duration: /s);
    }),
  );
});

test('an approximate duration has two units at most, rounded', () => {
  for (const [ms, text] of [
    [0, '0s'],
    [340.4, '340ms'],
    [999.6, '1s'],
    [1540, '1.5s'],
    [12_400, '12s'],
    [59_900, '1m'],
    [61_000, '1m1s'],
    [3_599_900, '1h'],
    [86_390_000, '1d'],
    [3 * 86_400_000 + 4 * 3_600_000 + 60_000, '3d4h'],
    [-61_000, '-1m1s'],
  ] as const) {
    assert.equal(approximateDuration(ms), text);
  }
});

test('an approximate duration is never off by more than a twentieth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: HUNDRED_YEARS }), (ms) => {
      const read = parseDuration(approximateDuration(ms));
      assert.ok(read.ok && Math.abs(read.value - ms) <= ms / 20, `${ms}: ${approximateDuration(ms)}`);
      assert.ok((approximateDuration(ms).match(/[a-z]+/g) ?? []).length <= 2);
    }),
  );
});

test('a range is two durations or one', () => {
  assert.deepEqual(parseDurationRange('1s..1m'), { ok: true, value: { min: 1000, max: 60_000 } });
  assert.deepEqual(parseDurationRange('1.5s .. 2s'), { ok: true, value: { min: 1500, max: 2000 } });
  assert.deepEqual(parseDurationRange('5s'), { ok: true, value: { min: 5000, max: 5000 } });
  assert.deepEqual(parseDurationRange('1m..1s'), {
    ok: false,
    error: 'cannot read 1m..1s as a range: its end is below its start',
  });
  assert.equal(parseDurationRange('1m..').ok, false);
  assert.equal(parseDurationRange('1s..2s..3s').ok, false);
});
