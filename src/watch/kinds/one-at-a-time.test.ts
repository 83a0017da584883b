import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { oneAtATime } from './one-at-a-time.ts';

test('a read that hangs ends at the deadline, and no other is begun until it is over', async () => {
  const clock = createFakeClock();
  let begun = 0;
  let answer: (value: string) => void = () => {};
  const read = oneAtATime(clock, () => {
    begun++;
    return new Promise<string>((resolve) => {
      answer = resolve;
    });
  });
  const look = () => {
    const limit = new AbortController();
    const request = { now: 0, life: { id: 'a', pid: 1, startedAt: 0 }, signal: limit.signal };
    return { limit, read: read(request) };
  };
  const first = look();
  await clock.advance(5000);
  first.limit.abort();
  assert.deepEqual(await first.read, { ok: false, reason: 'no answer of the file system within 5s' });
  await clock.advance(60_000);
  assert.deepEqual(await look().read, { ok: false, reason: 'the file system has not answered for 1m5s' });
  assert.equal(begun, 1);
  answer('late');
  await clock.advance(0);
  const second = look();
  answer('x');
  assert.deepEqual(await second.read, { ok: true, value: 'x' });
  assert.equal(begun, 2);
});

test('a read that fails is a reason', async () => {
  const read = oneAtATime(createFakeClock(), () => Promise.reject(new Error('EIO: no')));
  const { signal } = new AbortController();
  assert.deepEqual(await read({ now: 0, life: { id: 'a', pid: 1, startedAt: 0 }, signal }), {
    ok: false,
    reason: 'EIO: no',
  });
});
