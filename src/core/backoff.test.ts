import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { backoffDelay, fullJitter } from './backoff.ts';

const range = fc
  .tuple(fc.nat(1e9), fc.nat(1e9))
  .map(([a, b]) => ({ minMs: Math.min(a, b), maxMs: Math.max(a, b) }));
const attempt = fc.oneof(fc.nat(40), fc.nat(1_000_000));
const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('delays double from the least to the most', () => {
  const delays = [0, 1, 2, 3, 4, 1_000_000].map((n) =>
    backoffDelay({ minMs: 1000, maxMs: 10_000, attempt: n, random: () => 0.9 }),
  );
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('jitter varies a delay both ways, at the cap downwards only and at the start upwards only', () => {
  const at = (n: number, drawn: number): number =>
    backoffDelay({ minMs: 1000, maxMs: 10_000, attempt: n, random: () => drawn, jitter: 0.5 });
  assert.deepEqual([at(2, 0), at(2, 0.5), at(2, 0.999999)], [2000, 4000, 6000]);
  assert.deepEqual([at(9, 0), at(9, 0.999999)], [5000, 10_000]);
  assert.deepEqual([at(0, 0), at(0, 0.999999)], [1000, 1500]);
});

test('every delay is a whole number of milliseconds within its range, whatever the attempt', () => {
  fc.assert(
    fc.property(range, attempt, draw, draw, ({ minMs, maxMs }, n, drawn, jitter) => {
      const delay = backoffDelay({ minMs, maxMs, attempt: n, random: () => drawn, jitter });
      assert.ok(Number.isSafeInteger(delay) && delay >= minMs && delay <= maxMs, String(delay));
      const full = fullJitter({ minMs, maxMs, attempt: n, random: () => drawn });
      assert.ok(Number.isSafeInteger(full) && full >= 0 && full <= maxMs, String(full));
    }),
  );
});

test('full jitter draws from zero to the whole delay', () => {
  const at = (drawn: number): number =>
    fullJitter({ minMs: 100, maxMs: 1000, attempt: 2, random: () => drawn });
  assert.deepEqual([at(0), at(0.5), at(0.99999)], [0, 200, 400]);
});
