import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Sample, slope, spanned, withSample } from './trend.ts';

const HOUR = 3_600_000;

test('the slope is that of the line', () => {
  const line = (values: readonly number[]): Sample[] =>
    values.map((value, index) => ({ at: 1.8e12 + index * 1000, value }));
  assert.equal(slope([]), 0);
  assert.equal(slope(line([5])), 0);
  assert.equal(slope(line([5, 5, 5])), 0);
  assert.ok(Math.abs(slope(line([1, 2, 3])) - 0.001) < 1e-12);
  assert.ok(slope(line([9, 9, 8, 9, 9, 10])) > 0);
  assert.equal(
    slope([
      { at: 1, value: 1 },
      { at: 1, value: 5 },
    ]),
    0,
  );
});

test('a window is spanned, bounded and in order, whatever the pace; a step back begins anew', () => {
  const gap = fc.oneof(
    { weight: 300, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
    { weight: 1, arbitrary: fc.constant(-1) },
  );
  const gaps = fc.array(gap, { maxLength: 600, size: 'max' });
  fc.assert(
    fc.property(gaps, (steps) => {
      let samples: readonly Sample[] = [];
      let at = 1e12;
      let since = at;
      for (const step of steps) {
        if (step < 0) since = at + step;
        at += step;
        samples = withSample(samples, { at, value: 0 }, HOUR);
        if (samples.length === 1) since = at;
        assert.ok(samples.length <= 480);
        assert.equal(samples.at(-1)?.at, at);
        assert.ok(
          samples.every((sample, index) => index === 0 || sample.at >= (samples[index - 1]?.at ?? 0)),
        );
        // Once so much time has passed, the window is full, and no more than one sample lies before it.
        if (at - since >= HOUR) assert.ok(spanned(samples) >= HOUR);
        assert.ok((samples[1]?.at ?? at) > at - HOUR || samples.length < 2);
      }
    }),
    { numRuns: 200 },
  );
});

test('looks at a quick pace fill no memory, and span the window all the same', () => {
  let samples: readonly Sample[] = [];
  for (let second = 0; second <= 10_000; second++)
    samples = withSample(samples, { at: 1e12 + second * 1000, value: second }, HOUR);
  assert.ok(samples.length <= 300, String(samples.length));
  assert.ok(spanned(samples) >= HOUR && spanned(samples) < HOUR + 30_000);
  assert.ok(Math.abs(slope(samples) - 0.001) < 1e-9);
});
