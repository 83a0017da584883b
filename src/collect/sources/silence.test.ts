import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { watchSilence } from './silence.ts';

function open(silentMs: number | undefined) {
  const clock = createFakeClock();
  const calls: number[] = [];
  const began = clock.monotonic();
  const silence = watchSilence(clock, silentMs, () => calls.push(clock.monotonic() - began));
  return { clock, calls, silence };
}

test('it counts from the last thing seen, and calls once', async () => {
  const { clock, calls, silence } = open(1000);
  silence.start();
  await clock.advance(900);
  silence.seen();
  await clock.advance(5000);
  assert.deepEqual(calls, [1900]);
});

test('while held, and for as long again, it is patient; stopped it is over; unset it never begins', async () => {
  const { clock, calls, silence } = open(1000);
  silence.start();
  silence.hold(true);
  await clock.advance(10_000);
  silence.hold(false);
  await clock.advance(900);
  assert.deepEqual(calls, []);
  silence.stop();
  await clock.advance(10_000);
  assert.deepEqual(calls, []);
  const never = open(undefined);
  never.silence.start();
  assert.equal(never.clock.nextTimer(), undefined);
});

test('a process that was busy itself looks once more before it calls', async () => {
  const clock = createFakeClock();
  let calls = 0;
  const silence = watchSilence(clock, 1000, () => calls++);
  silence.start();
  // What waited in the socket is read right after the timer.
  clock.timer(1000, () => silence.seen());
  await clock.advance(1000);
  assert.equal(calls, 0);
  await clock.advance(999);
  assert.equal(calls, 0);
  await clock.advance(1);
  assert.equal(calls, 1);
});
