import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { onEnd } from '../../../test/rig/leaks.ts';
import { openWatch } from '../../../test/rig/watching.ts';
import { until } from '../../../test/rig/wait.ts';
import { cpu, judgeCpu, processorsBetween, ticksIn } from './cpu.ts';
import { judgeMemory, memory } from './memory.ts';

const MIB = 1_048_576;

test('memory is judged', () => {
  for (const [bytes, verdict, value, reason] of [
    [300 * MIB, 'ok', '300M', 'its processes take 300M of 512M'],
    [512 * MIB, 'ok', '512M', 'its processes take 512M of 512M'],
    [600 * MIB, 'bad', '600M', 'its processes take 600M, 512M at most'],
    [undefined, 'unknown', null, 'cannot read the memory of its processes'],
  ] as const)
    assert.deepEqual(judgeMemory(bytes, 512 * MIB), { verdict, value, reason });
});

test('processor time is judged between two looks', () => {
  assert.equal(judgeCpu(undefined, 0, 0.9).verdict, 'unknown');
  assert.deepEqual(judgeCpu(0.5, 15_000, 0.9), {
    verdict: 'ok',
    value: '50%',
    reason: 'its processes took 50% of a processor over 15s, 90% at most',
  });
  assert.equal(judgeCpu(1.8, 15_000, 0.9).verdict, 'bad');
});

test('the time of children that end is neither lost nor counted twice', () => {
  const sample = (at: number, processes: Record<string, readonly [own: number, children: number]>) => ({
    life: 'a',
    at,
    processes: new Map(Object.entries(processes).map(([key, [own, children]]) => [key, { own, children }])),
  });
  // 1,000 ms are 100 ticks.
  for (const [before, after, processors] of [
    [{ p: [0, 0] }, { p: [50, 0] }, 0.5],
    [{ p: [10, 0], c: [20, 0] }, { p: [10, 0], c: [70, 0] }, 0.5],
    [{ p: [10, 0], c: [20, 0] }, { p: [10, 70] }, 0.5], // the child took 50 more, ended, was waited for
    [{ p: [10, 0] }, { p: [10, 50] }, 0.5], // came and went between the looks
    [{ p: [10, 0] }, { p: [10, 0], c: [50, 0] }, 0.5], // is new
    [{ p: [10, 0], c: [900, 0] }, { p: [30, 0] }, 0.2], // nobody waited for it: what is left counts
    [{ p: [10, 0] }, {}, 0],
    [{}, { p: [200, 0] }, 2],
  ] as const)
    assert.equal(processorsBetween(sample(0, before), sample(1000, after)), processors);
});

test('the times of /proc are found behind any name', () => {
  const stat = '12 (a b) c) S 1 12 12 0 -1 4194304 1 2 3 4 500 60 7 8 20 0 1 0 999 0';
  assert.deepEqual(ticksIn(stat), { own: 560, children: 15 });
  assert.equal(ticksIn(''), undefined);
});

/** A shell with a child that has left its group, all with one life. */
async function startTree(t: TestContext, script: string): Promise<number> {
  const child = spawn('/bin/sh', ['-c', script], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], VAHTI_LIFE: `test/${process.pid}/tree` },
  });
  const pid = child.pid;
  assert.ok(pid !== undefined);
  onEnd(t, async () => {
    const over = child.exitCode === null ? once(child, 'exit') : undefined;
    process.kill(-pid, 'SIGKILL');
    await over;
  });
  return pid;
}

test('a real tree: memory of the child counts, too', async (t) => {
  const { look } = openWatch(t, memory, { max: '64M' });
  const node = process.execPath;
  const pid = await startTree(
    t,
    `'${node}' -e 'const b = Buffer.alloc(100e6, 1); setInterval(() => b[0], 1000)'; true`,
  );
  const judged = await until(
    async () => {
      const found = await look({ life: { pid } });
      return /^1\d\dM$/.test(found.value ?? '') && found;
    },
    { what: 'the child to take its memory' },
  );
  assert.match(judged.reason, /^its processes take 1\d\dM, 64M at most$/);
  const idle = openWatch(t, memory, { max: '64M' });
  const other = await startTree(t, 'sleep 1000; true');
  assert.equal(
    (await idle.look({ life: { pid: other, id: 'other' } })).verdict,
    'bad',
    'both carry the same life',
  );
  assert.equal((await idle.look({ life: { pid: 2 ** 22 - 1 } })).verdict, 'unknown');
});

test('a real tree: a busy child is seen at the second look', async (t) => {
  const { look } = openWatch(t, cpu, { max: '5%' });
  const pid = await startTree(t, 'while :; do :; done & wait');
  assert.equal((await look({ life: { pid } })).verdict, 'unknown');
  const judged = await until(
    async () => {
      const found = await look({ life: { pid } });
      return found.verdict !== 'unknown' && found;
    },
    { what: 'a second look' },
  );
  assert.equal(judged.verdict, 'bad');
  assert.equal((await look({ life: { pid, id: 'life-2' } })).verdict, 'unknown', 'a new life begins anew');
});
