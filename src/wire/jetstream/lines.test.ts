import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createNumbering, microsText } from './lines.ts';

test('microseconds as text', () => {
  assert.equal(microsText(1_783_175_888_085_434), '2026-07-04T14:38:08.085434Z');
  assert.equal(microsText(1_783_175_888_000_007), '2026-07-04T14:38:08.000007Z');
  assert.equal(microsText(1), '1970-01-01T00:00:00.000001Z');
});

test('a number is the time, or the next one where several events have one time', () => {
  const two = createNumbering();
  const events = [
    [10, 1],
    [10, 2],
    [10, 5],
    [11, 6],
    [20, 7],
    [10, 5],
    [20, 7],
    [15, 8],
  ] as const;
  assert.deepEqual(
    events.map(([timeUs, cursor]) => two(timeUs, cursor)),
    [10, 11, 12, 13, 20, 20, 20, 21],
  );
});

test('a replay that begins before a pause gives the same numbers again', () => {
  const batches = fc.array(
    fc.record({ events: fc.integer({ min: 1, max: 30 }), later: fc.integer({ min: 1, max: 60 }) }),
    {
      minLength: 1,
    },
  );
  fc.assert(
    fc.property(batches, fc.nat(), (all, start) => {
      let time = 1_000;
      let cursor = 0;
      const events: { timeUs: number; cursor: number; batch: number }[] = [];
      for (const [batch, { events: count, later }] of all.entries()) {
        for (let i = 0; i < count; i++) events.push({ timeUs: time, cursor: ++cursor, batch });
        time += later;
      }
      const number = (given: typeof events): number[] => {
        const next = createNumbering();
        return given.map(({ timeUs, cursor: of }) => next(timeUs, of));
      };
      const numbers = number(events);
      for (let i = 1; i < numbers.length; i++) assert.ok((numbers[i] ?? 0) > (numbers[i - 1] ?? 0));
      // From where a batch begins with its own time, all is as before.
      const from = events.findIndex(
        ({ batch, timeUs }, i) =>
          batch >= start % all.length && numbers[i] === timeUs && events[i - 1]?.batch !== batch,
      );
      if (from >= 0) assert.deepEqual(number(events.slice(from)), numbers.slice(from));
    }),
  );
});
