import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BAR_RANGES, type BarRange } from '../../wire/page/board.ts';
import { CONDITIONS, type Condition } from '../../wire/page/report.ts';
import { createBars, sinceOf } from './bars.ts';
import { countUp, CUTS, letterOf } from './letters.ts';

const NOON = Date.parse('2026-11-22T12:00:00Z');

/** Seconds by condition, as amounts. */
function amounts(parts: Partial<Record<Condition | 'exits', number>>): number[] {
  return [...CONDITIONS.map((condition) => (parts[condition] ?? 0) * 1000), parts.exits ?? 0];
}

test('the letter of a slot is the worst that somebody would have noticed', () => {
  const table: readonly (readonly [BarRange, Parameters<typeof amounts>[0], string])[] = [
    ['24h', { ok: 900 }, 'o'],
    ['24h', { stopped: 900 }, 's'],
    ['24h', { ok: 890, stopped: 10 }, 'o'],
    ['24h', { ok: 450, stopped: 450 }, 's'],
    ['24h', { ok: 800, unknown: 100, stopped: 100 }, 'u'],
    ['24h', { ok: 800, unknown: 80, late: 20 }, 'l'],
    ['24h', { ok: 899.1, bad: 0.9 }, 'o'],
    ['24h', { ok: 899, bad: 1 }, 'b'],
    ['24h', { ok: 900, exits: 1 }, 'l'],
    ['24h', { bad: 0.5, ok: 2 }, 'b'],
    ['24h', {}, '-'],
    ['24h', { exits: 1 }, 'l'],
    ['90d', { ok: 86_400 }, 'o'],
    ['90d', { ok: 86_399, bad: 1 }, 'l'],
    ['90d', { ok: 86_341, bad: 59 }, 'l'],
    ['90d', { ok: 86_340, bad: 60 }, 'b'],
    ['90d', { ok: 85_000, late: 1400 }, 'o'],
    ['90d', { ok: 84_000, late: 2400 }, 'l'],
    ['90d', { stopped: 80_000, exits: 3 }, 'l'],
  ];
  for (const [range, parts, letter] of table)
    assert.equal(letterOf(range, [7, ...amounts(parts)], 1), letter, `${range} ${JSON.stringify(parts)}`);
  assert.equal(letterOf('24h', [], -1), '-');
});

test('up is the part of the wanted time that was ok', () => {
  const upOf = (slots: readonly (readonly number[] | undefined)[]): number | null => {
    const up = countUp();
    for (const slot of slots) up.add(slot ?? [], slot === undefined ? -1 : 0);
    return up.read();
  };
  assert.equal(upOf([]), null);
  assert.equal(upOf([undefined, amounts({ stopped: 5, unknown: 9 })]), null);
  assert.equal(upOf([amounts({ ok: 3, stopped: 100 }), undefined, amounts({ bad: 1, unknown: 50 })]), 0.75);
  assert.equal(upOf([amounts({ ok: 1, late: 1 })]), 0.5);
});

const step = fc.record({
  condition: fc.option(fc.constantFrom(...CONDITIONS), { nil: undefined }),
  ms: fc.oneof(
    fc.integer({ min: 0, max: 5000 }),
    fc.integer({ min: 0, max: 40 * 3_600_000 }),
    fc.integer({ min: 0, max: 20 * 86_400_000 }),
  ),
  exit: fc.boolean(),
});

/** How long it was in each condition within a stretch, by going through all that was. */
function lastedIn(
  history: readonly (readonly [from: number, to: number, condition: Condition | undefined])[],
  begin: number,
  end: number,
): number[] {
  return CONDITIONS.map((condition) =>
    history
      .filter(([, , each]) => each === condition)
      .reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, end) - Math.max(from, begin)), 0),
  );
}

test('whatever happens when, each slot has the time that it was in each condition', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.nat(86_400_000), (steps, offset) => {
      const touched = new Set<string>();
      const bars = createBars((range, slot) => touched.add(`${range} ${slot}`));
      const history: [number, number, Condition | undefined][] = [];
      const exits: number[] = [];
      let now = NOON + offset;
      for (const { condition, ms, exit } of steps) {
        bars.set(condition, now);
        history.push([now, now + ms, condition]);
        now += ms;
        if (exit) {
          bars.exit(now);
          exits.push(now);
        }
        // Reading, or counting in between, changes nothing.
        if (ms % 3 === 0) bars.settle(now - Math.floor(ms / 2));
        if (ms % 7 === 0) bars.settle(now);
        if (ms % 5 === 0) bars.bar('24h', now);
      }
      for (const range of BAR_RANGES) {
        const { step: width, shown } = CUTS[range];
        const { since, slots } = bars.slots(range, now);
        assert.equal(slots.length, shown);
        assert.equal(since, sinceOf(range, now));
        assert.ok(since + shown * width > now && since + (shown - 1) * width <= now);
        for (const [index, slot] of slots.entries()) {
          assert.equal(slot.at, since + index * width);
          const wanted = lastedIn(history, slot.at, slot.at + width);
          assert.deepEqual(
            CONDITIONS.map((condition) => Math.round(slot[condition] * 1000)),
            wanted,
          );
          assert.equal(slot.exits, exits.filter((at) => at >= slot.at && at < slot.at + width).length);
          const isKnown = wanted.some((ms) => ms > 0) || slot.exits > 0;
          assert.equal(isKnown, bars.bar(range, now).bar[index] !== '-');
          if (isKnown) assert.ok(touched.has(`${range} ${slot.at / width}`));
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('time that nobody watched is not counted, and a clock that was ahead leaves nothing', () => {
  const bars = createBars(() => {});
  bars.set('ok', NOON);
  bars.settle(NOON + 60_000);
  bars.skip(NOON + 7_200_000);
  bars.settle(NOON + 7_260_000);
  const seconds = (now: number): number => bars.slots('24h', now).slots.reduce((sum, { ok }) => sum + ok, 0);
  assert.equal(seconds(NOON + 7_260_000), 120);
  assert.equal(bars.bar('24h', NOON + 7_260_000).bar, `${'-'.repeat(87)}o-------o`);
  // Back by two hours: what was counted then is of another time.
  bars.skip(NOON + 60_000);
  bars.settle(NOON + 120_000);
  assert.equal(seconds(NOON + 120_000), 120);
  assert.equal(seconds(NOON + 8_000_000), 8000);
  // A clock that was 12 years ahead does not keep what is true from being counted.
  const lost = createBars(() => {});
  lost.set('bad', NOON + 4e11);
  lost.settle(NOON + 4e11 + 60_000);
  lost.skip(NOON);
  lost.settle(NOON + 5000);
  assert.equal(lost.bar('24h', NOON + 5000).bar, `${'-'.repeat(95)}b`);
});
