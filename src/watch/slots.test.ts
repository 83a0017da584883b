import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { createSlots } from './slots.ts';

test('places are given in order, and whoever leaves the queue takes none', async () => {
  const clock = createFakeClock();
  const slots = createSlots(1, 1000, clock);
  const stay = new AbortController();
  const leave = new AbortController();
  const order: string[] = [];
  const first = await slots.take(stay.signal);
  const second = slots.take(leave.signal).then(() => order.push('left'));
  const third = slots.take(stay.signal).then((release) => {
    order.push('third');
    return release;
  });
  leave.abort();
  await second;
  assert.deepEqual(order, ['left']);
  first();
  const release = await third;
  release();
  (await slots.take(stay.signal))();
  assert.deepEqual(order, ['left', 'third']);
  assert.equal(clock.nextTimer(), undefined);
});

test('whoever hangs holds its place for a while only, and gives it back once', async () => {
  const clock = createFakeClock();
  const slots = createSlots(1, 1000, clock);
  const { signal } = new AbortController();
  const hung = await slots.take(signal);
  let turns = 0;
  const next = (): Promise<() => void> => slots.take(signal).finally(() => (turns += 1));
  const [second, third] = [next(), next()];
  await clock.advance(999);
  assert.equal(turns, 0);
  await clock.advance(1);
  assert.equal(turns, 1);
  hung();
  await clock.advance(500);
  assert.equal(turns, 1, 'a place that was given back is not given back again');
  (await second)();
  (await third)();
  assert.equal(turns, 2);
  assert.equal(clock.nextTimer(), undefined);
});
