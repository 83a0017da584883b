import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Hindsight, Reading } from '../kind.ts';
import type { KeptEvent } from '../looks/look.ts';
import { inHindsight } from './in-hindsight.ts';

/** A guess is settled by the next reading that is none: what that says was so. */
const hindsight: Hindsight<Reading> = {
  isInDoubt: ({ guess }) => guess === true,
  settle: (reading, later) => {
    if (later === undefined) return reading;
    return later['guess'] === true ? undefined : { value: later['value'] };
  },
};

const anything = fc.oneof(
  { weight: 1, arbitrary: fc.constant('opened') },
  { weight: 1, arbitrary: fc.constant('failed') },
  { weight: 3, arbitrary: fc.constant('guess') },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 9 }) },
);

function eventsOf(all: readonly (string | number)[]): KeptEvent[] {
  const life = { id: 'l', startedAt: 0, readyAt: 0, wellSince: 0 };
  return all.map((each, index): KeptEvent => {
    if (each === 'opened') return { kind: 'opened' };
    const base = { kind: 'look', now: index, at: index, life, silence: undefined, failed: '' } as const;
    if (each === 'failed') return { ...base, reading: undefined };
    return { ...base, reading: each === 'guess' ? { guess: true } : { value: each } };
  });
}

test('whatever was seen: nothing is lost or moved, and a guess is what the next sight of the same watcher says', () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 50 }), (all) => {
      const events = eventsOf(all);
      const mended = [...inHindsight(events, hindsight)];
      const expected = events.map((event, index) => {
        if (all[index] !== 'guess') return event;
        const rest = all.slice(index + 1);
        const opened = rest.indexOf('opened');
        const seen = (opened < 0 ? rest : rest.slice(0, opened)).find((each) => typeof each === 'number');
        return seen === undefined ? event : { ...event, reading: { value: seen } };
      });
      assert.deepEqual(mended, expected);
      assert.deepEqual([...inHindsight(events, undefined)], events);
    }),
  );
});
