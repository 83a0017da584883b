import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../../../test/rig/fake-clock.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { until, within } from '../../../../test/rig/wait.ts';
import { startWatchdogHub, type TestClient } from '../../../../test/rig/watchdog-hub.ts';

/** The old service's own tests, as its clients see them: frames in the old form, lists in the answers. */

const now = (): number => Date.now() / 1000;

function entry(message: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { level: 30, time: now(), sender: 'Bridge', message, ...more };
}

test('the old service’s own tests', async (t) => {
  leakCheck(t);
  const hub = await startWatchdogHub(t);
  const watchdog = (name: string): Promise<TestClient> => hub.join(hub.agentToken(name));
  const user = (...names: string[]): Promise<TestClient> =>
    hub.join(hub.userToken('mail@uni.example', 'view', names));
  const pushed = (notifications: unknown): unknown => ({
    action: 'uploadNotifications',
    notifications,
    success: true,
  });

  await t.test(
    'AC-01: 20 users and 20 watchdogs are let in, each ping is answered, each closes',
    async () => {
      const joined = Array.from({ length: 20 }, (_, index) => [
        watchdog(`w01-${index}`),
        user(`w01-${index}`),
      ]).flat();
      const clients = await Promise.all(joined);
      assert.equal(hub.sockets.count(), 40);
      const answers = await Promise.all(clients.map((client) => client.ask({ action: 'ping' })));
      assert.equal(answers.length, 40);
      for (const answer of answers) assert.deepEqual(answer, { success: true, action: 'ping' });
      await Promise.all(clients.map((client) => client.close()));
      await until(() => hub.sockets.count() === 0, { what: 'all connections to be gone' });
    },
  );

  await t.test('AC-03: a notification is stored, and is the only one of its time', async () => {
    const client = await watchdog('w03');
    const time = now();
    const given = { level: 20, time, sender: 'Bridge', message: 'Watchdog started' };
    assert.deepEqual(await client.ask({ action: 'uploadNotifications', notifications: [given] }), {
      success: true,
      action: 'uploadNotifications',
      comment: 'Inserted 1 notification(s) into db.',
    });
    const { notifications, ...rest } = await client.ask({ action: 'getNotifications', timewindow: 10 });
    assert.deepEqual(rest, { success: true, action: 'getNotifications' });
    const [[sender, message, level, seconds]] = notifications as [[string, string, number, number]];
    assert.deepEqual([sender, message, level], ['Bridge', 'Watchdog started', 20]);
    assert.ok(Math.abs(seconds - time) < 0.000_001);
    assert.equal((notifications as unknown[]).length, 1);
    assert.deepEqual(await client.ask({ action: 'getLogs', timewindow: 10 }), {
      success: true,
      action: 'getLogs',
      logs: [],
    });
  });

  await t.test(
    'AC-04: each of 10 connections of a user is pushed a notification as it was given',
    async () => {
      const users = await Promise.all(Array.from({ length: 10 }, () => user('w04')));
      const client = await watchdog('w04');
      const notifications = [{ level: 20, time: 1_700_000_000.5, sender: 'Adblocker', message: 'x' }];
      assert.equal((await client.ask({ action: 'uploadNotifications', notifications }))['success'], true);
      const pushes = await Promise.all(users.map((each) => each.next()));
      for (const push of pushes) assert.deepEqual(push, pushed(notifications));
    },
  );

  await t.test('AC-05: users of 5 watchdogs each get their own watchdog’s pushes alone', async () => {
    await isolation({ watchdogs: 5, users: 2, rounds: 1, name: 'w05' });
  });

  await t.test('AC-06: the same with 20 watchdogs of 4 users each, 10 times', async () => {
    await isolation({ watchdogs: 20, users: 4, rounds: 10, name: 'w06' });
  });

  async function isolation(how: {
    watchdogs: number;
    users: number;
    rounds: number;
    name: string;
  }): Promise<void> {
    const names = Array.from({ length: how.watchdogs }, (_, index) => `${how.name}-${index}`);
    const rooms = await Promise.all(
      names.map(async (name) => ({
        name,
        client: await watchdog(name),
        users: await Promise.all(Array.from({ length: how.users }, () => user(name))),
      })),
    );
    for (let round = 0; round < how.rounds; round++) {
      await Promise.all(
        rooms.map(async ({ name, client, users }) => {
          const notifications = Array.from({ length: 5 }, (_, index) => ({
            level: index * 10,
            time: 1_700_000_000 + round,
            sender: name,
            message: `${round}/${index}`,
          }));
          const answer = client.ask({ action: 'uploadNotifications', notifications });
          for (const each of users) assert.deepEqual(await each.next(), pushed(notifications));
          assert.equal((await answer)['success'], true);
        }),
      );
    }
    for (const { client, users } of rooms)
      for (const each of [client, ...users]) {
        assert.deepEqual(each.frames, []);
        await each.close();
      }
  }

  await t.test('AC-07: a config is made, overwritten and read', async () => {
    const client = await watchdog('w07');
    const none = await client.ask({ action: 'getConfig', info: {} });
    assert.deepEqual(none, {
      success: false,
      action: 'getConfig',
      comment: 'No config exists for this WD code. use insertConfig to set a new config for this WD code.',
    });
    const missing = await client.ask({ action: 'insertConfig', info: { timestamp: 1 } });
    assert.deepEqual(missing, {
      success: false,
      action: 'insertConfig',
      comment: 'No config supplied. Please check inputs.',
    });
    const first = await client.ask({
      action: 'insertConfig',
      info: { timestamp: 1, config: { ports: [21] } },
    });
    assert.deepEqual(first, {
      success: true,
      action: 'insertConfig',
      config: { ports: [21] },
      comment: 'No config exists for this WD code. Created new entry.',
    });
    const config = { ports: [666], flag: false, foo: 'bar' };
    const second = await client.ask({ action: 'insertConfig', info: { timestamp: 2, config } });
    assert.equal(
      second['comment'],
      'Found an existing config for this WD code. Overwriting existing with new.',
    );
    const owner = await hub.join(hub.userToken('owner', 'view', ['w07']));
    assert.deepEqual(await owner.ask({ action: 'getConfig', info: {} }), {
      success: true,
      action: 'getConfig',
      config,
      comment: 'Found an existing for this WD code.',
    });
    const stranger = await watchdog('w07-other');
    assert.equal((await stranger.ask({ action: 'getConfig', info: {} }))['success'], false);
  });

  await t.test('AC-08: 30 logs come back newest first, as lists without a time', async () => {
    const client = await watchdog('w08');
    const start = now() - 5;
    for (let index = 0; index < 30; index++) {
      const logs = [{ level: index, time: start + index / 100, sender: `s${index}`, message: `m${index}` }];
      const answer = await client.ask({ action: 'uploadLogs', logs });
      assert.deepEqual(answer, {
        success: true,
        action: 'uploadLogs',
        comment: 'Inserted 1 log(s) into db.',
      });
    }
    const { logs } = await client.ask({ action: 'getLogs', timewindow: 10 });
    const expected = Array.from({ length: 30 }, (_, index) => [
      `s${29 - index}`,
      `m${29 - index}`,
      29 - index,
    ]);
    assert.deepEqual(logs, expected);
  });

  await t.test('AC-09: filters by sender and level, with senders of all kinds of signs', async () => {
    const client = await watchdog('w09');
    const senders = [
      '{}:"[;$%',
      "'; DROP TABLE logs; --",
      '%s',
      '{',
      '}',
      '\\',
      '\u0000x',
      '👩‍🚀',
      '\n',
      'child@parent',
    ];
    const logs = Array.from({ length: 100 }, (_, index) =>
      entry(`m${index}`, { sender: senders[index % 10], level: index - 20 }),
    );
    await client.ask({ action: 'uploadLogs', logs });
    for (const sender of senders) {
      for (const level of [undefined, null, -11, 0, 5, 33, 2_147_483_647, -2_147_483_648]) {
        const found = await client.ask({
          action: 'getLogs',
          timewindow: 60,
          sender,
          ...(level === undefined ? {} : { level }),
        });
        const expected = logs
          .filter((log) => log['sender'] === sender && (log['level'] as number) <= (level ?? Infinity))
          .map(({ message, level: given }) => [sender, message, given]);
        assert.deepEqual(new Set((found['logs'] as unknown[]).map(String)), new Set(expected.map(String)));
      }
    }
    const all = await client.ask({ action: 'getLogs', timewindow: 60, sender: null, level: null });
    assert.equal((all['logs'] as unknown[]).length, 100);
  });
});

