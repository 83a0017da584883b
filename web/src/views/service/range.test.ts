import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GUTTER, momentAt, ownRange, place, readRange, SHORTEST, ticksOf } from './range.ts';

const HOUR = 3_600_000;

test('the address says the range; nonsense is the last hour', () => {
  const read = (text: string) => readRange(new URLSearchParams(text));
  assert.deepEqual(read('range=24h'), { id: '24h', ms: 24 * HOUR, fixed: undefined });
  assert.deepEqual(read('since=1000&until=5000'), { id: '', ms: 4000, fixed: { since: 1000, until: 5000 } });
  for (const text of [
    '',
    'range=2h',
    'since=5000&until=1000',
    'since=x&until=9',
    'since=1e999&until=2',
    'until=5',
  ])
    assert.deepEqual(read(text), { id: '1h', ms: HOUR, fixed: undefined }, text);
});

test('what is dragged over is read in either direction, and is not too short to show something', () => {
  assert.deepEqual(ownRange(9_000_000, 1_000_000), { since: '1000000', until: '9000000' });
  const { since, until } = ownRange(5_000_000, 5_000_001);
  assert.ok(Number(until) - Number(since) >= SHORTEST);
});

test('a moment stands where a pixel says that it is', () => {
  const numbers = fc.record({
    since: fc.integer({ min: 1, max: 1e12 }),
    ms: fc.integer({ min: 1000, max: 1e10 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    width: fc.integer({ min: 200, max: 4000 }),
  });
  fc.assert(
    fc.property(numbers, ({ since, ms, part, width }) => {
      const range = { since, until: since + ms };
      const at = since + part * ms;
      const x = place(at, range, width);
      assert.ok(x >= GUTTER.left - 0.01 && x <= width - GUTTER.right + 0.01);
      assert.ok(Math.abs(momentAt(x, range, width) - at) <= ms * 1e-6 + 0.01);
    }),
  );
});

test('ticks are round moments within the range, not more than there is room for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1e12, max: 2e12 }),
      fc.integer({ min: 120_000, max: 90 * 24 * HOUR }),
      fc.integer({ min: 3, max: 15 }),
      (since, ms, most) => {
        const ticks = ticksOf(since, since + ms, most);
        assert.ok(ticks.length <= most + 1, `${ticks.length} of ${most}`);
        for (const { at, label } of ticks) {
          assert.ok(at >= since && at <= since + ms);
          assert.equal(at % 60_000, 0);
          assert.match(label, /^\d\d[:-]\d\d$/);
        }
      },
    ),
  );
  assert.equal(ticksOf(0, HOUR, 6).length, 7);
});
