import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { layLane, place, rangeOf, RANGES, spanOf, ticksOf } from './gantt-layout.ts';
import type { Run } from './runs.ts';

const HOUR = 3_600_000;
const span = { from: 0, to: 100 * HOUR };

function run(name: string, from: number, to: number | null, outcome: string | null = 'ok'): Run {
  const attempt = Number(/\.(\d+)$/.exec(name)?.[1] ?? 1);
  const [started, ended] = [from * HOUR, to === null ? null : to * HOUR];
  return {
    run: name,
    attempt,
    started,
    ended,
    outcome,
    summary: '',
    cause: '',
    dryRun: false,
    exit: null,
    counts: {},
  };
}

test('a run is drawn from its start to its end, and what runs up to now', () => {
  const { bars } = layLane([run('a', 10, 20), run('b', 50, null, null)], span, 1000, 60 * HOUR);
  assert.deepEqual(
    bars.map(({ x, width, outcome }) => ({ x, width, outcome })),
    [
      { x: 100, width: 100, outcome: 'ok' },
      { x: 500, width: 100, outcome: null },
    ],
  );
});

test('what began before is cut, what was over before is left out, and so is what begins behind', () => {
  const runs = [run('a', -30, -20), run('b', -10, 10), run('c', 101, 102)];
  const { bars } = layLane(runs, span, 1000, 0);
  assert.deepEqual(
    bars.map((bar) => [bar.x, bar.width, bar.runs.map((each) => each.run)]),
    [[0, 100, ['b']]],
  );
});

test('runs that nobody could tell apart are one bar that shows the worst', () => {
  const { bars } = layLane(
    [run('a', 10, 10.01), run('b', 10.1, 10.11, 'failed'), run('c', 10.2, 10.3), run('d', 30, 31)],
    span,
    1000,
    0,
  );
  assert.deepEqual(
    bars.map((bar) => [bar.runs.map((each) => each.run), bar.outcome]),
    [
      [['a', 'b', 'c'], 'failed'],
      [['d'], 'ok'],
    ],
  );
});

test('long runs that touch stay two', () => {
  const { bars } = layLane([run('a', 10, 20), run('b', 20, 30)], span, 1000, 0);
  assert.equal(bars.length, 2);
});

test('tries of one request are joined, others are not', () => {
  const { joins } = layLane(
    [run('a', 10, 20, 'failed'), run('b', 21, 22), run('a.2', 30, 40)],
    span,
    1000,
    0,
  );
  assert.deepEqual(joins, [{ x: 200, width: 100 }]);
});

test('bars are in order, have a width, lie within, and hold every run once', () => {
  const given = fc.array(
    fc.tuple(fc.double({ min: -50, max: 150, noNaN: true }), fc.double({ min: 0, max: 60, noNaN: true })),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(given, fc.integer({ min: 1, max: 2000 }), (times, width) => {
      const runs = times
        .map(([at, long], index) => run(`r${index}`, at, at + long))
        .toSorted((a, b) => a.started - b.started);
      const { bars } = layLane(runs, span, width, 0);
      const shown = bars.flatMap((bar) => bar.runs.map((each) => each.run));
      assert.equal(new Set(shown).size, shown.length);
      assert.equal(
        shown.length,
        runs.filter((each) => (each.ended ?? 0) >= span.from && each.started <= span.to).length,
      );
      for (const [index, bar] of bars.entries()) {
        assert.ok(bar.x >= 0 && bar.x <= width && bar.width >= 3);
        assert.ok(index === 0 || bar.x >= (bars[index - 1]?.x ?? 0));
      }
    }),
  );
});

test('ticks are at least so far apart, in order, and within', () => {
  for (const range of ['24h', '7d', '30d'] as const)
    for (const width of [320, 700, 1400]) {
      const shown = spanOf(range, Date.UTC(2026, 10, 22, 18, 40));
      const ticks = ticksOf(shown, width);
      assert.ok(ticks.length >= 3 && ticks.length <= width / 44, `${range} ${width}: ${ticks.length}`);
      const places = ticks.map(({ at }) => place(at, shown, width));
      assert.ok(
        places.every(
          (x, index) => x >= 0 && x <= width && (index === 0 || x - (places[index - 1] ?? 0) > 40),
        ),
      );
    }
});

test('an address that names no range, or another one, shows a day', () => {
  assert.equal(rangeOf(null), '24h');
  assert.equal(rangeOf('7d'), '7d');
  assert.equal(rangeOf('toString'), '24h');
});

test('what is shown holds the present, and steps', () => {
  const now = 1_800_000_000_123;
  for (const range of ['24h', '7d', '30d'] as const) {
    const { from, to } = spanOf(range, now);
    assert.ok(from <= now - RANGES[range].past * 0.99 && to >= now + RANGES[range].ahead);
    assert.deepEqual(spanOf(range, now + 1), { from, to });
  }
});
