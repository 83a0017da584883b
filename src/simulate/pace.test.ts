import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { startPace } from './pace.ts';

test('any rate comes out on average, in small batches', async () => {
  for (const rate of [0.5, 1, 50, 999, 20_000]) {
    const clock = createFakeClock();
    const batches: number[] = [];
    const pace = startPace(clock, rate, (count) => batches.push(count) > 0);
    await clock.advance(4_010);
    pace.cancel();
    const total = batches.reduce((sum, count) => sum + count, 0);
    assert.ok(Math.abs(total - rate * 4) <= Math.max(1, rate / 90), `${rate}/s gave ${total} in 4 s`);
    assert.ok(Math.max(...batches) <= Math.max(1, rate / 100));
    assert.equal(clock.nextTimer(), undefined);
  }
});

test('a short delay is caught up, in batches; a long one is forgiven', async () => {
  let emitted = 0;
  let monotonic = 0;
  const ticks: (() => void)[] = [];
  const clock = {
    ...createFakeClock(),
    monotonic: () => monotonic,
    timer: (_: number, fn: () => void) => (ticks.push(fn), { cancel: () => {} }),
  };
  startPace(clock, 20_000, (count) => {
    assert.ok(count <= 2_000);
    emitted += count;
    return true;
  });
  const tick = (ms: number): void => {
    monotonic += ms;
    ticks.shift()?.();
  };
  tick(500); // 10,000 are due
  for (let i = 0; i < 4; i++) tick(0);
  assert.equal(emitted, 10_000);
  tick(3_600_000);
  assert.equal(emitted, 12_000);
  tick(5);
  assert.equal(emitted, 12_100);
});

test('it ends where the frames end', async () => {
  const clock = createFakeClock();
  let left = 3;
  startPace(clock, 50, () => left-- > 0);
  await clock.advance(1_000);
  assert.equal(clock.nextTimer(), undefined);
});
