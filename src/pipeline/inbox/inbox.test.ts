import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { inboxRig } from '../../../test/rig/inbox.ts';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';

const LONG_AGO = new Date('2000-01-01T00:00:00Z');

test('A1 a file that is renamed to its name is taken at once, once', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { settle: '1h' });
  const running = rig.start();
  await running.quiet();
  rig.deliver('x.in');
  await rig.until('x.in', 'ready');
  // Written, left alone for longer than a tick of the kernel's clock, and renamed over a file that is known.
  writeFileSync(join(rig.root, '.later'), 'other content');
  utimesSync(join(rig.root, '.later'), LONG_AGO, LONG_AGO);
  renameSync(join(rig.root, '.later'), join(rig.root, 'x.in'));
  await until(async () => (await rig.tasks()).length === 2, { what: 'the other content' });
  await running.stop();
  assert.deepEqual(await rig.tasks(), ['x.in', 'x.in']);
  assert.equal((await rig.file('x.in'))?.rev, 1);
});

test('A1 a file that is made in place under its name is not taken for a renamed one', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { settle: '1h' });
  const running = rig.start();
  await running.quiet();
  writeFileSync(join(rig.root, 'a.in'), 'half');
  writeFileSync(join(rig.root, 'empty.in'), '');
  // Other modes and times, as copying programs set them at any time, are no rename.
  utimesSync(join(rig.root, 'a.in'), LONG_AGO, LONG_AGO);
  // A lock that goes directly before, and was never written to.
  writeFileSync(join(rig.root, 'b.lock'), '');
  rmSync(join(rig.root, 'b.lock'));
  writeFileSync(join(rig.root, 'b.in'), 'half');
  await rig.until('b.in', 'settling');
  await running.quiet();
  assert.deepEqual(
    [await rig.state('a.in'), await rig.state('empty.in'), await rig.tasks()],
    ['settling', 'settling', []],
  );
  await running.stop();
});

test('A2 what is there before the start is found by the first scan, and not when it was taken before', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t);
  rig.deliver('b.in');
  rig.deliver('a.in');
  utimesSync(join(rig.root, 'b.in'), LONG_AGO, LONG_AGO);
  for (let starts = 0; starts < 2; starts++) {
    const running = rig.start();
    await running.inbox.look();
    await running.stop();
    assert.deepEqual(await rig.tasks(), ['b.in', 'a.in'], 'the older one first');
  }
});

test('A3 a slow writer: taken once, after two equal looks, with all of its content', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { settle: '2s' });
  const running = rig.start({ clock });
  await running.quiet();
  // In small steps: a look that comes due within one takes real time.
  const go = async (ms: number): Promise<void> => {
    for (let gone = 0; gone < ms; gone += 100) {
      await running.quiet();
      await clock.advance(100);
    }
    await running.quiet();
  };
  for (const chunk of ['one', 'two', 'three']) {
    rig.write('x.in', chunk);
    await go(1700);
    assert.equal(await rig.state('x.in'), 'settling');
  }
  await go(500);
  assert.equal(await rig.state('x.in'), 'settling');
  await go(500);
  assert.equal(await rig.state('x.in'), 'ready');
  assert.equal((await rig.file('x.in'))?.size, 'onetwothree'.length);
  await clock.advance(60_000);
  await running.stop();
  assert.deepEqual(await rig.tasks(), ['x.in']);
});

test('A4 a file that is moved in from outside of the inbox: one run', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { settle: '50ms' });
  const outside = join(rig.root, '..', 'outside');
  mkdirSync(outside);
  const running = rig.start();
  await running.quiet();
  writeFileSync(join(outside, 'x.in'), 'moved');
  utimesSync(join(outside, 'x.in'), LONG_AGO, LONG_AGO);
  renameSync(join(outside, 'x.in'), join(rig.root, 'x.in'));
  await rig.until('x.in', 'ready');
  if (existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync(rig.root).dev) {
    const far = `/dev/shm/vahti-test-${process.pid}.in`;
    onEnd(t, () => rmSync(far, { force: true }));
    writeFileSync(far, 'from another filesystem');
    execFileSync('mv', [far, join(rig.root, 'y.in')]);
    await rig.until('y.in', 'ready');
  }
  await running.inbox.look();
  await running.stop();
  assert.deepEqual(new Set(await rig.tasks()).size, (await rig.tasks()).length);
});

test('A5 folders in folders, made, moved in or there before: the same live and after a restart', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t);
  let running = rig.start();
  await running.quiet();
  rig.deliver('made/deep/a.in');
  const outside = join(rig.root, '..', 'outside');
  mkdirSync(join(outside, 'deep'), { recursive: true });
  writeFileSync(join(outside, 'deep', 'b.in'), 'b');
  renameSync(outside, join(rig.root, 'moved'));
  await rig.until('made/deep/a.in', 'ready');
  await rig.until('moved/deep/b.in', 'ready');
  // Live in a folder that was not there at the start.
  rig.deliver('moved/deep/c.in');
  await rig.until('moved/deep/c.in', 'ready');
  await running.stop();
  rig.deliver('moved/deep/d.in');
  running = rig.start();
  await running.inbox.look();
  await running.stop();
  assert.deepEqual((await rig.tasks()).toSorted(), [
    'made/deep/a.in',
    'moved/deep/b.in',
    'moved/deep/c.in',
    'moved/deep/d.in',
  ]);
});

