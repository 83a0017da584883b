import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../test/rig/leaks.ts';
import { until } from '../../test/rig/wait.ts';
import { disk, type Files } from '../core/files.ts';
import type { SpooledMessage } from '../core/source.ts';
import { createSpool } from './spool.ts';

const ROOM = { floor: 0, free: () => Promise.resolve(Number.POSITIVE_INFINITY) };

function message(n: number, length: number): SpooledMessage {
  return { data: Buffer.alloc(length, `${n}.`), binary: n % 2 === 0, received: 1_000 + n };
}

async function drain(spool: ReturnType<typeof createSpool>): Promise<SpooledMessage[]> {
  const all: SpooledMessage[] = [];
  for (;;) {
    const some = await spool.next();
    if (some.length === 0) return all;
    all.push(...some);
  }
}

test('what is put comes out once, whole and in order, whatever the file may take and whenever it is read', async (t) => {
  const folder = tempFolder(t);
  let file = 0;
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.oneof(fc.nat(50), fc.nat(5_000), fc.constant(400_000)) },
    { weight: 1, arbitrary: fc.constant('read' as const) },
    { weight: 1, arbitrary: fc.constant('write' as const) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(0, 1_000, 600_000, 1e9),
      async (steps, most) => {
        const spool = createSpool({ files: disk, path: join(folder, `${(file += 1)}`), most, room: ROOM });
        const wanted: SpooledMessage[] = [];
        const found: SpooledMessage[] = [];
        for (const what of steps) {
          if (what === 'read') found.push(...(await spool.next()));
          else if (what === 'write') await new Promise((resolve) => setImmediate(resolve));
          else {
            wanted.push(message(wanted.length, what));
            spool.put(wanted.at(-1) as SpooledMessage);
          }
        }
        found.push(...(await drain(spool)));
        assert.deepEqual(found, wanted);
        assert.equal(spool.size(), 0);
        await spool.close();
      },
    ),
    { numRuns: 60 },
  );
});

test('it says when it is full, and has room again once it is empty', async (t) => {
  const path = join(tempFolder(t), 'spool');
  const spool = createSpool({ files: disk, path, most: 1_500_000, room: ROOM });
  const written = (): number => (existsSync(path) ? statSync(path).size : 0);
  for (let n = 1; n <= 14; n += 1) {
    assert.equal(spool.put(message(n, 100_000)), true);
    await until(() => written() === n * 100_013, { what: `${n} messages on the disk` });
  }
  // No more go into the file, and ten and a half into memory.
  const answers = Array.from({ length: 12 }, (_, n) => spool.put(message(15 + n, 100_000)));
  assert.deepEqual(answers, Array(10).fill(true).concat([false, false]));
  let room = false;
  const wait = spool.room().then(() => (room = true));
  assert.equal((await spool.next()).length > 0, true);
  assert.ok(statSync(path).size <= 1_500_000, `the file has ${statSync(path).size} bytes`);
  assert.equal(room, false);
  await drain(spool);
  await wait;
  assert.equal(statSync(path).size, 0);
  await spool.close();
  assert.equal(existsSync(path), false);
});

test('a disk that has no room is a full spool, and nothing is lost; any other trouble is told to the reader', async (t) => {
  const path = join(tempFolder(t), 'spool');
  writeFileSync(path, 'left by a process that was killed');
  let trouble: string | undefined = 'ENOSPC';
  const files: Files = {
    ...disk,
    write: (fd, data, position) =>
      trouble === undefined
        ? disk.write(fd, data, position)
        : Promise.reject(Object.assign(new Error('no'), { code: trouble })),
  };
  const spool = createSpool({ files, path, most: 1e9, room: ROOM });
  await spool.discard();
  assert.equal(existsSync(path), false);
  for (const n of [1, 2, 3]) spool.put(message(n, 10));
  assert.deepEqual(
    await drain(spool),
    [1, 2, 3].map((n) => message(n, 10)),
  );
  trouble = undefined;
  spool.put(message(4, 10));
  assert.deepEqual(await drain(spool), [message(4, 10)]);
  trouble = 'EIO';
  spool.put(message(5, 10));
  await assert.rejects(spool.next(), { code: 'EIO' });
  await spool.close();
});

test('written and read at the same time, nothing is lost, doubled or torn', {
  timeout: 20_000,
}, async (t) => {
  const folder = tempFolder(t);
  const slowToEmpty: Files = {
    ...disk,
    async truncate(fd, length) {
      for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      await disk.truncate(fd, length);
    },
  };
  for (const most of [20_000, 1e9]) {
    const spool = createSpool({ files: slowToEmpty, path: join(folder, `${most}`), most, room: ROOM });
    const wanted = Array.from({ length: 3_000 }, (_, n) => message(n, (n * 37) % 900));
    let put = 0;
    let turns = 0;
    const feed = (): void => {
      // Now and then so slowly that the reader finds it empty.
      turns += 1;
      if (put % 3 === 0 && turns % 9 !== 0) return void setImmediate(feed);
      for (let i = 0; i < 1 + (put % 7) && put < wanted.length; i += 1)
        spool.put(wanted[put++] as SpooledMessage);
      if (put < wanted.length) setImmediate(feed);
    };
    feed();
    const found: SpooledMessage[] = [];
    while (found.length < wanted.length) {
      const some = await spool.next();
      found.push(...some);
      if (some.length === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(found, wanted);
    await spool.close();
  }
});
