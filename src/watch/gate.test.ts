import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { freshGate, type GateSettings, type GateState, type GateStep, MOST_CHANGES, next } from './gate.ts';
import type { Verdict } from './judgement.ts';

const SETTINGS: GateSettings = { fail: { times: 3, of: 3 }, ok: 2, graceMs: 0 };
const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** Looks once a second from second 1 on. Letters: o ok, l late, b bad, ? unknown; a slash begins another life. */
function run(letters: string, settings = SETTINGS, everyMs = SECOND): GateStep[] {
  const verdicts: Record<string, Verdict> = { o: 'ok', l: 'late', b: 'bad', '?': 'unknown' };
  const steps: GateStep[] = [];
  let state: GateState = freshGate(0);
  let now = 0;
  let life = { id: 'life-1', from: 0 };
  for (const letter of letters) {
    if (letter === '/') {
      life = { id: `${life.id}+`, from: now };
      continue;
    }
    now += everyMs;
    const step = next(state, { judgement: { verdict: verdicts[letter] as Verdict }, life }, now, settings);
    steps.push(step);
    state = step.state;
  }
  return steps;
}

const states = (steps: readonly GateStep[]): string => steps.map(({ state }) => state.state).join(' ');

test('three failures in a row are bad, two good looks heal', () => {
  assert.equal(states(run('obbobbboo')), 'ok ok ok ok ok ok bad bad ok');
  assert.deepEqual(
    run('obbbboo').flatMap(({ flip }) => flip ?? []),
    [
      { from: 'new', to: 'ok' },
      { from: 'ok', to: 'bad' },
      { from: 'bad', to: 'ok' },
    ],
  );
});

test('n of m: good looks in between do not hide it', () => {
  const settings = { ...SETTINGS, fail: { times: 3, of: 5 }, ok: 2 };
  assert.equal(states(run('bobob', settings)), 'new ok ok ok bad');
  assert.equal(states(run('oboooob', settings)).includes('bad'), false);
  assert.equal(
    states(run('bbboob', settings)),
    'new new bad bad ok ok',
    'what failed before a recovery is settled',
  );
});

test('late and bad both fail; enough of them are late, or bad where the last one is', () => {
  assert.equal(states(run('olll')), 'ok ok ok late');
  assert.equal(states(run('ollb')), 'ok ok ok bad');
  assert.equal(states(run('olllbbb')), 'ok ok ok late bad bad bad');
});

test('unknown neither fails nor heals, and is a state of its own after as many looks', () => {
  assert.equal(states(run('obb?b')), 'ok ok ok ok bad');
  assert.equal(states(run('o??')), 'ok ok ok');
  assert.equal(states(run('o???')), 'ok ok ok unknown');
  assert.equal(states(run('obbb?????oo')), 'ok ok ok bad bad bad bad bad bad bad ok');
  assert.equal(states(run('o???oo')), 'ok ok ok unknown ok ok');
});

test('evidence is of one life: a new one keeps the state, and begins to count anew', () => {
  const steps = run('obbb/bbb/oo');
  assert.equal(states(steps), 'ok ok ok bad bad bad bad bad ok');
  assert.deepEqual(
    steps.map(({ failing }) => failing),
    [false, false, false, true, false, false, true, false, false],
  );
});

test('a life that begins anew for the watch is counted anew, as another life', () => {
  let state = freshGate(0);
  const look = (at: number, from: number): GateStep => {
    const step = next(state, { judgement: { verdict: 'bad' }, life: { id: 'life-1', from } }, at, SETTINGS);
    state = step.state;
    return step;
  };
  assert.deepEqual(
    [look(1, 0), look(2, 0), look(3, 3), look(4, 3), look(5, 3), look(6, 2)].map(({ failing }) => failing),
    [false, false, false, false, true, true],
  );
});

test('in the grace of a life nothing counts', () => {
  const settings = { ...SETTINGS, graceMs: 3 * SECOND };
  const steps = run('bbbbbb', settings);
  assert.deepEqual(
    steps.map(({ counted }) => counted),
    [false, false, true, true, true, true],
  );
  assert.equal(states(steps), 'new new new new bad bad');
});

test('more than five changes in an hour are flapping: one incident, until an hour is calm', () => {
  const settings = { ...SETTINGS, fail: { times: 1, of: 1 }, ok: 1 };
  const steps = run('obobobo', settings, 60 * SECOND);
  assert.equal(states(steps), 'ok bad ok bad ok bad flapping');
  const calm = run(`obobobo${'o'.repeat(60)}`, settings, 60 * SECOND);
  assert.equal(calm.at(-2)?.state.state, 'flapping');
  assert.deepEqual(calm.at(-1)?.flip, { from: 'flapping', to: 'ok' });
  const slow = run('obobobobobobob', settings, 15 * 60 * SECOND);
  assert.equal(states(slow).includes('flapping'), false);
});

const looks = fc
  .array(fc.constantFrom('o', 'l', 'b', '?', '/'), { maxLength: 80 })
  .map((all) => all.join(''));
const anySettings = fc
  .record({
    times: fc.integer({ min: 1, max: 5 }),
    more: fc.integer({ min: 0, max: 5 }),
    ok: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ times, more, ok }): GateSettings => ({ fail: { times, of: times + more }, ok, graceMs: 0 }));

test('whatever is seen: flips tell every change of state, and at most six of them an hour', () => {
  fc.assert(
    fc.property(looks, anySettings, fc.integer({ min: 1, max: 1200 }), (letters, settings, seconds) => {
      const steps = run(letters, settings, seconds * SECOND);
      let state = 'new';
      const flips: number[] = [];
      for (const [index, step] of steps.entries()) {
        if (step.flip !== undefined) {
          assert.equal(step.flip.from, state);
          state = step.flip.to;
          if (step.flip.from !== 'new') flips.push(index);
        }
        assert.equal(step.state.state, state);
      }
      const perHour = HOUR / (seconds * SECOND);
      for (const at of flips)
        assert.ok(flips.filter((other) => other >= at && other - at < perHour).length <= MOST_CHANGES + 1);
    }),
  );
});

test('whatever is seen: it fails only on enough failures of this very life, and heals only on enough good looks', () => {
  fc.assert(
    fc.property(looks, anySettings, (letters, settings) => {
      const lives = letters.split('/');
      const steps = run(letters, settings);
      let index = 0;
      for (const life of lives) {
        for (let length = 1; length <= life.length; length++) {
          const step = steps[index++] as GateStep;
          const seen = life.slice(0, length).replaceAll('?', '');
          const window = seen.slice(-settings.fail.of).replaceAll('o', '').length;
          if (step.failing) assert.ok(window >= settings.fail.times);
          if (step.flip?.to === 'bad' || step.flip?.to === 'late') assert.ok(step.failing);
          if (step.flip?.to === 'ok' && step.flip.from !== 'new' && step.flip.from !== 'flapping')
            assert.ok(seen.endsWith('o'.repeat(settings.ok)));
        }
      }
    }),
  );
});

test('whatever the wall clock does, flapping ends an hour after the last change', () => {
  const settings = { ...SETTINGS, fail: { times: 1, of: 1 }, ok: 1 };
  const flapping = run('obobobo', settings, 60 * SECOND).at(-1)?.state as GateState;
  const look = { judgement: { verdict: 'ok' as const }, life: { id: flapping.life, from: 0 } };
  const back = next(flapping, look, 60 * SECOND, settings).state;
  assert.equal(next(back, look, 61 * SECOND + HOUR, settings).state.state, 'ok');
});
