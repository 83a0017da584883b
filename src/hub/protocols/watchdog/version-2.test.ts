import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { startWatchdogHub } from '../../../../test/rig/watchdog-hub.ts';

test('version 2', async (t) => {
  leakCheck(t);
  const hub = await startWatchdogHub(t);

  await t.test('pages of logs, newest first, each row once, with the filters', async () => {
    const client = await hub.join(hub.agentToken('pages'), { v: 2 });
    const logs = Array.from({ length: 57 }, (_, index) => ({
      time: 1_700_000_000_000_000 + Math.floor(index / 3),
      level: (index % 24) + 1,
      message: `m${index}`,
      sender: `s${index % 2}`,
      service: 'shop',
      fields: { index },
    }));
    const stored = await client.ask({ action: 'uploadLogs', id: 1, logs });
    assert.deepEqual(stored, { action: 'uploadLogs', id: 1, success: true, stored: 57, doubled: 0 });
    const seen: Record<string, unknown>[] = [];
    let cursor: unknown;
    do {
      const more = cursor === undefined ? {} : { cursor };
      const page = await client.ask({ action: 'getLogs', id: null, limit: 10, ...more });
      seen.push(...(page['logs'] as Record<string, unknown>[]));
      assert.equal(page['cut'], false);
      cursor = page['cursor'];
    } while (cursor !== null);
    assert.deepEqual(
      seen.map(({ message }) => message),
      logs.map(({ message }) => message).toReversed(),
    );
    const [row] = seen;
    assert.deepEqual(
      [row?.['agent'], row?.['service'], row?.['fields'], row?.['kind']],
      ['pages', 'shop', { index: 56 }, 'log'],
    );
    const some = await client.ask({
      action: 'getLogs',
      level: 17,
      sender: 's1',
      since: 1_700_000_000_000_004,
      until: 1_700_000_000_000_010,
    });
    const expected = logs.filter(
      ({ level, sender, time }) =>
        level >= 17 && sender === 's1' && time >= 1_700_000_000_000_004 && time < 1_700_000_000_000_010,
    );
    assert.equal((some['logs'] as unknown[]).length, expected.length);
    assert.ok(expected.length > 0);
    for (const more of [
      { cursor: 'x' },
      { cursor: '1.99999999999999999' },
      { limit: 0 },
      { limit: 10_001 },
      { level: 0 },
      { since: 1, timewindow: 1 },
    ]) {
      const { error } = (await client.ask({ action: 'getLogs', ...more })) as { error: { code: string } };
      assert.equal(error.code, 'invalid');
    }
  });

  await t.test('configs have versions, and are pushed to others when they change', async () => {
    const agent = await hub.join(hub.agentToken('conf'), { v: 2 });
    const operator = await hub.join(hub.userToken('o', 'operate', ['conf', 'x']), { v: 2, agent: 'conf' });
    const viewer = await hub.join(hub.userToken('u', 'view', ['conf']), { v: 2 });
    const none = await agent.ask({ action: 'getConfig' });
    assert.deepEqual([none['config'], none['version']], [null, 0]);
    const set = (config: unknown, more = {}): Promise<Record<string, unknown>> =>
      operator.ask({ action: 'insertConfig', config, ...more });
    assert.equal((await set({ ports: [21] }))['version'], 1);
    const event = { event: 'config', agent: 'conf', version: 1, config: { ports: [21] } };
    assert.deepEqual(await agent.next(), event);
    assert.deepEqual(await viewer.next(), event);
    assert.deepEqual(operator.frames, []);
    assert.match(
      JSON.stringify(await set(1, { version: 0 })),
      /cannot set version 1 of the config: it is at version 1/,
    );
    assert.equal((await set(1, { version: 1 }))['version'], 2);
    assert.match(JSON.stringify(await set('x'.repeat(300_000))), /characters, 262144 at most/);
    assert.match(JSON.stringify(await viewer.ask({ action: 'ping' })), /conf/);
    const denied = await viewer.ask({ action: 'insertConfig', config: 1 });
    assert.equal(denied['action'], 'ping');
    assert.match(JSON.stringify(await viewer.next()), /"forbidden","message":"cannot set the config of conf/);
    const deep = `{"action":"insertConfig","config":${'['.repeat(9000)}${']'.repeat(9000)}}`;
    assert.match(JSON.stringify(await operator.ask(deep)), /nested too deeply/);
  });
});
