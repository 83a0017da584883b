import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { inboxRig } from '../../../test/rig/inbox.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';
import { type Folders, realFolders } from './folders.ts';
import { createTroubles } from './troubles.ts';

const HOUR_MS = 3_600_000;

/** Folders in which some paths cannot be looked at, or opened, while `isBroken`. */
function brokenFolders(code: string, isIt: (path: string) => boolean) {
  const scene = { isBroken: false };
  const reject = () => Promise.reject(Object.assign(new Error(code), { code }));
  const folders: Pick<Folders, 'look' | 'open'> = {
    look: (path) => (scene.isBroken && isIt(path) ? reject() : realFolders.look(path)),
    open: (path) => (scene.isBroken && isIt(path) ? reject() : realFolders.open(path)),
  };
  return { scene, folders };
}

test('a file that comes due and cannot be looked at is asked for again after seconds, not at once', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { delay: '1m' });
  const { scene, folders } = brokenFolders('EIO', (path) => path.endsWith('x.in'));
  const running = rig.start({ clock, folders });
  await running.quiet();
  rig.deliver('x.in');
  await rig.until('x.in', 'waiting delay');
  scene.isBroken = true;
  await clock.advance(60_000);
  await until(() => rig.said.length === 1, { what: 'the trouble' });
  await running.quiet();
  assert.ok((clock.nextTimer() ?? 0) > 1000, `it is asked for again after ${clock.nextTimer()} ms`);
  scene.isBroken = false;
  await clock.advance(5000);
  await rig.until('x.in', 'ready');
  await running.stop();
});

for (const what of ['link', 'folder'] as const)
  test(`a file that waits and becomes a ${what} is gone`, async (t) => {
    leakCheck(t);
    const clock = createFakeClock();
    const rig = inboxRig(t, { delay: '1h' });
    const running = rig.start({ clock });
    await running.quiet();
    rig.deliver('x.in');
    await rig.until('x.in', 'waiting delay');
    const path = join(rig.root, 'x.in');
    if (what === 'link') symlinkSync('nowhere', `${path}.tmp`);
    else mkdirSync(`${path}.tmp`);
    if (what === 'folder') rmSync(path);
    renameSync(`${path}.tmp`, path);
    await rig.until('x.in', 'gone delay');
    await running.stop();
  });

test('of many files that cannot be looked at a bounded number is in memory, and all go on when they can', async (t) => {
  leakCheck(t);
  const count = 5000;
  const clock = createFakeClock();
  const rig = inboxRig(t, { delay: '1h', settle: '0s', scan: '1d' });
  execFileSync('sh', ['-c', `seq -f %g.in 1 ${count} | xargs touch`], { cwd: rig.root });
  const { scene, folders } = brokenFolders('EACCES', (path) => path.endsWith('.in'));
  const running = rig.start({ clock, folders });
  await running.inbox.look();
  scene.isBroken = true;
  await clock.advance(HOUR_MS);
  for (let passes = 0; passes < 5; passes++) {
    await running.quiet();
    await clock.advance(20);
  }
  assert.ok(running.inbox.inMemory() <= 3584, `${running.inbox.inMemory()} are in memory`);
  scene.isBroken = false;
  const ready = async () => (await rig.ledger.inboxTally()).find(({ state }) => state === 'ready')?.count;
  await until(
    async () => {
      await clock.advance(1000);
      return (await ready()) === count;
    },
    { what: 'all to be ready', deadlineMs: 30_000 },
  );
  await running.stop();
});

test('a thousand kinds of trouble are said in an hour, and that there are more', () => {
  const clock = createFakeClock();
  const said: string[] = [];
  const { say } = createTroubles({ warn: (message) => void said.push(message) }, clock);
  for (let round = 0; round < 3; round++) for (let at = 0; at < 1500; at++) say(`trouble ${at}`);
  assert.equal(said.length, 1001);
  assert.equal(said.at(-1), 'more than 1000 things are wrong: others are not said here');
});

/** An inbox in which x.in has failed and was removed while nobody looked. */
async function removedFile(t: TestContext, broken: ReturnType<typeof brokenFolders>) {
  const rig = inboxRig(t, { 'on-same-name': 'error', settle: '0s' });
  const first = rig.start();
  rig.deliver('x.in');
  await first.inbox.look();
  rig.deliver('x.in', 'other content');
  await first.inbox.look();
  assert.match((await rig.state('x.in')) ?? '', /^failed/);
  await first.stop();
  rmSync(join(rig.root, 'x.in'));
  mkdirSync(join(rig.root, 'secret'));
  broken.scene.isBroken = true;
  return { rig, running: rig.start(broken) };
}

test('a folder that may not be read keeps no other file from being gone', async (t) => {
  leakCheck(t);
  const { rig, running } = await removedFile(
    t,
    brokenFolders('EACCES', (path) => path.endsWith('secret')),
  );
  await running.inbox.look();
  assert.match((await rig.state('x.in')) ?? '', /^gone/);
  await running.stop();
});

test('a lost file that could not be asked for is asked for by the next scan', async (t) => {
  leakCheck(t);
  const broken = brokenFolders('EIO', (path) => path.endsWith('x.in'));
  const { rig, running } = await removedFile(t, broken);
  await running.inbox.look();
  assert.match((await rig.state('x.in')) ?? '', /^failed/);
  broken.scene.isBroken = false;
  await running.inbox.look();
  assert.match((await rig.state('x.in')) ?? '', /^gone/);
  await running.stop();
});
