import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { lookAtRate } from './pace.ts';

const SECOND = 1000;

/** A pace of a minute whose looks are wanted at a moment that the test sets, and take as long as it says. */
function createScene() {
  const clock = createFakeClock();
  const began = clock.now();
  const scene = { wanted: undefined as number | undefined, lookMs: 0 };
  const looks: number[] = [];
  const pace = lookAtRate(
    { everyMs: 60 * SECOND, timeoutMs: 30 * SECOND },
    {
      clock,
      random: () => 0.5,
      wanted: () => (scene.wanted === undefined ? undefined : began + scene.wanted),
    },
    async () => {
      looks.push(clock.now() - began);
      if (scene.lookMs > 0) await clock.sleep(scene.lookMs);
    },
  );
  return { clock, began, scene, looks, pace };
}

test('a look that is wanted comes at its moment, beside those of the rate, and not again and again', async () => {
  const { clock, began, scene, looks, pace } = createScene();
  assert.equal(pace.nextAt(), began + 15 * SECOND);
  scene.wanted = 4 * SECOND;
  pace.again();
  assert.equal(pace.nextAt(), began + 4 * SECOND);
  await clock.advance(4 * SECOND - 1);
  assert.deepEqual(looks, []);
  await clock.advance(1);
  assert.deepEqual(looks, [4 * SECOND]);
  scene.wanted = undefined;
  pace.again();
  await clock.advance(71 * SECOND);
  assert.deepEqual(looks.slice(-2), [15 * SECOND, 75 * SECOND]);
  await pace.close();
  pace.again();
  assert.equal(clock.nextTimer(), undefined);
});

test('a moment that has passed means at once; a wish that never ends has a distance between its looks', async () => {
  const { clock, scene, looks, pace } = createScene();
  await clock.advance(SECOND);
  scene.wanted = 0;
  pace.again();
  await clock.advance(0);
  assert.deepEqual(looks, [SECOND]);
  await clock.advance(SECOND);
  assert.equal(looks.length, 21);
  await pace.close();
});

test('what is wanted while a look is on its way waits for its end', async () => {
  const { clock, scene, looks, pace } = createScene();
  scene.lookMs = 3 * SECOND;
  scene.wanted = SECOND;
  pace.again();
  await clock.advance(SECOND);
  scene.wanted = 2 * SECOND;
  pace.again();
  await clock.advance(2 * SECOND);
  assert.deepEqual(looks, [SECOND]);
  scene.lookMs = 0;
  await clock.advance(SECOND);
  scene.wanted = undefined;
  assert.equal(looks[1], 4 * SECOND);
  await pace.close();
});
