import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getWithBody, post } from '../../../../test/rig/hub-posting.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { createOldLogin } from '../../../../test/rig/old-login.ts';
import { startWatchdogHub } from '../../../../test/rig/watchdog-hub.ts';

test('the old service’s statistics', async (t) => {
  leakCheck(t);
  const login = createOldLogin();
  const hub = await startWatchdogHub(t, {
    oldTokens: { publicKey: login.publicKey },
    publicStatistics: true,
  });
  const token = login.watchdog('1000000000000001');
  const owner = login.user('a@b.example', ['1000000000000001']);
  const ask = (path: string, body: unknown): Promise<{ status: number; body: unknown }> =>
    getWithBody(hub, path, typeof body === 'string' ? body : JSON.stringify(body));
  const summary = async (): Promise<unknown> => (await ask('/publicStatistics', '')).body;
  assert.deepEqual(await summary(), { success: true, statistics: { clients: 0, uids: 0, devices: 0 } });
  const entry = { token, statistic: 'DDoS', value: 1, deviceid: 7 };
  assert.deepEqual((await ask('/submitStatistics', entry)).body, { success: true });
  assert.deepEqual((await ask('/submitStatistics', entry)).body, {
    success: false,
    comment: 'Too many updates',
  });
  assert.deepEqual((await ask('/submitStatistics', { ...entry, deviceid: 8 })).body, { success: true });
  const own = await post(hub, '/submitStatistics', undefined, { ...entry, statistic: 'traffic', value: 5 });
  assert.deepEqual(own.body, { success: true });
  assert.deepEqual(await summary(), {
    success: true,
    statistics: { clients: 1, uids: 1, devices: 2, DDoS: 2, traffic: 5 },
  });
  assert.deepEqual((await ask('/privateStatistics', { token: owner, time: 24 })).body, {
    success: true,
    statistics: [
      ['1000000000000001', 7, 'DDoS', 1],
      ['1000000000000001', 8, 'DDoS', 1],
      ['1000000000000001', 7, 'traffic', 5],
    ],
  });
  const stranger = login.user('a@b.example', ['1000000000000002']);
  const table: readonly (readonly [string, unknown, number, unknown])[] = [
    ['/privateStatistics', { token: stranger, time: 24 }, 200, { success: true, statistics: [] }],
    ['/privateStatistics', { token, time: 24 }, 200, { success: false, comment: 'Not a user' }],
    [
      '/privateStatistics',
      { token: owner, time: 673 },
      200,
      { success: false, comment: 'Invalid timeframe' },
    ],
    [
      '/privateStatistics',
      { token: owner, time: 'x' },
      200,
      { success: false, comment: 'Invalid timeframe' },
    ],
    ['/submitStatistics', { ...entry, token: owner }, 200, { success: false, comment: 'Not a client' }],
    [
      '/submitStatistics',
      { ...entry, statistic: 'x' },
      200,
      { success: false, comment: 'Not a valid statistic' },
    ],
    ['/submitStatistics', { ...entry, token: {} }, 200, { success: false, comment: 'InvalidToken' }],
    ['/submitStatistics', { ...entry, value: 'x' }, 400, { detail: 'value is no whole number of 32 bits' }],
    ['/submitStatistics', { token }, 400, { detail: 'Incomplete request form' }],
    ['/submitStatistics', '', 400, { detail: 'Incomplete request form' }],
    ['/submitStatistics', '{', 400, { detail: 'the body is no JSON object' }],
  ];
  for (const [path, body, status, expected] of table)
    assert.deepEqual(await ask(path, body), { status, body: expected });
});
