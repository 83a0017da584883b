import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dueAt, next } from './link-machine.ts';
import { type LinkEvent, type LinkState, startingState } from './link-state.ts';

const someEvent: fc.Arbitrary<LinkEvent> = fc.oneof(
  fc.constantFrom<LinkEvent>(
    { is: 'start' },
    { is: 'time' },
    { is: 'opened' },
    { is: 'wake' },
    { is: 'lost', why: 'x' },
    { is: 'lost', why: 'x', isDenied: true, retryMs: 5 },
    { is: 'frame', frame: { is: 'other' } },
    { is: 'frame', frame: { is: 'denied', code: 'denied', message: 'no' } },
    { is: 'frame', frame: { is: 'answer', id: 1, success: true, body: {} } },
  ),
  fc.record({
    is: fc.constant('frame' as const),
    frame: fc.oneof(
      fc.record({
        is: fc.constant('stored' as const),
        after: fc.nat(20),
        last: fc.nat(20),
        stored: fc.nat(9),
        doubled: fc.nat(9),
      }),
      fc.record({
        is: fc.constant('refused' as const),
        after: fc.nat(20),
        kind: fc.constantFrom('later' as const, 'bad' as const),
        message: fc.constant('no'),
      }),
      fc.nat(40).map((last) => ({
        is: 'welcome' as const,
        welcome: {
          kind: 'agent' as const,
          name: 'a',
          timeoutMs: 30_000,
          last,
          credit: { batches: 32, bytes: 1e7 },
          body: {},
        },
      })),
    ),
  }),
);

test('in every state every event is answered: there is always a way on, and never two reads at once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(someEvent, fc.nat(40_000)), { maxLength: 60 }), (events) => {
      let state: LinkState = startingState({ acked: 0, base: 0, known: 20, name: undefined });
      let [now, asked] = [0, 0];
      const step = (event: LinkEvent): void => {
        const before = state;
        const made = next(state, event, { now, random: () => 0.5 });
        state = made.state;
        for (const effect of made.effects) {
          if (effect.do === 'read') asked++;
          if (effect.do === 'stored') assert.ok(effect.batch.after === before.acked);
        }
        if (state.phase !== 'idle' && state.phase !== 'over') assert.ok(dueAt(state) < Infinity);
        if (state.phase !== 'open') assert.deepEqual(state.flight, []);
      };
      step({ is: 'start' });
      for (const [event, ms] of events) {
        now += ms;
        asked = 0;
        step(event);
        assert.ok(asked <= 1);
        const { reading, turn, next: after } = state;
        if (reading === 'asked' && now % 2 === 0)
          step({ is: 'sent', turn, batch: { after, last: after + 3, count: 3, missing: 0, bytes: 90 } });
      }
      step({ is: 'end' });
      assert.equal(dueAt(state), Infinity);
    }),
    { numRuns: 300 },
  );
});
