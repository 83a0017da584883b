import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { percent } from './percent.ts';
import { lineAt, offsetsOf, spanOf } from './windowing.ts';

test('what is in view is drawn, and the room of all others is kept', () => {
  const heights = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 200 });
  fc.assert(
    fc.property(
      heights,
      fc.integer({ min: -5000, max: 50_000 }),
      fc.integer({ min: 1, max: 2000 }),
      (all, top, height) => {
        const offsets = offsetsOf(all);
        const total = all.reduce((sum, each) => sum + each, 0);
        const { from, to, before, behind } = spanOf(offsets, top, height, 100);
        const drawn = all.slice(from, to).reduce((sum, each) => sum + each, 0);
        assert.equal(before + drawn + behind, total);
        for (const [at] of all.entries()) {
          const isInView = (offsets[at] ?? 0) < top + height && (offsets[at + 1] ?? 0) > top;
          if (isInView) assert.ok(at >= from && at < to, `line ${at} is in view`);
        }
        assert.ok(drawn <= height + 200 + 2 * 200 || to - from <= 1, 'not more than is needed');
      },
    ),
  );
});

test('a pixel belongs to the line that it is in', () => {
  const offsets = offsetsOf([10, 20, 30]);
  assert.deepEqual(
    [-5, 0, 9, 10, 29, 30, 59, 60, 99].map((pixel) => lineAt(offsets, pixel)),
    [0, 0, 0, 1, 1, 2, 2, 3, 3],
  );
  assert.deepEqual(spanOf(offsetsOf([]), 0, 100, 10), { from: 0, to: 0, before: 0, behind: 0 });
});

test('a share is never rounded up to all of it', () => {
  assert.deepEqual([1, 0.99999, 0.9912, 0.5, 0].map(percent), [
    '100 %',
    '99.99 %',
    '99.12 %',
    '50.0 %',
    '0.0 %',
  ]);
});
