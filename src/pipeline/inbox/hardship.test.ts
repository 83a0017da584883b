import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { inboxRig } from '../../../test/rig/inbox.ts';
import { leakCheck, testStateId } from '../../../test/rig/leaks.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { LIFE_VARIABLE, startProcess } from '../../core/processes.ts';
import { type Folders, realFolders } from './folders.ts';

/** A kernel that tells nothing. */
const deaf: Pick<Folders, 'watch'> = {
  watch: () => ({ close: () => {}, on: () => undefined }) as unknown as ReturnType<Folders['watch']>,
};

test('A9 files that come while it starts, ends and starts again: none lost, none twice', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t);
  const count = 400;
  const script = `i=0; while [ $i -lt ${count} ]; do echo $i > .f; mv .f $i.in; i=$((i+1)); done`;
  const writer = startProcess({
    argv: ['sh', '-c', script],
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', [LIFE_VARIABLE]: `${testStateId}/writer` },
    cwd: rig.root,
  });
  const writing = { isOver: false };
  void writer.exited.then(() => (writing.isOver = true));
  let starts = 0;
  for (; !writing.isOver || starts < 2; starts++) {
    const running = rig.start();
    await until(async () => writing.isOver || (await rig.tasks()).length > starts * 20, {
      what: 'some files',
      deadlineMs: 20_000,
    });
    await running.stop();
  }
  const running = rig.start();
  await running.inbox.look();
  await running.stop();
  assert.ok(starts > 1);
  const taken = await rig.tasks();
  assert.deepEqual([taken.length, new Set(taken).size], [count, count]);
});

test('A10 the folder is replaced by another: found at once', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t);
  const running = rig.start();
  await running.quiet();
  renameSync(rig.root, `${rig.root}.old`);
  mkdirSync(rig.root);
  writeFileSync(join(rig.root, 'a.in'), 'a');
  await rig.until('a.in', 'ready');
  mkdirSync(join(rig.root, 'sub'));
  rig.deliver('sub/b.in');
  await rig.until('sub/b.in', 'ready');
  renameSync(join(rig.root, 'sub'), join(rig.root, '..', 'sub'));
  mkdirSync(join(rig.root, 'sub'));
  rig.deliver('sub/c.in');
  await rig.until('sub/c.in', 'ready');
  await running.stop();
  assert.equal((await rig.tasks()).length, 3);
});

test('A10 the folder goes and comes again: said once, and nothing is lost', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { scan: '30s' });
  rmdirSync(rig.root);
  const running = rig.start({ clock });
  for (let scans = 0; scans < 3; scans++) {
    await running.quiet();
    await clock.advance(30_000);
  }
  assert.deepEqual(rig.said, [`cannot look at ${rig.root}: it is not there`]);
  mkdirSync(rig.root);
  rig.deliver('x.in');
  // Told or found by a scan: how much of its time has passed when it is first seen is not known.
  await until(
    async () => {
      await clock.advance(30_000);
      return (await rig.state('x.in')) === 'ready';
    },
    { what: 'x.in to be ready' },
  );
  await running.stop();
});

test('A10 50,000 files of which nothing is told: the next scan finds all', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { settle: '0s' });
  const taken: number[] = [];
  const running = rig.start({
    folders: deaf,
    around: (intake) => ({
      ...intake,
      inboxFile: () => Promise.resolve(undefined),
      async arrive(_, files) {
        taken.push(...files.map(({ path }) => Number.parseInt(path, 10)));
        return [];
      },
    }),
  });
  await running.inbox.look();
  execFileSync('sh', ['-c', 'seq -f %g.in 0 49999 | xargs touch'], { cwd: rig.root });
  await running.inbox.look();
  await running.stop();
  assert.deepEqual([taken.length, new Set(taken).size], [50_000, 50_000]);
});

/** An inbox with a file that nobody told of, and what tells it of others. */
async function toldInbox(t: TestContext) {
  const rig = inboxRig(t, { settle: '1h' });
  let tell = (_kind: string, _name: string): void => {};
  const running = rig.start({
    folders: {
      watch(path, heard) {
        tell = heard;
        return deaf.watch(path, heard);
      },
    },
  });
  await running.quiet();
  writeFileSync(join(rig.root, 'untold.in'), '');
  return { rig, running, tell };
}

test('A10 more is told than can be remembered: everything is looked at', async (t) => {
  leakCheck(t);
  const { rig, running, tell } = await toldInbox(t);
  for (let at = 0; at < 10_001; at++) tell('rename', `${at}.in`);
  await rig.until('untold.in', 'settling');
  await running.stop();
});

