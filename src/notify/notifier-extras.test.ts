import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FarSide } from '../../test/rig/far-side.ts';
import { openRig, type Rig, type RigOptions } from '../../test/rig/notifying.ts';
import type { JobReport } from './job-report.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

async function using(options: RigOptions, work: (rig: Rig, ops: FarSide) => Promise<void>): Promise<void> {
  const rig = openRig(options);
  try {
    await rig.clock.advance(0);
    await work(rig, rig.sides['ops'] as FarSide);
  } finally {
    for (const side of Object.values(rig.sides)) side.mood = 'yes';
    await rig.close();
  }
}

const report = (more: Partial<JobReport> = {}): JobReport => ({
  name: 'backup',
  run: '7',
  outcome: 'failed',
  level: 17,
  since: 1000,
  until: 13_000,
  reason: 'exit code 3',
  output: ['sending incremental file list', 'rsync: connection unexpectedly closed'],
  channels: ['ops'],
  ...more,
});

test('a job tells how it went and what it printed, each run once, whatever is killed', async () => {
  await using({}, async ({ clock, notifier, kill, start }, ops) => {
    notifier.tellJob(report());
    kill();
    await clock.advance(MINUTE);
    start();
    await clock.advance(0);
    assert.equal(ops.taken.length, 1);
    const [{ notice } = { notice: undefined }] = ops.taken;
    assert.equal(notice?.title, 'job backup failed on box1 after 12s: exit code 3');
    assert.deepEqual(notice?.lines, report().output);
    assert.deepEqual(
      [notice?.event, notice?.items[0]?.service, notice?.items[0]?.state],
      ['job', 'job/backup', 'failed'],
    );
  });
  await using({ channels: { ops: {}, phone: {} } }, async ({ clock, notifier, sides }) => {
    notifier.tellJob(report({ channels: ['ops', 'phone'] }));
    notifier.tellJob(report({ channels: ['ops', 'phone'] }));
    notifier.tellJob(report({ run: '8', outcome: 'ok', reason: '' }));
    await clock.advance(SECOND);
    notifier.tellJob(report({ channels: ['ops', 'phone'] }));
    await clock.advance(SECOND);
    assert.deepEqual([sides['ops']?.tries.length, sides['phone']?.tries.length], [2, 1]);
  });
});

test('of a long output the beginning and the end are told', async () => {
  await using({}, async ({ clock, notifier }, ops) => {
    notifier.tellJob(report({ output: Array.from({ length: 1000 }, (_, index) => `line ${index}`) }));
    await clock.advance(SECOND);
    const lines = ops.taken[0]?.notice.lines ?? [];
    assert.equal(lines.length, 251);
    assert.deepEqual([lines[0], lines[50], lines[250]], ['line 0', '… 750 lines left out …', 'line 999']);
  });
});

test('a test is one try, in turn with the others, and nothing is kept of it', async () => {
  await using({}, async ({ clock, notifier, flip }, ops) => {
    const { signal } = new AbortController();
    assert.deepEqual(await notifier.test('phone', signal), {
      ok: false,
      error: 'cannot test phone: there is no such channel',
    });
    assert.deepEqual(await notifier.test('ops', signal), {
      ok: true,
      value: `took ${ops.taken[0]?.notice.id}`,
    });
    assert.equal(ops.taken[0]?.notice.title, 'test of the channel ops on box1');
    ops.mood = 'slow';
    flip('web', 'alive', 'bad');
    await clock.advance(11 * SECOND);
    const tested = notifier.test('ops', signal);
    await clock.advance(HOUR);
    assert.equal((await tested).ok, true);
    assert.equal(ops.most, 1);
    ops.mood = 'no';
    assert.deepEqual(await notifier.test('ops', signal), { ok: false, error: 'cannot deliver: refused' });
    assert.deepEqual(notifier.view({ pending: true }).messages, []);
    assert.equal(new Set(ops.tries.map(({ notice }) => notice.id)).size, ops.tries.length);
  });
});

