import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Budget,
  FRESH_BUDGET,
  FRESH_LADDER,
  HOUR_MS,
  type LadderSettings,
  type LadderState,
  next,
  outlook,
  type Situation,
  type Step,
  stepText,
} from './ladder.ts';

const MINUTE = 60_000;
const SETTINGS: LadderSettings = {
  steps: [{ do: 'restart' }, { do: 'page' }],
  mostRestarts: 3,
  perMs: HOUR_MS,
  coolMs: MINUTE,
};
const FAILING: Situation = {
  failing: true,
  well: false,
  life: 'a',
  service: { state: 'running', wanted: true },
};

/** Takes one situation after another, each so long after the one before, and tells what was done. */
function climb(situations: readonly Partial<Situation>[], settings = SETTINGS, everyMs = 2 * MINUTE) {
  let state: LadderState = FRESH_LADDER;
  let budget: Budget = FRESH_BUDGET;
  let now = 0;
  return situations.map((situation) => {
    now += everyMs;
    const step = next(state, budget, { ...FAILING, ...situation }, now, settings);
    ({ state, budget } = step);
    return step.effects.map(stepText).join(' + ');
  });
}

const lives = (count: number): Partial<Situation>[] =>
  Array.from({ length: count }, (_, index) => ({ life: `life-${index}` }));

test('each life that fails is restarted, as long as the budget lasts; then comes the next step, once', () => {
  assert.deepEqual(climb(lives(6)), ['restart', 'restart', 'restart', 'page', '', '']);
});

test('one life is restarted once, however often it is seen to fail', () => {
  assert.deepEqual(climb([{}, {}, {}]), ['restart', '', '']);
});

test('an hour later the budget is there again: no ladder gives up for ever', () => {
  assert.deepEqual(climb(lives(5), SETTINGS, 16 * MINUTE), [
    'restart',
    'restart',
    'restart',
    'page',
    'restart',
  ]);
});

test('restarts, which come first, leave something for what needs the service', () => {
  const steps: Step[] = [{ do: 'restart' }, { do: 'restart-dependents' }, { do: 'page' }];
  assert.deepEqual(climb(lives(6), { ...SETTINGS, steps }), [
    'restart',
    'restart',
    'restart',
    'restart-dependents',
    'page',
    '',
  ]);
});

test('lives that fail so slowly that the budget is never spent come to the next step too, once', () => {
  const slowly = climb(lives(7), SETTINGS, 30 * MINUTE);
  assert.deepEqual(slowly, ['restart', 'restart', 'restart', 'page', 'restart', 'restart', 'restart']);
  const healed = climb([...lives(3), { failing: false, well: true }, ...lives(2)], SETTINGS, 30 * MINUTE);
  assert.deepEqual(healed, ['restart', 'restart', 'restart', '', 'restart', 'restart']);
});

test('words are said at once and once; acts wait for the cool-down of the one before', () => {
  const steps: Step[] = [
    { do: 'note' },
    { do: 'run', argv: ['fix', 'it'] },
    { do: 'restart' },
    { do: 'page' },
  ];
  const settings = { ...SETTINGS, steps };
  assert.deepEqual(climb([{}, {}, {}, {}], settings, 30_000), ['note + run fix it', '', 'restart', '']);
  const again = climb([{}, { failing: false, well: true }, { life: 'b' }], settings);
  assert.deepEqual(again, ['note + run fix it', '', 'note + run fix it']);
});

test('a stop is the end: nothing follows it in the life that it ends', () => {
  const settings = { ...SETTINGS, steps: [{ do: 'stop' }, { do: 'page' }] as const };
  assert.deepEqual(climb([{}, {}, { life: 'b' }], settings), ['stop', '', 'page']);
});

test('what does not run, or was stopped on purpose, is left alone', () => {
  for (const state of ['stopped', 'waiting', 'blocked', 'stopping', 'done', 'stuck'] as const)
    assert.deepEqual(climb([{ service: { state, wanted: true } }]), ['']);
  assert.deepEqual(climb([{ service: { state: 'running', wanted: false } }]), ['']);
  assert.deepEqual(climb([{ failing: false }]), ['']);
});

