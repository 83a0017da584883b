import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WatchState } from '../gate.ts';
import type { TriedLook } from './replay.ts';
import { durations, tally } from './tally.ts';

const STATES: readonly WatchState[] = ['new', 'ok', 'late', 'bad', 'unknown', 'flapping'];

/** Looks at the given moments, in the given states. */
function looksOf(states: readonly (readonly [at: number, state: WatchState])[]): TriedLook[] {
  return states.map(([at, state], index) => {
    const from = states[index - 1]?.[1] ?? 'new';
    const failing = state === 'late' || state === 'bad';
    return {
      at,
      life: 'life-1',
      judgement: { verdict: failing ? state : 'ok', value: null, reason: `${state} at ${at}` },
      state,
      flip: from === state ? undefined : { from, to: state },
      steps: failing && from === 'ok' ? [{ do: 'restart' }] : [],
      heldBy: undefined,
    };
  });
}

test('flips, actions, alarms and spans of a range', () => {
  const looks = looksOf([
    [0, 'ok'],
    [10, 'bad'],
    [20, 'ok'],
    [30, 'late'],
    [40, 'bad'],
    [50, 'ok'],
    [60, 'ok'],
    [200, 'late'],
  ]);
  const {
    flips,
    actions,
    alarms,
    spans,
    looks: count,
    verdicts,
  } = tally(looks, { since: 25, until: 210 }, 15);
  assert.equal(count, 5);
  assert.deepEqual(verdicts, { ok: 2, late: 2, bad: 1, unknown: 0 });
  assert.deepEqual(
    flips.map(({ at, from, to }) => `${at} ${from} ${to}`),
    ['30 ok late', '40 late bad', '50 bad ok', '200 ok late'],
  );
  assert.deepEqual(
    actions.map(({ at, step, reason }) => `${at} ${step} ${reason}`),
    ['30 restart late at 30', '200 restart late at 200'],
  );
  assert.deepEqual(
    alarms.map(({ from, to, worst, actions: done }) => [from, to, worst, done.length]),
    [
      [30, 50, 'bad', 1],
      [200, null, 'late', 1],
    ],
  );
  assert.deepEqual(spans, [
    { from: 25, to: 30, state: 'ok' },
    { from: 30, to: 40, state: 'late' },
    { from: 40, to: 50, state: 'bad' },
    { from: 50, to: 60, state: 'ok' },
    { from: 60, to: 200, state: null },
    { from: 200, to: 210, state: 'late' },
  ]);
  assert.deepEqual(durations(spans).slice(0, 2), [
    { state: null, ms: 140 },
    { state: 'late', ms: 20 },
  ]);
});

test('an alarm that lasts into the range is of it; one that was over before is not', () => {
  const looks = looksOf([
    [0, 'ok'],
    [10, 'late'],
    [20, 'ok'],
    [30, 'bad'],
    [60, 'bad'],
    [70, 'ok'],
  ]);
  const found = tally(looks, { since: 50, until: 100 }, 1000).alarms;
  assert.deepEqual(
    found.map(({ from, to }) => [from, to]),
    [[30, 70]],
  );
  assert.deepEqual(tally(looks, { since: 80, until: 100 }, 1000).spans, [{ from: 80, to: 100, state: 'ok' }]);
  assert.deepEqual(tally([], { since: 80, until: 100 }, 1000).spans, [{ from: 80, to: 100, state: null }]);
});

test('whatever was seen: the spans cover the range without a hole', () => {
  const moments = fc.array(fc.tuple(fc.nat(1000), fc.constantFrom(...STATES)), { maxLength: 30 });
  fc.assert(
    fc.property(
      moments,
      fc.nat(1000),
      fc.integer({ min: 1, max: 1000 }),
      fc.nat(300),
      (all, since, long, patience) => {
        const range = { since, until: since + long };
        const { spans } = tally(looksOf(all.toSorted((a, b) => a[0] - b[0])), range, patience);
        assert.equal(spans[0]?.from, range.since);
        assert.equal(spans.at(-1)?.to, range.until);
        for (const [index, span] of spans.entries()) {
          assert.ok(span.from < span.to);
          if (index > 0) assert.equal(spans[index - 1]?.to, span.from);
          if (index > 0) assert.notEqual(spans[index - 1]?.state, span.state);
        }
      },
    ),
  );
});