test('after a reload, a restart or a test that got through what failed is tried at once, but for a pause that was asked for', async () => {
  await using({}, async ({ clock, flip, specs, stop, start, running }, ops) => {
    const again = async (what: () => unknown): Promise<number> => {
      const before = ops.tries.length;
      await what();
      await clock.advance(SECOND);
      return ops.tries.length - before;
    };
    const reload = (): void => {
      const [name = '', spec] = [...specs][0] ?? [];
      if (spec !== undefined) running().apply({ channels: new Map([[name, { ...spec }]]) });
    };
    ops.mood = 'never';
    flip('web', 'alive', 'bad');
    await clock.advance(MINUTE);
    assert.equal(await again(reload), 1);
    ops.mood = 'no';
    await clock.advance(2 * HOUR);
    assert.equal(await again(reload), 1);
    assert.equal(
      await again(async () => {
        await stop();
        start();
      }),
      1,
    );
    const { signal } = new AbortController();
    assert.equal(await again(() => running().test('ops', signal)), 1);
    ops.mood = 'busy';
    assert.equal(await again(reload), 1);
    assert.equal(await again(reload), 0);
    ops.mood = 'yes';
    assert.equal(await again(() => running().test('ops', signal)), 1);
    await clock.advance(2 * MINUTE);
    assert.equal(running().view({ pending: true }).messages.length, 0);
  });
  await using({}, async ({ clock, flip, notifier }, ops) => {
    ops.mood = 'never';
    flip('web', 'alive', 'bad');
    await clock.advance(MINUTE);
    ops.mood = 'yes';
    await notifier.test('ops', new AbortController().signal);
    await clock.advance(SECOND);
    assert.deepEqual(notifier.view({ pending: true }).messages, []);
  });
});

test('a person can give up a message that waits, once', async () => {
  await using({}, async ({ clock, notifier, flip, told }, ops) => {
    ops.mood = 'never';
    flip('web', 'alive', 'bad');
    await clock.advance(MINUTE);
    const id = notifier.view({ pending: true }).messages[0]?.id ?? '';
    assert.equal(notifier.drop(id, 'ada'), true);
    assert.equal(notifier.drop(id, 'ada'), false);
    assert.equal(notifier.drop('x', 'ada'), false);
    ops.mood = 'yes';
    await clock.advance(2 * HOUR);
    assert.equal(ops.tries.length, 1);
    assert.equal(notifier.view().messages[0]?.state, 'dropped');
    assert.match(told.at(-1)?.message ?? '', /^given up by ada: the message to ops: web is bad on box1/);
  });
  await using({}, async ({ clock, notifier, flip }, ops) => {
    ops.mood = 'hang';
    flip('web', 'alive', 'bad');
    await clock.advance(15 * SECOND);
    assert.equal(notifier.drop(notifier.view({ pending: true }).messages[0]?.id ?? '', 'ada'), true);
    await clock.advance(2 * HOUR);
    assert.equal(ops.tries.length, 1, 'it is given up though it was just tried');
  });
});

test('a reload takes channels away and brings them back; what waits for one that is gone stays in sight', async () => {
  await using({}, async ({ clock, notifier, flip, messages, specs }, ops) => {
    ops.mood = 'hang';
    flip('web', 'alive', 'bad');
    await clock.advance(15 * SECOND);
    notifier.apply({ channels: new Map() });
    ops.mood = 'yes';
    flip('web', 'alive', 'ok');
    flip('dns', 'alive', 'bad');
    await clock.advance(HOUR);
    assert.deepEqual(messages('ops'), []);
    const { channels, messages: waiting } = notifier.view({ pending: true });
    assert.deepEqual(
      channels.map(({ name, configured, pending }) => [name, configured, pending]),
      [['ops', false, 1]],
    );
    assert.equal(waiting.length, 1);
    notifier.apply({ channels: new Map(specs) });
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), [
      'outage: web alive bad',
      'recovery: web alive bad for 15s',
      'outage: dns alive bad',
    ]);
    assert.equal(ops.most, 1);
  });
});

test('who hears of what is asked anew each time', async () => {
  await using({ channels: { ops: {}, phone: {} } }, async ({ clock, flip, messages, world }) => {
    world.policyOf = (service) => ({ channels: service === 'web' ? ['phone'] : [], tells: 'flip' });
    flip('web', 'alive', 'bad');
    flip('dns', 'alive', 'bad');
    await clock.advance(MINUTE);
    world.policyOf = () => ({ channels: [], tells: 'flip' });
    flip('web', 'alive', 'ok');
    flip('dns', 'alive', 'ok');
    await clock.advance(MINUTE);
    assert.deepEqual(messages('ops'), []);
    assert.deepEqual(messages('phone'), ['outage: web alive bad', 'recovery: web alive bad for 60s']);
  });
});
