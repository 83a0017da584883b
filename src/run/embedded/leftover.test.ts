import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createTestService } from '../../../test/rig/embedded.ts';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import type { TreeEnd } from '../../core/processes.ts';
import type { PersistedService } from '../../core/runner.ts';

const PROCESS = { pid: 7, startTicks: 1, life: 'state/svc/OLD', boot: 'this' };
const RESTORED: PersistedService = {
  wanted: true,
  done: false,
  lane: { lane: 'fast', failures: 0, starts: [] },
  dueAt: null,
  process: PROCESS,
};

/** A service behind a life that does not end before `world.end` says so. */
async function behindLeftover(t: TestContext, restored: Partial<PersistedService> = {}, told = false) {
  const clock = createFakeClock();
  const world: { end: TreeEnd; tries: number } = { end: { kind: 'stuck', pids: [7, 8] }, tries: 0 };
  const again = (): Promise<TreeEnd> => {
    world.tries += 1;
    return Promise.resolve(world.end);
  };
  const leftover = { life: PROCESS.life, process: PROCESS, pids: [7, 8], told, again };
  const made = await createTestService(t, {
    deps: { clock, leftover, restored: { ...RESTORED, ...restored } },
  });
  const release = async (): Promise<void> => {
    world.end = { kind: 'gone', killed: true };
    await clock.advance(30_000);
  };
  return { ...made, clock, world, release };
}

const STUCK = 'stuck: SIGKILL does not end processes 7, 8; nothing new starts until they are gone';

test('nothing starts before what an earlier runner left is gone; then it starts by itself', async (t) => {
  const { service, rig, messages, persisted, clock, world, release } = await behindLeftover(t);
  service.start('vahti', { patient: true });
  const { state, pid, life } = service.snapshot();
  assert.deepEqual([state, pid, life], ['stuck', 7, 'OLD']);
  assert.deepEqual(persisted.at(-1)?.process ?? PROCESS, PROCESS, 'the next daemon knows of it too');
  await clock.advance(300_000);
  assert.deepEqual([world.tries, service.snapshot().state], [10, 'stuck']);
  assert.deepEqual(messages('flip'), [STUCK], 'one message');
  await release();
  const child = await rig.nextChild();
  assert.equal(service.snapshot().pid, child.pid);
  assert.deepEqual(messages('flip'), [STUCK, 'no longer stuck: its old processes are gone']);
});

test('what was stopped on purpose, or is not started with the daemon, stays so behind what was left', async (t) => {
  const stopped = await behindLeftover(t, { wanted: false });
  stopped.service.start('vahti', { patient: true });
  await stopped.release();
  assert.deepEqual(stopped.service.snapshot().state, 'stopped');
  const unasked = await behindLeftover(t);
  await unasked.release();
  assert.deepEqual(unasked.service.snapshot().state, 'stopped');
  const done = await behindLeftover(t, { done: true });
  done.service.start('vahti', { patient: true });
  await done.release();
  assert.deepEqual(done.service.snapshot().state, 'done');
  assert.equal(
    done.messages('flip').at(-1),
    'done: its exit code means no restart; a person can start it again',
  );
});

test('a runner that goes hands on what it could not end, and that it was told', async (t) => {
  const { service, persisted, world } = await behindLeftover(t, {}, true);
  service.start('vahti', { patient: true });
  const left = await service.dispose();
  assert.deepEqual([left?.pids, left?.told, left?.process], [[7, 8], true, PROCESS]);
  assert.equal(left?.life.split('/').at(-1), 'OLD');
  assert.deepEqual(persisted.at(-1)?.process ?? PROCESS, PROCESS);
  assert.deepEqual(await left?.again(), world.end);
});