test('A10 so much is told at once that the kernel may have lost some: everything is looked at', async (t) => {
  leakCheck(t);
  const { rig, running, tell } = await toldInbox(t);
  for (let at = 0; at < 8192; at++) tell('rename', 'x.tmp');
  tell('rename', 'x.in');
  await rig.until('untold.in', 'settling');
  await running.stop();
});

test('of a watched folder, content that changed unnoticed is found by every tenth scan; names by each', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { scan: '30s', settle: '0s' });
  const running = rig.start({ clock, folders: deaf });
  rig.deliver('x.in');
  await running.inbox.look();
  writeFileSync(join(rig.root, 'x.in'), 'other content');
  rig.deliver('y.in');
  await clock.advance(30_000);
  await rig.until('y.in', 'ready');
  await running.quiet();
  assert.equal((await rig.file('x.in'))?.rev, 0);
  for (let scans = 0; scans < 10; scans++) {
    await clock.advance(30_000);
    await running.quiet();
  }
  await until(async () => (await rig.file('x.in'))?.rev === 1, { what: 'the other content' });
  await running.stop();
});

test('a kernel without watches left is said in words, and scans go on', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { scan: '30s' });
  mkdirSync(join(rig.root, 'deep'));
  let asked = 0;
  const running = rig.start({
    clock,
    folders: {
      watch() {
        asked++;
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      },
    },
  });
  await running.quiet();
  assert.equal(asked, 1, 'it is not asked again for each folder');
  rig.deliver('deep/x.in');
  await clock.advance(30_000);
  await rig.until('deep/x.in', 'settling');
  await clock.advance(50);
  await rig.until('deep/x.in', 'ready');
  await running.stop();
  assert.deepEqual(rig.said, [
    `cannot watch ${rig.root}: all watches that fs.inotify.max_user_watches allows are in use`,
  ]);
});

test('a filesystem that hangs is said, asked nothing more, and goes on when it answers', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { settle: '0s' });
  rig.deliver('x.in');
  let asked = 0;
  let hang = Promise.withResolvers<void>();
  const folders: Pick<Folders, 'look'> = {
    async look(path) {
      asked++;
      if (path.endsWith('x.in')) await hang.promise;
      return realFolders.look(path);
    },
  };
  const running = rig.start({ clock, folders });
  const looked = assert.rejects(running.inbox.look(), /nothing was heard of it for 30 s/);
  await until(() => asked > 1, { what: 'the file to be looked at' });
  await clock.advance(30_000);
  await looked;
  assert.deepEqual(rig.said, [`cannot look at ${rig.root}: nothing was heard of it for 30 s`]);
  const before = asked;
  await clock.advance(3_600_000);
  assert.equal(asked, before);
  hang.resolve();
  await rig.until('x.in', 'ready');
  assert.equal(rig.said[1], `${rig.root} answers again`);
  // It ends while another call hangs: a second later, and what comes back then does nothing.
  hang = Promise.withResolvers();
  const again = asked;
  rig.deliver('x.in', 'other');
  await until(() => asked > again, { what: 'the file to be looked at again' });
  const ended = running.stop();
  await clock.advance(1000);
  await within(ended, { what: 'the inbox to end' });
  hang.resolve();
  assert.deepEqual(await rig.tasks(), ['x.in']);
});

test('a folder that may not be read is said, and the others are taken', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t);
  mkdirSync(join(rig.root, 'secret'));
  rig.deliver('x.in');
  const running = rig.start({
    folders: {
      open(path) {
        if (!path.endsWith('secret')) return realFolders.open(path);
        return Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' }));
      },
    },
  });
  await running.inbox.look();
  await running.inbox.look();
  assert.equal(await rig.state('x.in'), 'ready');
  assert.deepEqual(rig.said, [`cannot look at ${join(rig.root, 'secret')}: it may not be read`]);
  await running.stop();
});

test('a disk of the ledger that fails ends the inbox', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t);
  const running = rig.start({
    around: (intake) => ({
      ...intake,
      sight: () => Promise.reject(Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR' })),
    }),
  });
  await running.quiet();
  const looked = assert.rejects(running.inbox.look(), /it has ended/);
  rig.write('x.in', 'x');
  await assert.rejects(running.ended, /disk I\/O error/);
  await looked.catch(() => {});
  await assert.rejects(running.inbox.look(), /it has ended/);
});
