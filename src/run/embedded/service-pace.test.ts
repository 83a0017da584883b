import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestService } from '../../../test/rig/embedded.ts';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import type { PersistedService } from '../../core/runner.ts';

test('a program that is not there is told, and tried again ever more slowly', async (t) => {
  const clock = createFakeClock();
  const { service, messages, reaches } = await createTestService(t, {
    spec: { argv: ['no-such-program'] },
    deps: { clock },
  });
  service.start('vahti');
  await reaches('waiting');
  assert.deepEqual(messages('exit'), Array(4).fill('cannot start "no-such-program": no such program'));
  assert.deepEqual(messages('start'), []);
  assert.equal(service.snapshot().lane, 'backoff');
});

test('a crash loop gets 12 starts, then the slow lane for ever, and a person starts it at once', async (t) => {
  const clock = createFakeClock();
  const { service, messages, reaches, persisted } = await createTestService(t, {
    spec: { argv: ['sh', '-c', 'echo dead; exit 1'] },
    deps: { clock },
  });
  const begun = clock.now();
  service.start('vahti');
  for (await reaches('waiting'); service.snapshot().lane !== 'slow'; await reaches('waiting')) {
    await clock.advance((service.snapshot().nextStartAt ?? 0) - clock.now());
  }
  const due = service.snapshot().nextStartAt ?? 0;
  assert.equal(messages('start').length, 12);
  assert.ok(due - begun > 15 * 60_000 && due - begun < 20 * 60_000);
  const flips = messages('flip');
  assert.equal(flips.length, 2);
  assert.match(flips[0] ?? '', /^backoff lane: 4 failures in a row; next try at 2026-11-22T00:00:01/);
  assert.equal(flips[1], `slow lane: 12 starts in 10 minutes; next try at ${new Date(due).toISOString()}`);
  assert.equal(persisted.at(-1)?.dueAt, due);
  for (let hours = 0; hours < 3; hours++) {
    await clock.advance(900_000);
    await reaches('waiting');
    assert.equal(messages('start').length, 13 + hours);
  }
  assert.equal(messages('flip').length, 2);
  service.start('person');
  await reaches('waiting');
  assert.equal(service.snapshot().lane, 'backoff');
  assert.deepEqual(messages('flip').slice(2, 3), ['fast lane again']);
});

test('steps of the wall clock change no wait and no tally', async (t) => {
  const clock = createFakeClock();
  const { service, messages, reaches } = await createTestService(t, {
    spec: { argv: ['sh', '-c', 'exit 1'] },
    deps: { clock },
  });
  service.start('vahti');
  await reaches('waiting');
  for (let steps = 0; service.snapshot().lane !== 'slow'; steps++) {
    clock.jumpWall(steps % 2 === 0 ? 7_200_000 : -7_300_000);
    const waitMs = (service.snapshot().nextStartAt ?? 0) - clock.now();
    assert.equal(Math.round(waitMs), Math.round(clock.nextTimer() ?? 0));
    await clock.advance(waitMs);
    await reaches('waiting');
  }
  assert.equal(messages('start').length, 12);
});

test('lane, stop and due time outlive the daemon', async (t) => {
  const clock = createFakeClock();
  const lane = { lane: 'slow', failures: 12, starts: [] } as const;
  const restored: PersistedService = {
    wanted: true,
    done: false,
    lane,
    dueAt: clock.now() + 60_000,
    process: null,
  };
  const { service, rig } = await createTestService(t, { deps: { clock, restored } });
  service.start('vahti');
  assert.deepEqual(
    [service.snapshot().state, service.snapshot().nextStartAt],
    ['waiting', clock.now() + 60_000],
  );
  await clock.advance(60_000);
  await rig.nextChild();
  assert.equal(service.snapshot().lane, 'slow');
  await clock.advance(600_000);
  assert.equal(service.snapshot().lane, 'fast');
});

test('a service that was stopped on purpose stays stopped under the next daemon, until a boot', async (t) => {
  const restored: PersistedService = {
    wanted: false,
    done: false,
    lane: { lane: 'fast', failures: 0, starts: [] },
    dueAt: null,
    process: null,
  };
  const { service, rig } = await createTestService(t, { deps: { restored } });
  service.start('vahti');
  assert.equal(service.snapshot().state, 'stopped');
  service.start('boot');
  await rig.nextChild();
});

test('an exit code of no-restart-on is the end, also for the next daemon', async (t) => {
  const { service, rig, messages, reaches, persisted } = await createTestService(t, {
    spec: { restart: { noRestartOn: [78] } },
  });
  service.start('person');
  (await rig.nextChild()).exit(78);
  await reaches('done');
  assert.equal(persisted.at(-1)?.done, true);
  assert.deepEqual(messages('flip'), ['done: exit code 78 means no restart; a person can start it again']);
  service.start('person');
  await rig.nextChild();
  assert.equal(persisted.at(-1)?.done, false);
});

test('a change of lane is told, also when the daemon is about to end', async (t) => {
  const { service, rig, messages, reaches, persisted } = await createTestService(t, {
    spec: { restart: { fast: 0 } },
  });
  service.start('vahti');
  const child = await rig.nextChild();
  service.retire();
  child.exit(1);
  await reaches('stopped');
  assert.equal(persisted.at(-1)?.lane.lane, 'backoff');
  assert.match(messages('flip')[0] ?? '', /^backoff lane: 1 failures in a row; next try at /);
});
