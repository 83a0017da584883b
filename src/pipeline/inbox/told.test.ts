import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { inboxRig } from '../../../test/rig/inbox.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';
import { type Folders, realFolders } from './folders.ts';

/** An inbox that knows x.in, is told of files by the test alone, and does not get an answer about held.in yet. */
async function heldInbox(t: TestContext) {
  const clock = createFakeClock();
  const rig = inboxRig(t, { scan: '10s', settle: '0s' });
  rig.deliver('x.in');
  const held = Promise.withResolvers<void>();
  const scene = { isAsked: false, tell: (_kind: string, _name: string): void => {} };
  const folders: Pick<Folders, 'watch' | 'look'> = {
    watch(_, tell) {
      scene.tell = tell;
      return { close: () => {}, on: () => undefined } as unknown as ReturnType<Folders['watch']>;
    },
    async look(path) {
      if (path === join(rig.root, 'held.in')) {
        scene.isAsked = true;
        await held.promise;
      }
      return realFolders.look(path);
    },
  };
  const running = rig.start({ clock, folders });
  await running.quiet();
  await rig.until('x.in', 'ready');
  rig.deliver('x.in', 'other content');
  return { clock, rig, running, scene, release: () => held.resolve() };
}

test('a known file that was told of just before a scan of names is looked at all the same', async (t) => {
  leakCheck(t);
  const { clock, rig, running, scene, release } = await heldInbox(t);
  scene.tell('rename', 'held.in');
  await until(() => scene.isAsked, { what: 'the look that is held' });
  scene.tell('rename', 'x.in');
  await clock.advance(10_000);
  release();
  await until(async () => (await rig.file('x.in'))?.rev === 1, { what: 'the other content' });
  await running.stop();
});

test('a known file that was told of just before the disk hung is looked at when it answers', async (t) => {
  leakCheck(t);
  const { clock, rig, running, scene, release } = await heldInbox(t);
  scene.tell('rename', 'held.in');
  scene.tell('rename', 'x.in');
  await until(() => scene.isAsked, { what: 'the look that is held' });
  // The look at x.in is answered some time meanwhile: the 30 s are counted from there.
  await until(() => rig.said.length === 1 || clock.advance(1000).then(() => false), { what: 'the hang' });
  assert.deepEqual(rig.said, [`cannot look at ${rig.root}: nothing was heard of it for 30 s`]);
  release();
  await until(() => rig.said.length === 2, { what: 'the disk to answer again' });
  await clock.advance(20);
  await until(async () => (await rig.file('x.in'))?.rev === 1, { what: 'the other content' });
  await running.stop();
});