test('after a step of the wall clock backwards the budget is there again after an hour, not later', () => {
  const day = 24 * HOUR_MS;
  const spent: Budget = { restarts: [day, day + 1, day + 2], actedAt: day + 2 };
  const soon = next(FRESH_LADDER, spent, FAILING, 0, SETTINGS);
  assert.deepEqual(soon.effects, [{ do: 'page' }]);
  const later = next(soon.state, soon.budget, FAILING, HOUR_MS, SETTINGS);
  assert.deepEqual(later.effects, [{ do: 'restart' }]);
});

test('the outlook names the next step and when it may be taken', () => {
  const first = next(FRESH_LADDER, FRESH_BUDGET, FAILING, 0, SETTINGS);
  assert.deepEqual(outlook(first.state, first.budget, 1000, SETTINGS), {
    next: { do: 'restart' },
    at: MINUTE,
  });
  const spent = { restarts: [0, 1, 2], actedAt: 2 };
  assert.deepEqual(outlook(FRESH_LADDER, spent, 10, SETTINGS), { next: { do: 'page' }, at: 10 });
  const paged = { done: [1], over: '' };
  assert.deepEqual(outlook(paged, spent, 10, SETTINGS), { next: { do: 'restart' }, at: HOUR_MS });
  assert.deepEqual(outlook(FRESH_LADDER, spent, 10, { ...SETTINGS, steps: [] }), { next: null, at: null });
});

const step = fc.oneof(
  fc.constantFrom<Step[]>(
    { do: 'note' },
    { do: 'page' },
    { do: 'restart' },
    { do: 'restart-dependents' },
    { do: 'stop' },
  ),
  fc.constant<Step>({ do: 'run', argv: ['x'] }),
);
const moment = fc.record({
  watch: fc.nat({ max: 2 }),
  minutes: fc.integer({ min: -5, max: 40 }),
  failing: fc.boolean(),
  well: fc.boolean(),
  life: fc.constantFrom('a', 'b', 'c', 'd'),
  state: fc.constantFrom('running' as const, 'running' as const, 'stopped' as const, 'blocked' as const),
  wanted: fc.boolean(),
});

test('whatever happens: all watches together keep to the budget and the cool-down, and never touch what is not to be touched', () => {
  const settings = fc.record({
    steps: fc.array(step, { maxLength: 4 }),
    mostRestarts: fc.nat({ max: 4 }),
    perMs: fc.integer({ min: MINUTE, max: 2 * HOUR_MS }),
    coolMs: fc.integer({ min: 0, max: 10 * MINUTE }),
  });
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 60 }), settings, (moments, chosen) => {
      const ladders = [FRESH_LADDER, FRESH_LADDER, FRESH_LADDER];
      let budget: Budget = FRESH_BUDGET;
      let [wall, now] = [0, 0];
      const restarts: number[] = [];
      let actedAt = Number.NEGATIVE_INFINITY;
      for (const { watch, minutes, state, ...seen } of moments) {
        // The wall clock may step backwards; what is promised is promised of it where it does not.
        wall += minutes * MINUTE;
        now += Math.max(0, minutes) * MINUTE;
        const situation = { ...seen, service: { state, wanted: seen.wanted } };
        const taken = next(ladders[watch] as LadderState, budget, situation, wall, chosen);
        ladders[watch] = taken.state;
        ({ budget } = taken);
        const acts = taken.effects.filter((each) => each.do !== 'note' && each.do !== 'page');
        if (taken.effects.length > 0)
          assert.ok(seen.failing && !seen.well && seen.wanted && state === 'running');
        assert.ok(acts.length <= 1);
        for (const act of acts) {
          assert.ok(now - actedAt >= chosen.coolMs, 'cool-down');
          actedAt = now;
          if (act.do === 'restart' || act.do === 'restart-dependents') restarts.push(now);
        }
        const counted = restarts.filter((at) => now - at < chosen.perMs);
        assert.ok(counted.length <= chosen.mostRestarts, 'budget');
      }
    }),
  );
});
