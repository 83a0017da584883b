import assert from 'node:assert/strict';
import { rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { inboxRig } from '../../../test/rig/inbox.ts';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { type Folders, realFolders } from './folders.ts';

test('what is told before a scan is looked at, though that scan reads names alone', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { scan: '10s' });
  const slow = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const look: Folders['look'] = async (path) => {
    if (path.endsWith('slow.in')) {
      asked.resolve();
      await slow.promise;
    }
    return realFolders.look(path);
  };
  const running = rig.start({ clock, folders: { look } });
  await running.quiet();
  rig.deliver('x.in');
  await rig.until('x.in', 'ready');
  const told = Promise.withResolvers<void>();
  const watcher = watch(rig.root, (_, name) => {
    if (name === 'x.in') told.resolve();
  });
  onEnd(t, () => watcher.close());
  rig.deliver('slow.in');
  await within(asked.promise, { what: 'the look at it' });
  // While it is looked at, the other one is replaced, and the next scan comes due.
  rig.deliver('x.in', 'other content');
  await within(told.promise, { what: 'the kernel to tell of it' });
  await clock.advance(10_000);
  slow.resolve();
  await until(async () => (await rig.file('x.in'))?.rev === 1, { what: 'its new content' });
  await running.stop();
});

test('a folder that cannot be read keeps nothing else from being gone; lost+found and what is ignored are not looked into', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { delay: '1h', ignore: ['private/**', 'only/*'] });
  const looked: string[] = [];
  const closed = join(rig.root, 'closed');
  const open: Folders['open'] = (path) => {
    looked.push(path.slice(rig.root.length + 1));
    if (path === closed) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
    return realFolders.open(path);
  };
  for (const name of ['a.in', 'closed/b.in', 'lost+found/c.in', 'private/d.in', 'only/e.in', 'only/sub/f.in'])
    rig.deliver(name);
  let running = rig.start();
  await running.inbox.look();
  await rig.until('closed/b.in', 'waiting delay');
  await running.stop();
  for (const name of ['a.in', 'closed/b.in']) rmSync(join(rig.root, name));
  running = rig.start({ folders: { open } });
  await running.inbox.look();
  assert.deepEqual(
    [await rig.state('a.in'), await rig.state('closed/b.in'), await rig.state('only/sub/f.in')],
    ['gone delay', 'waiting delay', 'waiting delay'],
  );
  assert.deepEqual(
    looked.filter((name) => /lost|private/.test(name)),
    [],
  );
  await running.stop();
});

test('a file that cannot be looked at is looked at again in 5 s, and not all the time', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { settle: '1min' });
  let looks = 0;
  let isClosed = false;
  const look: Folders['look'] = (path) => {
    if (!path.endsWith('x.in')) return realFolders.look(path);
    looks += 1;
    if (isClosed) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    return realFolders.look(path);
  };
  const running = rig.start({ clock, folders: { look } });
  await running.quiet();
  rig.write('x.in', 'x');
  await rig.until('x.in', 'settling');
  isClosed = true;
  await clock.advance(60_000);
  await running.quiet();
  looks = 0;
  for (let at = 0; at < 100; at++) {
    await clock.advance(100);
    await running.quiet();
  }
  assert.ok(looks >= 1 && looks <= 3, `${looks} looks in 10 s`);
  isClosed = false;
  await clock.advance(5000);
  await until(async () => (await rig.state('x.in')) === 'ready', { what: 'x.in to be taken' });
  await running.stop();
});
