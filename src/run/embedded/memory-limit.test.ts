import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestService } from '../../../test/rig/embedded.ts';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { createHurriedClock } from '../../../test/rig/hurried-clock.ts';
import { isAlive } from '../../../test/rig/vahti.ts';
import { until } from '../../../test/rig/wait.ts';
import { guardMemory, type MemoryLimits } from './memory-limit.ts';

const MIB = 1_048_576;

function setUp(limits: MemoryLimits) {
  const clock = createFakeClock();
  const said: string[] = [];
  const sees = { mib: 10 as number | undefined, looks: 0 };
  const guard = guardMemory({
    limits,
    clock,
    measure: () => {
      sees.looks++;
      return Promise.resolve(sees.mib === undefined ? undefined : sees.mib * MIB);
    },
    onSoft: (reason) => said.push(reason),
    onHard: (reason) => said.push(reason),
  });
  return { clock, said, sees, guard };
}

test('it is looked at every 5 s, and every second above 80 % of the soft limit', async () => {
  const { clock, sees, guard } = setUp({ softBytes: 100 * MIB, hardBytes: 200 * MIB });
  assert.equal(guard.figure(), null);
  await clock.advance(20_000);
  assert.equal(sees.looks, 4);
  sees.mib = 81;
  await clock.advance(5000);
  await clock.advance(5000);
  assert.equal(sees.looks, 4 + 1 + 6);
  sees.mib = 30;
  await clock.advance(1000);
  assert.deepEqual(guard.figure(), { bytes: 30 * MIB, peakBytes: 81 * MIB });
  guard.close();
  assert.equal(clock.nextTimer(), undefined);
});

test('each limit speaks once a life, with the figure', async () => {
  const { clock, said, sees } = setUp({ softBytes: 100 * MIB, hardBytes: 200 * MIB });
  sees.mib = 101;
  await clock.advance(20_000);
  assert.deepEqual(said, ['memory 101M is above the soft limit 100M']);
  sees.mib = undefined;
  await clock.advance(5000);
  sees.mib = 201;
  await clock.advance(20_000);
  assert.deepEqual(said.slice(1), ['memory 201M is above the hard limit 200M']);
  assert.equal(clock.nextTimer(), undefined);
});

test('what is seen of a life that is over counts no more', async () => {
  const clock = createFakeClock();
  const seen = Promise.withResolvers<number>();
  const said: string[] = [];
  const guard = guardMemory({
    limits: { hardBytes: MIB },
    clock,
    measure: () => seen.promise,
    onSoft: (reason) => said.push(reason),
    onHard: (reason) => said.push(reason),
  });
  await clock.advance(5000);
  guard.close();
  seen.resolve(1000 * MIB);
  await clock.advance(60_000);
  assert.deepEqual([said, clock.nextTimer()], [[], undefined]);
});

test('above the soft limit a life ends gracefully, and the next one begins with a clean slate', async (t) => {
  const { service, rig, messages } = await createTestService(t, {
    spec: { memory: { softBytes: 160 * MIB, hardBytes: 4000 * MIB } },
    deps: { clock: createHurriedClock(20) },
  });
  service.start('person');
  const child = await rig.nextChild();
  // It may be ended before it answers.
  child.allocate(200 * MIB).catch(() => {});
  await child.gone;
  await rig.nextChild();
  assert.match(messages('action')[0] ?? '', /^restart by vahti: memory \d+M is above the soft limit 160M$/);
  assert.match(messages('exit')[0] ?? '', /^ended by SIGTERM after .*, as asked$/);
  const figure = await until(() => service.snapshot().memory, { what: 'a figure of the second life' });
  assert.ok(figure.peakBytes < 160 * MIB, `${figure.peakBytes}`);
  assert.equal(messages('action').length, 1);
});

test('above the hard limit the whole tree is killed at once, even while it stops', async (t) => {
  const { service, rig, messages, drafts } = await createTestService(t, {
    spec: { memory: { softBytes: 160 * MIB, hardBytes: 300 * MIB }, stopMs: 3_600_000 },
    deps: { clock: createHurriedClock(20) },
  });
  service.start('person');
  const child = await rig.nextChild();
  await child.ignoreTerm();
  const grandchild = await child.forkGrandchild({ setsid: true, ignoreTerm: true });
  child.allocate(200 * MIB).catch(() => {});
  await until(() => service.snapshot().state === 'stopping', { what: 'the soft limit' });
  child.allocate(200 * MIB).catch(() => {});
  await child.gone;
  await rig.nextChild();
  assert.equal(isAlive(grandchild), false);
  assert.match(messages('action')[1] ?? '', /^kill by vahti: memory \d+M is above the hard limit 300M$/);
  const exit = drafts.find(({ kind }) => kind === 'exit');
  assert.match(
    exit?.message ?? '',
    /^ended by SIGKILL after [\d.]+m?s; memory \d+M is above the hard limit 300M$/,
  );
  assert.match(service.snapshot().lastExit?.message ?? '', /above the hard limit/);
});
