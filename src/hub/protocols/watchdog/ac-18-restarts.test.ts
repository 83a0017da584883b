import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { leakCheck, onEnd, tempFolder, TEST_VARIABLE, testStateId } from '../../../../test/rig/leaks.ts';
import { ROOT } from '../../../../test/rig/vahti.ts';
import { until, within } from '../../../../test/rig/wait.ts';
import { createClient, startWatchdogHub, type TestClient } from '../../../../test/rig/watchdog-hub.ts';

const now = (): number => Date.now() / 1000;

function entry(message: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { level: 30, time: now(), sender: 'Bridge', message, ...more };
}

test('AC-18: after a restart of the hub pushes go on without an upload before, and nothing that was acknowledged is lost', async (t) => {
  leakCheck(t);
  const first = await startWatchdogHub(t);
  const client = await first.join(first.agentToken('w18'));
  const notifications = [entry('before')];
  assert.equal((await client.ask({ action: 'uploadNotifications', notifications }))['success'], true);
  await first.close();
  assert.equal(await within(client.closed, { what: 'the connection to close' }), 1001);
  const second = await startWatchdogHub(t, { folder: first.folder, port: Number(new URL(first.url).port) });
  const again = await second.join(second.agentToken('w18'));
  const reader = await second.join(second.userToken('u', 'view', ['w18']));
  const answer = again.ask({ action: 'uploadNotifications', notifications: [entry('after')] });
  assert.equal((await reader.next())['action'], 'uploadNotifications');
  assert.equal((await answer)['success'], true);
  const { notifications: stored } = await reader.ask({ action: 'getNotifications', timewindow: 60 });
  assert.deepEqual(
    (stored as string[][]).map(([, message]) => message),
    ['after', 'before'],
  );
});

test('AC-19: what the store cannot take or give is said, may be tried again, and works when the store does', async (t) => {
  leakCheck(t);
  let trouble: 'full' | 'broken' | undefined;
  const hub = await startWatchdogHub(t, {
    wrap: (store) => ({
      ...store,
      append: (from, json) => {
        if (trouble === 'broken') return Promise.reject(new Error('/var/lib/secret'));
        const message = 'cannot store: no space left';
        return trouble === 'full'
          ? Promise.resolve({ ok: false, kind: 'later', message })
          : store.append(from, json);
      },
      newest: (query, ms, signal) =>
        trouble === 'broken' ? Promise.reject(new Error('/var/lib/secret')) : store.newest(query, ms, signal),
    }),
  });
  const client = await hub.join(hub.agentToken('w19'), { v: 2 });
  const upload = { action: 'uploadLogs', id: 1, logs: [{ message: 'm' }], key: 'k' };
  trouble = 'full';
  assert.deepEqual(await client.ask(upload), {
    action: 'uploadLogs',
    id: 1,
    success: false,
    error: { code: 'later', message: 'cannot store: no space left', retryAfter: 1000 },
  });
  trouble = 'broken';
  for (const frame of [upload, { action: 'getLogs', id: 1 }]) {
    const { success, error } = (await client.ask(frame)) as { success: boolean; error: { code: string } };
    assert.deepEqual([success, error.code], [false, 'failed']);
    assert.doesNotMatch(JSON.stringify(error), /secret/);
  }
  trouble = undefined;
  assert.deepEqual(await client.ask(upload), {
    action: 'uploadLogs',
    id: 1,
    success: true,
    stored: 1,
    doubled: 0,
  });
  const { logs } = await client.ask({ action: 'getLogs' });
  assert.equal((logs as unknown[]).length, 1);
});

test('AC-20: what is kept goes by its receipt, and what is dated into the future too far has the time of its receipt', async (t) => {
  leakCheck(t);
  const keep = { rules: [{ name: 'logs', keepMs: 2000 }], bytes: 1e12, free: 0 } as const;
  const hub = await startWatchdogHub(t, { keep });
  const client = await hub.join(hub.agentToken('w20'));
  const logs = [
    entry('past', { time: now() - 3600 }),
    entry('present'),
    entry('future', { time: now() + 1e9 }),
  ];
  await client.ask({ action: 'uploadNotifications', notifications: logs });
  const seen = await client.ask({ action: 'getNotifications', timewindow: 7200 });
  const times = (seen['notifications'] as [string, string, number, number][]).map(([, message, , time]) => [
    message,
    Math.round(time - now()),
  ]);
  const ages = new Map(times as [string, number][]);
  assert.ok(Math.abs((ages.get('past') ?? 0) + 3600) <= 2);
  assert.ok(Math.abs(ages.get('future') ?? 99) <= 2);
  await until(
    async () =>
      ((await client.ask({ action: 'getNotifications', timewindow: 7200 }))['notifications'] as unknown[])
        .length === 0,
    { what: 'all to be past their window' },
  );
});

test('AC-23: an upload with a key that comes again after the hub was killed is there once', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  let hub: ChildProcess | undefined;
  onEnd(t, () => void hub?.kill('SIGKILL'));
  let port = '0';
  const start = async (): Promise<TestClient> => {
    hub = fork(join(ROOT, 'test/rig/watchdog-hub-main.ts'), [folder, port, 'w23'], {
      env: { ...process.env, [TEST_VARIABLE]: `${testStateId}/` },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [{ wsUrl, token }] = (await within(once(hub, 'message'), { what: 'the hub to begin' })) as [
      { wsUrl: string; token: string },
    ];
    ({ port } = new URL(wsUrl));
    const client = createClient(new WebSocket(wsUrl));
    onEnd(t, () => client.ws.terminate());
    await within(once(client.ws, 'open'), { what: 'the connection to open' });
    assert.equal((await client.ask({ action: 'auth', token, v: 2 }))['success'], true);
    return client;
  };
  const upload = (index: number): Record<string, unknown> => ({
    action: 'uploadLogs',
    key: `upload ${index}`,
    logs: [{ message: `${index}/1` }, { message: `${index}/2` }],
  });
  let client = await start();
  let acknowledged = -1;
  for (let kill = 0; kill < 1; kill++) {
    // Several are on their way when it is killed.
    for (let index = acknowledged + 1; index < acknowledged + 9; index++) client.send(upload(index));
    const killed = once(hub as ChildProcess, 'exit');
    for (let count = 0; count < 3; count++) {
      assert.equal((await client.next())['success'], true);
      acknowledged++;
    }
    hub?.kill('SIGKILL');
    await within(killed, { what: 'the hub to be killed' });
    client = await start();
  }
  // All again, what was acknowledged too, in another order.
  for (let index = acknowledged + 9; index >= 0; index--)
    assert.equal((await client.ask(upload(index)))['success'], true);
  const { logs } = await client.ask({ action: 'getLogs', limit: 1000 });
  const expected = Array.from({ length: acknowledged + 10 }, (_, index) => [
    `${index}/1`,
    `${index}/2`,
  ]).flat();
  assert.deepEqual(
    (logs as { message: string }[]).map(({ message }) => message).toSorted(),
    expected.toSorted(),
  );
  const other = await client.ask({ action: 'uploadLogs', key: 'upload 0', logs: [{ message: 'another' }] });
  assert.match(JSON.stringify(other), /cannot use this key: it came with another upload before/);
  const gone = once(hub as ChildProcess, 'exit');
  await client.close();
  hub?.disconnect();
  await within(gone, { what: 'the hub to end' });
});
