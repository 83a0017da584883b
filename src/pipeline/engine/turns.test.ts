import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { createTurns } from './turns.ts';

test('who waits for all to be over leaves nothing on its signal, whether that comes or not', async () => {
  const turns = createTurns(createFakeClock());
  const patience = new AbortController();
  const settled = turns.settled(patience.signal);
  const turned = turns.turn(
    async () => undefined,
    () => true,
  );
  await settled;
  assert.deepEqual(getEventListeners(patience.signal, 'abort'), []);
  await turned;
  const vain = turns.settled(patience.signal);
  patience.abort();
  await assert.rejects(vain, /it did not settle in time/);
  assert.deepEqual(getEventListeners(patience.signal, 'abort'), []);
});
