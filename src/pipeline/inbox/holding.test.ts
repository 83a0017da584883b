import assert from 'node:assert/strict';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { inboxRig } from '../../../test/rig/inbox.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';

test('a file with a marker waits for it, and goes on at once when it comes', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { match: '**', marker: '{name}.ok', settle: '1h' });
  const running = rig.start();
  await running.quiet();
  rig.deliver('deep/x.in');
  await rig.until('deep/x.in', 'waiting marker');
  writeFileSync(join(rig.root, 'deep/x.in.ok'), '');
  await rig.until('deep/x.in', 'ready');
  // Both, the marker first: as a copy of the whole folder has them.
  writeFileSync(join(rig.root, 'y.in.ok'), '');
  rig.write('y.in', 'y');
  await rig.until('y.in', 'ready');
  // The marker is still there from the last time: other content has to settle.
  rig.write('y.in', 'more');
  await running.quiet();
  await running.stop();
  assert.deepEqual(await rig.tasks(), ['deep/x.in', 'y.in']);
});

test('the marker may be named by the stem; without it files wait over a restart', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { match: '**/*.xml', marker: '{stem}.done' });
  rig.deliver('a.xml');
  for (let starts = 0; starts < 2; starts++) {
    const running = rig.start();
    await running.inbox.look();
    assert.equal(await rig.state('a.xml'), 'waiting marker');
    await running.stop();
  }
  writeFileSync(join(rig.root, 'a.done'), '');
  const running = rig.start();
  await running.inbox.look();
  assert.equal(await rig.state('a.xml'), 'ready');
  await running.stop();
});

const GROUP = { key: '{request}.{part}.in', count: 3, timeout: '1h' };

test('members of a group wait for each other, and are one input', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { group: GROUP });
  let running = rig.start();
  await running.quiet();
  for (const name of ['r1.a.in', 'r2.a.in', 'r1.b.in', 'other.in']) rig.deliver(name);
  await rig.until('r1.b.in', 'waiting group');
  await rig.until('other.in', 'ignored no member of a group: its name does not fit {request}.{part}.in');
  assert.deepEqual(await rig.tasks(), []);
  await running.stop();
  running = rig.start();
  // The same part from elsewhere makes nothing complete.
  rig.deliver('again/r1.b.in');
  await rig.until('again/r1.b.in', 'waiting group');
  assert.deepEqual(await rig.tasks(), []);
  rig.deliver('r1.c.in');
  await rig.until('r1.c.in', 'ready');
  await running.stop();
  assert.deepEqual(await rig.tasks(), ['r1.a.in+r1.b.in+again/r1.b.in+r1.c.in']);
});

test('a member that is written to while it waits for the others has to settle anew', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { group: { ...GROUP, count: 2 } });
  const running = rig.start({ clock });
  await running.quiet();
  rig.deliver('r1.a.in');
  await rig.until('r1.a.in', 'waiting group');
  rig.write('r1.a.in', ', half of it');
  await rig.until('r1.a.in', 'settling');
  rig.deliver('r1.b.in');
  await rig.until('r1.b.in', 'waiting group');
  assert.deepEqual(await rig.tasks(), []);
  await clock.advance(100);
  await rig.until('r1.a.in', 'ready');
  await running.stop();
  assert.deepEqual(await rig.tasks(), ['r1.a.in+r1.b.in']);
});

for (const [partial, state, tasks] of [
  ['fail', 'failed only 2 of 3 members of r1 came in time', []],
  ['go', 'ready', ['r1.a.in+r1.b.in']],
] as const)
  test(`a group that stays incomplete: ${partial}`, async (t) => {
    leakCheck(t);
    const clock = createFakeClock();
    const rig = inboxRig(t, { group: { ...GROUP, partial } });
    let running = rig.start({ clock });
    await running.quiet();
    rig.deliver('r1.a.in');
    await rig.until('r1.a.in', 'waiting group');
    await clock.advance(1_800_000);
    rig.deliver('r1.b.in');
    await rig.until('r1.b.in', 'waiting group');
    // How long it has waited is kept over a restart.
    await running.stop();
    running = rig.start({ clock });
    await running.quiet();
    await clock.advance(1_790_000);
    await running.quiet();
    assert.equal(await rig.state('r1.a.in'), 'waiting group');
    await clock.advance(10_100);
    await rig.until('r1.a.in', state);
    await rig.until('r1.b.in', state);
    await running.stop();
    assert.deepEqual(await rig.tasks(), tasks);
  });

test('a gate holds files until its command says so', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, {
    gate: { run: ['sh', '-c', 'echo "$1" >> asked; test -e "$2"', 'sh', '{in}', 'open'], every: '50ms' },
  });
  const running = rig.start();
  await running.quiet();
  rig.deliver('x.in');
  await rig.until('x.in', 'waiting gate');
  const file = await rig.file('x.in');
  assert.ok((file?.settledAt ?? 0) > 0);
  // In the folder of the config.
  await until(() => existsSync(join(rig.root, '..', 'asked')), { what: 'the gate to be asked' });
  writeFileSync(join(rig.root, '..', 'open'), '');
  await rig.until('x.in', 'ready');
  await running.stop();
  assert.deepEqual(await rig.tasks(), ['x.in']);
});

