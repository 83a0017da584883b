import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { indexAfter, shownRows, topToShow } from './windowing.ts';

test('what is seen is drawn, and little more', () => {
  fc.assert(
    fc.property(
      fc.nat(20_000),
      fc.integer({ min: 10, max: 2000 }),
      fc.constantFrom(26, 46),
      fc.nat(1_000_000),
      (count, height, row, scrolled) => {
        const top = Math.min(scrolled, Math.max(0, count * row - height));
        const { first, end } = shownRows(top, height, row, count);
        assert.ok(first >= 0 && end <= count && first <= Math.max(0, end));
        assert.ok(count === 0 || (first * row <= top && (end === count || end * row >= top + height)));
        assert.ok(end - first <= height / row + 15);
      },
    ),
  );
});

test('keys lead to rows that there are, and what they lead to is seen whole', () => {
  assert.equal(indexAfter('ArrowDown', 4, 5, 10), 4);
  assert.equal(indexAfter('PageUp', 4, 50, 10), 0);
  assert.equal(indexAfter('Home', 40, 50, 10), 0);
  assert.equal(indexAfter('End', 4, 50, 10), 49);
  assert.equal(indexAfter('x', 4, 50, 10), undefined);
  assert.equal(indexAfter('End', -1, 0, 10), undefined);
  assert.equal(topToShow(3, 260, 520, 26), 78);
  assert.equal(topToShow(12, 260, 520, 26), 260);
  assert.equal(topToShow(30, 260, 520, 26), 31 * 26 - 520);
});
