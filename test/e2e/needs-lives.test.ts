import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRig } from '../rig/child.ts';
import { leakCheck } from '../rig/leaks.ts';
import { blocked, bringUp, chain, course } from '../rig/needs.ts';
import { startDaemon } from '../rig/vahti.ts';
import { within } from '../rig/wait.ts';

test('a stop goes from the dependents to what they need, each with its whole deadline', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const daemon = await startDaemon(t, chain(rig));
  await bringUp(rig);
  await daemon.waitFor('c', 'to be ready', ({ ready }) => ready === true);
  const before = await course(daemon);
  const down = await daemon.cli('down');
  assert.equal(down.code, 0);
  await within(daemon.process.ended, { what: 'the daemon to end' });
  const again = startDaemon(t, chain(rig), daemon.folder);
  await bringUp(rig);
  const next = await again;
  await next.waitFor('c', 'to be ready', ({ ready }) => ready === true);
  const { seen, last } = await course(next, before.last);
  const exits = seen.filter((each) => each.endsWith(' exit') && each !== 'other exit');
  assert.deepEqual(exits, ['c exit', 'b exit', 'a exit']);
  assert.deepEqual(
    seen.filter((each) => each.endsWith(' start') && each !== 'other start'),
    ['a start', 'b start', 'c start'],
  );
  const stop = await next.cli('stop', '--all');
  assert.deepEqual([stop.code, stop.stdout], [0, 'c stopped\nb stopped\na stopped\nother stopped\n']);
  assert.deepEqual(
    (await course(next, last)).seen.filter((each) => each.endsWith(' exit') && each !== 'other exit'),
    ['c exit', 'b exit', 'a exit'],
  );
});

test('a new life of what is needed, by a person or after kill -9, means one new life for each behind it', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const daemon = await startDaemon(t, chain(rig));
  let lives = await bringUp(rig);
  await daemon.waitFor('c', 'to be ready', ({ ready }) => ready === true);
  for (const how of ['restart', 'kill'] as const) {
    const before = await course(daemon);
    const { pid } = await daemon.service('b');
    if (how === 'kill') lives.a.signal('SIGKILL');
    else assert.equal((await daemon.cli('restart', 'a')).code, 0);
    const a = await rig.nextChild();
    assert.deepEqual(
      [a.service, (await daemon.service('b')).pid],
      ['a', pid],
      'b runs until a is ready again',
    );
    await a.print('stdout', 'up\n');
    const b = await rig.nextChild();
    assert.equal(b.service, 'b');
    await b.print('stdout', 'up\n');
    const c = await rig.nextChild();
    assert.equal(c.service, 'c');
    await c.print('stdout', 'up\n');
    await daemon.waitFor('c', 'to be ready', ({ ready, pid: now }) => ready === true && now === c.pid);
    const { seen } = await course(daemon, before.last);
    const renewal = (name: string): string[] =>
      ['action', 'exit', 'start', 'ready'].map((each) => `${name} ${each}`);
    const first = how === 'kill' ? ['a exit', 'a start', 'a ready'] : renewal('a');
    assert.deepEqual(seen, [...first, ...renewal('b'), ...renewal('c')]);
    lives = { a, b, c };
  }
  const actions = (await daemon.records('c', '--kind', 'action')).map(({ message }) => message);
  assert.deepEqual(actions, Array(2).fill('restart by vahti: b was restarted'));
  const { failures, lane } = await daemon.service('c');
  assert.deepEqual([failures, lane], [0, 'fast']);
});

test('what is stopped on purpose takes nobody with it; its dependents wait for it when they fall, and are renewed when it is back', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const daemon = await startDaemon(t, chain(rig));
  const lives = await bringUp(rig);
  assert.equal((await daemon.cli('stop', 'a')).code, 0);
  assert.equal((await daemon.service('b')).pid, lives.b.pid);
  lives.c.signal('SIGKILL');
  const c = await rig.nextChild();
  assert.deepEqual([c.service, (await daemon.service('b')).state], ['c', 'running']);
  lives.b.signal('SIGKILL');
  await blocked(daemon, 'b', 'a ready');
  assert.match((await daemon.cli('explain', 'b')).stdout, /^It needs a ready: a person stopped a since /m);
  assert.equal((await daemon.cli('start', 'a')).code, 0);
  await bringUp(rig);
});

test('a killed daemon’s successor starts in order again, and what was stopped keeps its dependents waiting', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  let daemon = await startDaemon(t, chain(rig));
  const lives = await bringUp(rig);
  await daemon.waitFor('c', 'to be ready', ({ ready }) => ready === true);
  const before = await course(daemon);
  daemon.process.kill('SIGKILL');
  await within(daemon.process.ended, { what: 'the daemon to be killed' });
  const starting = startDaemon(t, chain(rig), daemon.folder);
  starting.catch(() => {});
  await Promise.all(
    Object.values(lives).map((child) => within(child.gone, { what: `${child.service} to go` })),
  );
  await bringUp(rig);
  daemon = await starting;
  await daemon.waitFor('c', 'to be ready', ({ ready }) => ready === true);
  const { seen } = await course(daemon, before.last);
  assert.deepEqual(
    seen.filter((each) => /^[abc] (start|blocked)$/.test(each)),
    ['a start', 'b blocked', 'c blocked', 'b start', 'c start'],
  );
  assert.equal((await daemon.cli('stop', 'a')).code, 0);
  await daemon.stop();
  const third = await startDaemon(t, chain(rig), daemon.folder);
  await Promise.all([blocked(third, 'b', 'a ready'), blocked(third, 'c', 'b ready')]);
  assert.equal((await third.service('a')).wanted, false);
});
