import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createGateModel } from '../../test/rig/gate-model.ts';
import { freshGate, type GateSettings, type GateState, MOST_CHANGES, next, type WatchState } from './gate.ts';
import type { Verdict } from './judgement.ts';

/** How many years of one watch are seen; more of them: `VAHTI_YEAR_CASES=20000 node --test src/watch/gate-year.test.ts`. */
const CASES = Number(process.env['VAHTI_YEAR_CASES'] ?? 800);
const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const START = Date.UTC(2027, 0, 1);

const settings: fc.Arbitrary<GateSettings> = fc
  .record({
    times: fc.integer({ min: 1, max: 4 }),
    more: fc.nat(4),
    ok: fc.integer({ min: 1, max: 4 }),
    graceMs: fc.constantFrom(0, 10 * SECOND, HOUR),
  })
  .map(({ times, more, ok, graceMs }) => ({ fail: { times, of: times + more }, ok, graceMs }));

interface Spell {
  readonly verdicts: readonly Verdict[];
  readonly everyMs: number;
  /** What happens before: time passes, the wall clock is set, the life is another one. */
  readonly pauseMs: number;
  readonly stepMs: number;
  readonly newLife: boolean;
}

const anyVerdict = fc.constantFrom<Verdict>('ok', 'ok', 'ok', 'late', 'bad', 'bad', 'unknown');
/** So that it flaps: a watch that goes to and fro. */
const toAndFro = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 8 }))
  .map(([bads, oks, times]) =>
    Array.from({ length: times }, () => [
      ...Array<Verdict>(bads).fill('bad'),
      ...Array<Verdict>(oks).fill('ok'),
    ]).flat(),
  );
const spells: fc.Arbitrary<readonly Spell[]> = fc.array(
  fc.record({
    verdicts: fc.oneof(fc.array(anyVerdict, { maxLength: 30 }), toAndFro),
    everyMs: fc.constantFrom(15 * SECOND, 60 * SECOND, 600 * SECOND, 2 * HOUR),
    pauseMs: fc.oneof(fc.constant(0), fc.nat(2 * HOUR), fc.nat(25 * DAY)),
    stepMs: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -2 * DAY, max: 2 * DAY }) },
    ),
    newLife: fc.boolean(),
  }),
  { minLength: 5, maxLength: 25 },
);

interface Seen {
  readonly now: number;
  readonly state: WatchState;
  readonly model: WatchState;
  readonly flip: { readonly from: WatchState; readonly to: WatchState } | undefined;
  readonly changes: readonly number[];
}

/** Shows a year to the gate and to the model. */
function watch(rules: GateSettings, year: readonly Spell[]): readonly Seen[] {
  const model = createGateModel(rules);
  let state: GateState = freshGate(START);
  let now = START;
  let life = { id: 'life-0', from: START };
  return year.flatMap(({ verdicts, everyMs, pauseMs, stepMs, newLife }, nth) => {
    now += pauseMs + stepMs;
    if (newLife) life = { id: `life-${nth + 1}`, from: now };
    return verdicts.map((verdict): Seen => {
      now += everyMs;
      const step = next(state, { judgement: { verdict }, life }, now, rules);
      // What is kept is JSON.
      state = JSON.parse(JSON.stringify(step.state)) as GateState;
      const expected = model.look(verdict, life, now);
      return { now, state: step.state.state, model: expected, flip: step.flip, changes: model.changes() };
    });
  });
}

test('whatever is seen in a year, the gate is in the state that the rules give', () => {
  fc.assert(
    fc.property(settings, spells, (rules, year) => {
      for (const { state, model } of watch(rules, year)) assert.equal(state, model);
    }),
    { numRuns: CASES },
  );
});

test('flapping begins with the sixth change within an hour, is one incident, and ends with an hour of calm', () => {
  let incidents = 0;
  fc.assert(
    fc.property(settings, spells, (rules, year) => {
      let before: WatchState = 'new';
      for (const { now, state, flip, changes } of watch(rules, year)) {
        if (flip?.to === 'flapping') {
          incidents += 1;
          assert.ok(changes.length > MOST_CHANGES && changes.every((at) => now - at < HOUR));
        }
        if (before === 'flapping')
          assert.equal(state === 'flapping', changes.length > 0, 'calm is an hour without a change');
        else assert.equal(state === 'flapping', changes.length > MOST_CHANGES);
        assert.deepEqual(
          flip,
          before === state ? undefined : { from: before, to: state },
          'one flip for each change',
        );
        before = state;
      }
    }),
    { numRuns: CASES },
  );
  assert.ok(incidents > CASES / 20, `only ${incidents} times it flapped`);
});