test('A6 other names, and those of programs that have not finished, are never taken', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { match: ['**/*.in*', 'only/*'], ignore: ['old/**'] });
  const running = rig.start();
  await running.quiet();
  const never = [
    '.x.in.AbC123',
    '.~tmp~/x.in',
    'lost+found/x.in',
    '.nfs0001.in',
    'x.in.part',
    'x.in.filepart',
    'x.txt',
    'old/x.in',
  ];
  for (const name of [...never, 'a.part/x.in', 'only/deep/x.txt', 'x.in', 'only/x.txt']) {
    mkdirSync(join(rig.root, name, '..'), { recursive: true });
    writeFileSync(join(rig.root, name), name);
  }
  await running.inbox.look();
  await running.stop();
  assert.deepEqual((await rig.tasks()).toSorted(), ['only/x.txt', 'x.in']);
  assert.equal(await rig.state('x.txt'), undefined);
});

for (const [policy, states] of [
  ['rerun', ['ready', 'ready']],
  ['ignore', ['ready', 'ignored its name was there before with other content']],
  ['error', ['ready', 'failed its name was there before with other content']],
] as const)
  test(`A7 a name that comes again: unchanged nothing, with other content ${policy}`, async (t) => {
    leakCheck(t);
    const rig = inboxRig(t, { 'on-same-name': policy });
    const running = rig.start();
    writeFileSync(join(rig.root, 'x.in'), 'first');
    utimesSync(join(rig.root, 'x.in'), LONG_AGO, LONG_AGO);
    await running.inbox.look();
    assert.equal(await rig.state('x.in'), states[0]);
    // As rsync and cp -p deliver it again.
    for (const path of ['x.in.tmp', 'x.in']) {
      writeFileSync(join(rig.root, path), 'first');
      utimesSync(join(rig.root, path), LONG_AGO, LONG_AGO);
    }
    renameSync(join(rig.root, 'x.in.tmp'), join(rig.root, 'x.in'));
    await running.inbox.look();
    assert.equal((await rig.file('x.in'))?.rev, 0);
    rig.deliver('x.in', 'second');
    await running.inbox.look();
    assert.equal(await rig.state('x.in'), states[1]);
    const second = await rig.file('x.in');
    assert.equal(second?.rev, 1);
    await running.inbox.look();
    assert.equal((await rig.file('x.in'))?.id, second?.id, 'it is said once');
    await running.stop();
    assert.equal((await rig.tasks()).length, policy === 'rerun' ? 2 : 1);
  });

test('A7 with a checksum, the same content under another mtime is nothing new', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { hash: true });
  let running = rig.start();
  rig.deliver('x.in', 'content');
  await running.inbox.look();
  assert.equal(await rig.state('x.in'), 'ready');
  assert.match((await rig.file('x.in'))?.sha256 ?? '', /^[0-9a-f]{64}$/);
  for (let again = 0; again < 2; again++) {
    utimesSync(join(rig.root, 'x.in'), LONG_AGO, new Date(LONG_AGO.getTime() + again * 1000));
    await running.inbox.look();
    await running.stop();
    running = rig.start();
    await running.inbox.look();
  }
  assert.deepEqual([(await rig.file('x.in'))?.rev, await rig.tasks()], [0, ['x.in']]);
  rig.deliver('x.in', 'CONTENT');
  await running.inbox.look();
  await running.stop();
  assert.deepEqual([(await rig.file('x.in'))?.rev, await rig.tasks()], [1, ['x.in', 'x.in']]);
});

test('A8 an old mtime is no reason to leave a file out', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t);
  const running = rig.start();
  await running.inbox.look();
  rig.deliver('new.in');
  await rig.until('new.in', 'ready');
  writeFileSync(join(rig.root, 'old.in'), 'old');
  utimesSync(join(rig.root, 'old.in'), LONG_AGO, LONG_AGO);
  await rig.until('old.in', 'ready');
  await running.stop();
});

test('A11 a file goes on when `delay` is over since it came, whatever its mtime, over restarts', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { delay: '2m' });
  let running = rig.start({ clock });
  await running.quiet();
  writeFileSync(join(rig.root, '.x'), 'x');
  utimesSync(join(rig.root, '.x'), LONG_AGO, LONG_AGO);
  renameSync(join(rig.root, '.x'), join(rig.root, 'x.in'));
  await rig.until('x.in', 'waiting delay');
  assert.equal((await rig.file('x.in'))?.due, clock.now() + 120_000);
  await clock.advance(60_000);
  await running.stop();
  // A wall clock that goes back a year makes nobody wait longer than the delay.
  await clock.advance(30_000);
  running = rig.start({ clock });
  await running.quiet();
  await clock.advance(29_000);
  await running.quiet();
  assert.equal(await rig.state('x.in'), 'waiting delay');
  await clock.advance(1100);
  await running.quiet();
  assert.equal(await rig.state('x.in'), 'ready');
  rig.deliver('y.in');
  await rig.until('y.in', 'waiting delay');
  clock.jumpWall(-365 * 86_400_000);
  await running.stop();
  running = rig.start({ clock });
  await running.quiet();
  await clock.advance(120_100);
  await running.quiet();
  assert.equal(await rig.state('y.in'), 'ready');
  await running.stop();
});