test('a gate that hangs, or cannot be run, holds files and says so; one that does not name them is asked once', async (t) => {
  leakCheck(t);
  const hung = inboxRig(t, { gate: { run: ['sleep', '60'], timeout: '100ms' } });
  const first = hung.start();
  await first.quiet();
  hung.deliver('x.in');
  await until(() => hung.said.length > 0, { what: 'the timeout' });
  assert.deepEqual(hung.said, ['the gate sleep gave no answer: timed out after 100ms']);
  assert.equal(await hung.state('x.in'), 'waiting gate');
  await first.stop();

  const missing = inboxRig(t, { gate: { run: ['/no/such/gate'] } });
  const second = missing.start();
  for (let at = 0; at < 20; at++) missing.deliver(`${at}.in`);
  await second.inbox.look();
  assert.equal(missing.said.length, 1);
  assert.match(missing.said[0] ?? '', /^cannot ask the gate \/no\/such\/gate: cannot (?:run|start)/);
  await second.stop();
});

test('an inbox ends at once while its gate is asked, and leaves no process', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, {
    gate: { run: ['sh', '-c', 'touch began; sleep 60 & sleep 60'], timeout: '1h' },
  });
  const running = rig.start();
  await running.quiet();
  rig.deliver('x.in');
  const began = join(rig.root, '..', 'began');
  await until(() => existsSync(began), { what: 'the gate' });
  await running.stop();
});

test('a reference inbox wakes what was deferred, and makes no task', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { reference: true });
  let woken = 0;
  const running = rig.start({
    around: (intake) => ({
      ...intake,
      async arrive(inbox, files) {
        woken += files.length;
        return intake.arrive(inbox, files);
      },
    }),
  });
  await running.quiet();
  rig.deliver('kernel.in');
  await until(() => woken === 1, { what: 'the wake-up' });
  await running.stop();
  assert.deepEqual(await rig.tasks(), []);
});

test('`start: new` leaves out what was there before, even where the first look was cut short', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { start: 'new' });
  for (let at = 0; at < 300; at++) rig.deliver(`old-${at}.in`);
  let calls = 0;
  let running = rig.start({
    around: (intake) => ({
      ...intake,
      async sight(inbox, sightings) {
        if (calls++ === 2) throw new Error('killed');
        return intake.sight(inbox, sightings);
      },
    }),
  });
  await assert.rejects(running.ended, /killed/);
  running = rig.start();
  await running.inbox.look();
  assert.equal(await rig.state('old-0.in'), 'done there before the start');
  await running.stop();
  // What comes while nobody runs is new.
  rig.deliver('new.in');
  running = rig.start();
  await running.inbox.look();
  await running.stop();
  assert.deepEqual(await rig.tasks(), ['new.in']);
});

test('`start: new` in an empty folder: the first file is taken', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { start: 'new' });
  let running = rig.start();
  await running.inbox.look();
  await running.stop();
  rig.deliver('x.in');
  running = rig.start();
  await running.inbox.look();
  await running.stop();
  assert.deepEqual(await rig.tasks(), ['x.in']);
});

test('a file that goes before it was taken is gone, and comes as a new one', async (t) => {
  leakCheck(t);
  const clock = createFakeClock();
  const rig = inboxRig(t, { delay: '1h' });
  const running = rig.start({ clock });
  await running.quiet();
  rig.deliver('x.in');
  await rig.until('x.in', 'waiting delay');
  rmSync(join(rig.root, 'x.in'));
  await rig.until('x.in', 'gone delay');
  rig.deliver('x.in', 'again');
  await rig.until('x.in', 'waiting delay');
  assert.equal((await rig.file('x.in'))?.rev, 1);
  await running.stop();
});

test('what has failed and is removed is gone, over a restart too; what was ignored is remembered', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, {
    'on-same-name': 'error',
    ignore: 'unmeant*',
    group: { key: '{g}.{part}.in', count: 2 },
  });
  let running = rig.start();
  for (const name of ['g.1.in', 'g.2.in', 'ignored.in']) rig.deliver(name);
  await running.inbox.look();
  rig.deliver('g.1.in', 'other content');
  await running.inbox.look();
  assert.match((await rig.state('g.1.in')) ?? '', /^failed/);
  await running.stop();
  for (const name of ['g.1.in', 'g.2.in', 'ignored.in']) rmSync(join(rig.root, name));
  running = rig.start();
  await running.inbox.look();
  await running.stop();
  const states = await Promise.all(
    ['g.1.in', 'g.2.in', 'ignored.in'].map(async (name) => (await rig.file(name))?.state),
  );
  assert.deepEqual(states, ['gone', 'ready', 'ignored']);
});

test('what has failed and is removed while the inbox runs is gone, and the same file is a new one', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { 'on-same-name': 'error' });
  const running = rig.start();
  await running.quiet();
  rig.deliver('x.in');
  await rig.until('x.in', 'ready');
  rig.deliver('x.in', 'other content');
  const failed = 'failed its name was there before with other content';
  await rig.until('x.in', failed);
  const path = join(rig.root, 'x.in');
  renameSync(path, `${rig.root}.x`);
  await rig.until('x.in', `gone${failed.slice('failed'.length)}`);
  renameSync(`${rig.root}.x`, path);
  await rig.until('x.in', 'ready');
  await running.stop();
  assert.deepEqual(await rig.tasks(), ['x.in', 'x.in']);
});
