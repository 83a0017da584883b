import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  flipText,
  type Happening,
  level,
  liveThrough,
  T0,
  type Told,
} from '../../../test/rig/watched-live.ts';
import type { WatchSettings } from '../course.ts';
import type { About } from '../kind.ts';
import { LADDER_LIMITS, type Step } from '../ladder.ts';
import type { KeptEvent, KeptLook } from '../looks/look.ts';
import { type OtherAction, replay, type Trial, type TriedLook } from './replay.ts';

const SECOND = 1000;

const wait = fc.integer({ min: 1, max: 60 }).map((seconds) => seconds * SECOND);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('see'),
      level: fc.constantFrom(0, 1, 2, 3, 4, 5, 5, 5, undefined),
      takesMs: fc.constantFrom(0, 0, 700, 4000),
      ms: wait,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('fail', 'hang'), ms: wait }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('live'), readyMs: fc.constantFrom(0, 20 * SECOND), ms: wait }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('stop', 'reload', 'reload', 'kill'), ms: wait }) },
);

const LADDERS: readonly (readonly Step[])[] = [
  [],
  [{ do: 'restart' }, { do: 'page' }],
  [{ do: 'note' }, { do: 'run', argv: ['mend'] }, { do: 'restart' }],
];
const HOURS = { days: [0, 1, 2, 3, 4, 5, 6], from: 5, to: 30, zone: 'UTC' };

const anySettings = fc
  .record({
    times: fc.integer({ min: 1, max: 3 }),
    more: fc.integer({ min: 0, max: 2 }),
    ok: fc.integer({ min: 1, max: 2 }),
    graceMs: fc.constantFrom(0, 15 * SECOND),
    hours: fc.constantFrom(undefined, HOURS),
    steps: fc.constantFrom(...LADDERS),
  })
  .map(
    ({ times, more, ok, graceMs, hours, steps }): Omit<WatchSettings, 'name'> => ({
      kind: 'level',
      everyMs: 10 * SECOND,
      timeoutMs: 5 * SECOND,
      gate: { fail: { times, of: times + more }, ok, graceMs },
      ...(hours === undefined ? {} : { hours }),
      steps,
    }),
  );

function trialOf(settings: Omit<WatchSettings, 'name'>, more: Partial<Trial> = {}): Trial {
  const judge = () => {
    assert.ok(level.replay);
    return level.replay.judge({ max: 4 }, {} as About);
  };
  return {
    settings: { ...settings, name: 'a' },
    limits: LADDER_LIMITS,
    judge,
    thin: false,
    others: [],
    ...more,
  };
}

/** What a replay tells, as the time line would. */
function toldBy(looks: Iterable<TriedLook>): Told[] {
  return [...looks].flatMap(({ at, flip, judgement, steps }) => {
    const isTold = flip !== undefined && !(flip.from === 'new' && flip.to === 'ok');
    const told = isTold ? [{ at, what: flipText({ ...flip, ...judgement }) }] : [];
    const done = steps.map((step) => ({ at, what: step.do }));
    return [...told, ...done].toSorted((a, b) => a.what.localeCompare(b.what));
  });
}

function actionsOf(told: readonly Told[]): OtherAction[] {
  return told
    .filter(({ what }) => what === 'restart' || what === 'run')
    .map(({ at, what }) => ({ at, costs: what === 'restart' }));
}

const see = (seen: number, seconds: number): Happening => ({
  do: 'see',
  level: seen,
  takesMs: 0,
  ms: seconds * SECOND,
});
const QUICK: Omit<WatchSettings, 'name'> = {
  kind: 'level',
  everyMs: 10 * SECOND,
  timeoutMs: 5 * SECOND,
  gate: { fail: { times: 1, of: 1 }, ok: 1, graceMs: 0 },
  steps: [{ do: 'note' }],
};
/** What chance seldom brings together. */
const EXAMPLES: [Omit<WatchSettings, 'name'>, Happening[]][] = [
  // A judge that is opened anew remembers nothing, and a gate has no evidence.
  [QUICK, [see(3, 30), { do: 'reload', ms: 15 * SECOND }, see(3, 30)]],
  [
    { ...QUICK, gate: { fail: { times: 2, of: 2 }, ok: 2, graceMs: 0 } },
    [see(0, 25), see(5, 10), { do: 'reload', ms: 60 * SECOND }],
  ],
  // The hours begin within a life: it has its grace from then on.
  [{ ...QUICK, gate: { ...QUICK.gate, graceMs: 25 * SECOND }, hours: HOURS }, [see(5, 400)]],
  // A look that hangs is given up, and what it reads then is not judged.
  [QUICK, [see(3, 9), { do: 'hang', ms: 15 * SECOND }, see(3, 40)]],
];

