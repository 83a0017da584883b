import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test, type TestContext } from 'node:test';
import { startProcess } from '../../src/core/processes.ts';
import { createFakeClock } from './fake-clock.ts';
import { leakCheck, onEnd, tempFolder, testStateId } from './leaks.ts';
import { until, within } from './wait.ts';

/** A test's context whose end is played by hand. */
function playedTest() {
  const hooks: (() => unknown)[] = [];
  const t = { after: (hook: () => unknown) => void hooks.push(hook) } as unknown as TestContext;
  const end = async (): Promise<void> => {
    for (const hook of hooks) await hook();
  };
  return { t, end };
}

test('the fake clock runs timers in their order, and what they set off before the next one', async () => {
  const clock = createFakeClock(1000);
  const said: string[] = [];
  clock.timer(20, () => said.push(`b at ${clock.now()}`));
  clock.timer(10, () => {
    said.push(`a at ${clock.now()}`);
    void clock.sleep(5).then(() => said.push(`a2 at ${clock.now()}`));
  });
  clock.timer(20, () => said.push('c')).cancel();
  clock.timer(31, () => said.push('late'));
  await clock.advance(30);
  assert.deepEqual(said, ['a at 1010', 'a2 at 1015', 'b at 1020']);
  assert.deepEqual([clock.now(), clock.nextTimer()], [1030, 1]);
});

test('a step of the fake wall clock moves no timer', async () => {
  const clock = createFakeClock(1000);
  const before = clock.monotonic();
  const slept = clock.sleep(10);
  clock.jumpWall(-500);
  assert.deepEqual([clock.now(), clock.monotonic()], [500, before]);
  await clock.advance(10);
  assert.equal(await slept, true);
});

test('cleaning goes backwards, and goes on after an error', async () => {
  const { t, end } = playedTest();
  const said: string[] = [];
  onEnd(t, () => said.push('first'));
  onEnd(t, () => Promise.reject(new Error('broken')));
  onEnd(t, () => said.push('last'));
  await assert.rejects(end(), /broken/);
  assert.deepEqual(said, ['last', 'first']);
});

test('a temporary folder goes with its test', async () => {
  const { t, end } = playedTest();
  const folder = tempFolder(t);
  fs.writeFileSync(`${folder}/x`, 'x');
  await end();
  assert.equal(fs.existsSync(folder), false);
});

test('a child and an escapee that are left behind fail the test, and are ended', async () => {
  for (const argv of [
    ['sleep', '1000'],
    ['sh', '-c', 'setsid sleep 1000 &'],
  ]) {
    const { t, end } = playedTest();
    leakCheck(t);
    const child = startProcess({
      argv,
      env: { PATH: '/usr/bin:/bin', VAHTI_LIFE: `${testStateId}/x/y` },
      cwd: '/',
    });
    if (argv.length === 3) await child.exited;
    await assert.rejects(end(), /the test leaves behind/);
    await child.exited;
  }
});

test('an open handle that is left behind fails the test', async () => {
  const { t, end } = playedTest();
  leakCheck(t);
  const watcher = fs.watch('/tmp');
  await assert.rejects(end(), /FSEventWrap|FSEVENTWRAP/i);
  watcher.close();
});

test('a wait in vain says for what', async () => {
  await assert.rejects(
    until(() => false, { deadlineMs: 5, what: 'the moon' }),
    /waited 5 ms in vain for the moon/,
  );
  await assert.rejects(
    within(new Promise(() => {}), { deadlineMs: 5, what: 'the sun' }),
    /in vain for the sun/,
  );
  assert.equal(await until(() => 0, { what: 'a number' }), 0);
});
