import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { inboxRig } from '../../../test/rig/inbox.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';

test('of many files that wait for one gate a bounded number is in memory, and its answer is for all', async (t) => {
  leakCheck(t);
  const count = 4000;
  const clock = createFakeClock();
  const command = 'echo >> asked; while ! test -e open; do sleep 0.02; done';
  const rig = inboxRig(t, { gate: { run: ['sh', '-c', command], timeout: '1h' }, settle: '0s' });
  execFileSync('sh', ['-c', `seq -f %g.in 1 ${count} | xargs touch`], { cwd: rig.root });
  const states = async () =>
    Object.fromEntries((await rig.ledger.inboxTally()).map(({ state, count: files }) => [state, files]));
  const running = rig.start({ clock });
  await until(async () => (await states())['waiting'] === count, {
    what: 'all to wait for the gate',
    deadlineMs: 20_000,
  });
  await running.quiet();
  const most = running.inbox.inMemory();
  writeFileSync(join(rig.root, '..', 'open'), '');
  await until(
    async () => {
      await clock.advance(20);
      return (await states())['ready'] === count;
    },
    { what: 'all to be ready', deadlineMs: 20_000 },
  );
  await running.stop();
  assert.ok(most <= 2048 + 512, `${most} are in memory`);
  // Each of 256 that were answered together would have it asked anew.
  const asked = readFileSync(join(rig.root, '..', 'asked'), 'utf8').length;
  assert.ok(asked < 8, `it was asked ${asked} times`);
});

test('what a gate without names said stands for a moment, and then it is asked anew', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const command = 'echo >> asked; test -e open';
  const rig = inboxRig(t, { gate: { run: ['sh', '-c', command], every: '1h' } });
  const running = rig.start({ clock });
  await running.quiet();
  rig.deliver('a.in');
  const asked = () => readFileSync(join(rig.root, '..', 'asked'), 'utf8').length;
  await until(async () => ((await rig.file('a.in'))?.due ?? 0) >= clock.now() + 3_600_000, {
    what: 'its answer',
  });
  writeFileSync(join(rig.root, '..', 'open'), '');
  await clock.advance(500);
  rig.deliver('b.in');
  await rig.until('b.in', 'waiting gate');
  assert.equal(asked(), 1);
  await clock.advance(1000);
  rig.deliver('c.in');
  await until(
    async () => {
      await clock.advance(20);
      return (await rig.state('c.in')) === 'ready';
    },
    { what: 'c.in to be ready' },
  );
  assert.equal(asked(), 2);
  assert.equal(await rig.state('b.in'), 'waiting gate');
  await running.stop();
});