test('whatever happened: with unchanged settings a replay tells what was told live, look for look', async (t) => {
  let told = 0;
  await fc.assert(
    fc.asyncProperty(
      anySettings,
      fc.array(happening, { minLength: 10, maxLength: 60, size: 'max' }),
      async (settings, all) => {
        const { seen, looks, told: toldOf } = await liveThrough(t, settings, all);
        const trial = trialOf(settings, { others: actionsOf(toldOf('b')) });
        const again = [...replay(seen.get('a') ?? [], trial)];
        assert.deepEqual(
          again.map(({ at, state }) => ({ at, state })),
          looks('a'),
        );
        assert.deepEqual(toldBy(again), toldOf('a'));
        told += toldOf('a').length;
      },
    ),
    { numRuns: 15, examples: EXAMPLES },
  );
  assert.ok(told > 30, `only ${told} were told`);
});

/** Looks once in ten seconds, at levels. */
function seenLevels(levels: readonly number[], more: Partial<KeptLook> = {}): KeptEvent[] {
  const life = { id: 'life-1', startedAt: T0, readyAt: T0, wellSince: 0 };
  const looks = levels.map((found, index): KeptEvent => {
    const now = T0 + (index + 1) * 10 * SECOND;
    return {
      kind: 'look',
      now,
      at: now,
      life,
      silence: undefined,
      reading: { level: found },
      failed: '',
      ...more,
    };
  });
  return [{ kind: 'opened' }, ...looks];
}

const SETTINGS: Omit<WatchSettings, 'name'> = {
  kind: 'level',
  everyMs: 10 * SECOND,
  timeoutMs: 5 * SECOND,
  gate: { fail: { times: 2, of: 2 }, ok: 1, graceMs: 0 },
  steps: [{ do: 'restart' }, { do: 'page' }],
};
const whats = (events: readonly KeptEvent[], trial: Trial): string[] =>
  toldBy(replay(events, trial)).map(({ at, what }) => `${(at - T0) / SECOND}: ${what}`);

test('other settings tell other things', () => {
  const seen = seenLevels([0, 5, 5, 5, 0, 5, 5, 0]);
  assert.deepEqual(
    whats(seen, trialOf(SETTINGS)),
    [
      '30: ok to bad (5): 5 is over 4',
      '30: restart',
      '50: bad to ok (0): 0',
      '60: ok to bad (5): 5 is over 4',
      '80: bad to ok (0): 0',
    ].toSpliced(3, 1, '70: ok to bad (5): 5 is over 4'),
  );
  const patient = { ...SETTINGS, gate: { ...SETTINGS.gate, fail: { times: 3, of: 3 } } };
  assert.deepEqual(whats(seen, trialOf(patient)), [
    '40: ok to bad (5): 5 is over 4',
    '40: restart',
    '50: bad to ok (0): 0',
  ]);
  const graceful = { ...SETTINGS, gate: { ...SETTINGS.gate, graceMs: 65 * SECOND } };
  assert.deepEqual(whats(seen, trialOf(graceful)), []);
});

test('a slower pace takes as many looks as it would have made', () => {
  const seen = seenLevels(Array.from({ length: 40 }, (_, index) => index % 3));
  const slow = { ...SETTINGS, everyMs: 30 * SECOND };
  const times = [...replay(seen, trialOf(slow, { thin: true }))].map(({ at }) => (at - T0) / SECOND);
  assert.deepEqual(times.slice(0, 4), [10, 40, 70, 100]);
  assert.equal(times.length, 14);
});

test('what other watches did spends the budget, and what held steps back holds them back', () => {
  const seen = seenLevels([0, 5, 5, 5]);
  const spent = [1, 2, 3].map((at) => ({ at: T0 + at, costs: true }));
  assert.deepEqual(whats(seen, trialOf(SETTINGS, { others: spent })).slice(1), ['30: page']);
  const cool = [{ at: T0 + 25 * SECOND, costs: false }];
  assert.deepEqual(whats(seen, trialOf(SETTINGS, { others: cool })).slice(1), []);
  const quiet = [...replay(seenLevels([0, 5, 5], { silence: 'quiet' }), trialOf(SETTINGS))];
  assert.deepEqual(
    quiet.map(({ steps, heldBy }) => [steps.length, heldBy]),
    [
      [0, undefined],
      [0, undefined],
      [0, 'quiet'],
    ],
  );
});

test('a look without a reading, or one that cannot be judged, is unknown', () => {
  const failed = seenLevels([1, 2], { reading: undefined, failed: 'cannot look: it hung' });
  const judged = [...replay(failed, trialOf(SETTINGS))].map(({ judgement }) => judgement);
  assert.deepEqual(judged[0], { verdict: 'unknown', value: null, reason: 'cannot look: it hung' });
  const broken = {
    judge: () => () => {
      throw new Error('no such field');
    },
  };
  const [first] = replay(seenLevels([1]), trialOf(SETTINGS, broken));
  assert.equal(first?.judgement.reason, 'cannot look: no such field');
});