test('AC-02: whoever keeps alive stays, whoever does not is told 4408; pushes do not count', async (t) => {
  leakCheck(t);
  const clock = createFakeClock(Date.now());
  const hub = await startWatchdogHub(t, { clock });
  const alive = await hub.open();
  assert.deepEqual(await alive.ask({ action: 'auth', token: hub.agentToken('w02') }), {
    success: true,
    action: 'auth',
    timeout: 30,
  });
  const silent = await hub.join(hub.userToken('u', 'view', ['w02']));
  const mute = await hub.open();
  await clock.advance(28_000);
  assert.deepEqual(await alive.ask({ action: 'keepalive' }), { success: true, action: 'keepalive' });
  hub.sockets.push('w02', { v1: { action: 'uploadNotifications' } });
  await Promise.all([silent.next(), alive.next()]);
  await clock.advance(3000);
  assert.equal(await within(silent.closed, { what: 'the silent one to be closed' }), 4408);
  assert.equal(await within(mute.closed, { what: 'the mute one to be closed' }), 4408);
  assert.deepEqual(await alive.ask({ action: 'ping' }), { success: true, action: 'ping' });
});

test('AC-10: what is past its window is seen no more', async (t) => {
  leakCheck(t);
  // The store's threads keep time themselves: their window is a second.
  const keep = { rules: [{ name: 'logs', keepMs: 1000 }], bytes: 1e12, free: 0 } as const;
  const hub = await startWatchdogHub(t, { keep });
  const client = await hub.join(hub.agentToken('w10'));
  const reader = await hub.join(hub.userToken('u', 'view', ['w10']));
  const logs = Array.from({ length: 10 }, (_, index) => entry(`m${index}`, { time: now() + index / 1000 }));
  await client.ask({ action: 'uploadLogs', logs });
  const seen = await reader.ask({ action: 'getLogs', timewindow: 60 });
  assert.deepEqual(
    (seen['logs'] as string[][]).map(([, message]) => message),
    logs.map(({ message }) => message).reverse(),
  );
  await until(
    async () => ((await reader.ask({ action: 'getLogs', timewindow: 60 }))['logs'] as unknown[]).length === 0,
    { what: 'the logs to be past their window' },
  );
});
