import assert from 'node:assert/strict';
import { test } from 'node:test';
import { must } from '../../../test/rig/hub-access.ts';
import { createGate, hashNewPassword, isPassword } from './passwords.ts';

/** Some 20 ms. */
const COST = { N: 8192, r: 8, p: 1 };

test('a password is known by its hash, in whatever form of Unicode it is typed; each hash has a salt of its own', async () => {
  const password = 'Zürich, überall';
  const [one, other] = await Promise.all([hashNewPassword(password), hashNewPassword(password, COST)]);
  assert.match(must(one) ?? '', /^scrypt\$32768\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
  assert.notEqual(must(other)?.split('$')[4], must(one)?.split('$')[4]);
  assert.equal(await isPassword(password.normalize('NFD'), must(one)), true);
  assert.equal(await isPassword(password, must(other)), true);
  assert.equal(await isPassword(`${password} `, must(other)), false);
});

test('what is too short or too long is no password', async () => {
  for (const [password, expected] of [
    ['', 'cannot use a password of 0 characters: write 10 or more'],
    ['123456789', 'cannot use a password of 9 characters: write 10 or more'],
    ['x'.repeat(257), 'cannot use a password of more than 256 characters'],
  ] as const)
    assert.deepEqual(await hashNewPassword(password), { ok: false, error: expected });
});

test('nobody learns from the time whether a user exists', async () => {
  const stored = must(await hashNewPassword('the right one', COST));
  const fastest = async (of: string | undefined): Promise<number> => {
    const times: number[] = [];
    for (let run = 0; run < 5; run++) {
      const began = performance.now();
      assert.equal(await isPassword('the wrong one', of, COST), false);
      times.push(performance.now() - began);
    }
    return Math.min(...times);
  };
  const [known, unknown] = [await fastest(stored), await fastest(undefined)];
  assert.ok(unknown > known / 3 && known > unknown / 3, `${known} ms and ${unknown} ms`);
});

test('a gate lets few in at once, few wait in their order, and the others are sent away', async () => {
  const gate = createGate(2, 2);
  const done: number[] = [];
  const works = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  let inside = 0;
  const asked = works.map(({ promise }, index) =>
    gate(async () => {
      assert.ok(++inside <= 2);
      await promise;
      inside--;
      done.push(index);
      if (index === 1) throw new Error('it fails');
      return index;
    }),
  );
  assert.deepEqual(await asked[4], { ok: false, error: 'full' });
  for (const { resolve } of works) resolve();
  const settled = await Promise.allSettled(asked.slice(0, 4));
  assert.deepEqual(done, [0, 1, 2, 3]);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  );
  assert.deepEqual(await gate(async () => 'again'), { ok: true, value: 'again' });
});
