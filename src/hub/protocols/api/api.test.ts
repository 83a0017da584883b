import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { post } from '../../../../test/rig/hub-posting.ts';
import { startWatchdogHub, type WatchdogHub } from '../../../../test/rig/watchdog-hub.ts';
import type { HubRow } from '../../blocks/row.ts';
import { readTime } from './times.ts';

async function rowsOf(hub: WatchdogHub, agent: string): Promise<readonly HubRow[]> {
  const page = await hub.store.newest({ agents: [agent], limit: 1000 }, 5000);
  assert.ok(page.ok);
  return page.value.rows;
}

test('logs and notifications by HTTP', async (t) => {
  leakCheck(t);
  const hub = await startWatchdogHub(t);

  await t.test('an object, a list, {"logs": …}, lines, packed or not: each is stored', async () => {
    const token = hub.agentToken('forms');
    const [a, b] = [{ message: 'a' }, { msg: 'b' }];
    const lines = `${JSON.stringify(a)}\n\n${JSON.stringify(b)}\n`;
    const ndjson = { 'content-type': 'application/x-ndjson' };
    const packed = { 'content-encoding': 'gzip' };
    const table: readonly (readonly [unknown, Record<string, string>, number])[] = [
      [a, {}, 1],
      [[a, b], {}, 2],
      [{ logs: [a, b] }, {}, 2],
      [lines, ndjson, 2],
      [lines, { 'content-type': 'application/stream+json' }, 2],
      [lines, { 'content-type': 'application/x-www-form-urlencoded' }, 2],
      [lines, {}, 2],
      [gzipSync(lines), { ...ndjson, ...packed }, 2],
      [gzipSync(JSON.stringify([a])), packed, 1],
      [[], {}, 0],
    ];
    let sum = 0;
    for (const [body, headers, stored] of table) {
      const answer = await post(hub, '/api/logs', token, body, headers);
      assert.deepEqual([answer.status, answer.body], [200, { stored }]);
      sum += stored;
    }
    assert.equal((await rowsOf(hub, 'forms')).length, sum);
  });

  await t.test('the names of others are understood, and what is not is kept in the fields', async () => {
    const token = hub.agentToken('names');
    const time = 1_700_000_000_123_456;
    const send = async (entry: unknown, query = ''): Promise<HubRow> => {
      assert.equal((await post(hub, `/api/logs${query}`, token, entry)).status, 200);
      const rows = await rowsOf(hub, 'names');
      return rows.toSorted((one, two) => two.position - one.position)[0] as HubRow;
    };
    const pino = await send({
      level: 50,
      time: 1_700_000_000_123,
      pid: 7,
      hostname: 'h',
      msg: 'm',
      app: 'shop',
    });
    assert.deepEqual(
      [pino.level, pino.time, pino.host, pino.message, pino.service, pino.fields],
      [17, 1_700_000_000_123_000, 'h', 'm', 'shop', '{"pid":7}'],
    );
    const winston = await send({
      level: 'warn',
      message: 'm',
      timestamp: '2023-11-14T22:13:20.123456789Z',
      sender: 'x',
    });
    assert.deepEqual([winston.level, winston.time, winston.sender], [13, time, 'x']);
    const python = await send({
      severity: 'CRITICAL',
      logger: 'root',
      _msg: 'm',
      _time: '2023-11-14 23:13:20.123456+01:00',
    });
    assert.deepEqual([python.level, python.time, python.service], [21, time, 'root']);
    const odd = await send({
      level: 'audit',
      message: 'm',
      host: { name: 'x' },
      '@timestamp': 1_700_000_000.123456,
    });
    assert.deepEqual([odd.level, odd.time, odd.host], [9, time, 'names']);
    assert.deepEqual(JSON.parse(odd.fields), { level: 'audit', host: { name: 'x' } });
    const query = '?_msg_field=text,log&_time_field=when&_stream_fields=a';
    const victoria = await send({ log: 'm', when: '0', message: 'kept' }, query);
    assert.equal(victoria.message, 'm');
    assert.deepEqual(JSON.parse(victoria.fields), { message: 'kept' });
    assert.ok(Math.abs(victoria.time - Date.now() * 1000) < 60e6);
    const long = await send({ message: 'x'.repeat(70_000) });
    assert.equal(long.message.length, 65_536);
    assert.match(long.fields, /vahti\.cut.*message \(70000 characters\)/);
  });

  await t.test('one bad entry is named, and nothing is stored', async () => {
    const token = hub.agentToken('bad');
    const good = { message: 'm' };
    const deep = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
    const table: readonly (readonly [unknown, RegExp, number])[] = [
      [
        [good, good, { message: 'm', time: 'soon' }],
        /^cannot store these logs: entry 3: time is no time: "soon"$/,
        400,
      ],
      [[good, good, {}], /entry 3: it has no text as message, msg, _msg$/, 400],
      [[good, good, 7], /entry 3: it is no object$/, 400],
      [`{"message":"a"}\n{"message":"b"}\n{"mess`, /entry 3: it is no JSON$/, 400],
      ['{', /the body is no JSON$/, 400],
      ['', /the body is empty$/, 400],
      [`[{"message":"m"},${deep}]`, /entry 2: it is nested too deeply$/, 400],
      [Array.from({ length: 10_001 }, () => good), /^cannot store 10001 logs at once: 10000 at most$/, 413],
    ];
    for (const [body, expected, status] of table) {
      const answer = await post(hub, '/api/logs', token, body);
      const { message } = answer.body['error'] as { message: string };
      assert.match(message, expected);
      assert.equal(answer.status, status);
    }
    const bomb = await post(hub, '/api/logs', token, gzipSync(Buffer.alloc(50_000_000)), {
      'content-encoding': 'gzip',
    });
    assert.equal(bomb.status, 413);
    const noGzip = await post(hub, '/api/logs', token, 'x', { 'content-encoding': 'gzip' });
    assert.equal(noGzip.status, 400);
    assert.equal((await post(hub, '/api/logs', undefined, good)).status, 401);
    assert.equal((await post(hub, '/api/logs', 'nobody', good)).status, 401);
    assert.equal((await post(hub, '/api/logs', hub.userToken('u', 'admin'), good)).status, 403);
    assert.deepEqual(await rowsOf(hub, 'bad'), []);
  });

  await t.test('notifications are pushed; with a key they are there once', async () => {
    const token = hub.agentToken('keyed');
    const [one, two] = await Promise.all([
      hub.join(hub.userToken('u', 'view', ['keyed'])),
      hub.join(hub.userToken('u', 'view', ['keyed']), { v: 2 }),
    ]);
    const body = { notifications: [{ message: 'n', level: 'error', time: 1_700_000_000.5 }] };
    const headers = { 'idempotency-key': 'abc' };
    const first = await post(hub, '/api/notifications', token, body, headers);
    assert.deepEqual(first.body, { stored: 1, doubled: 0 });
    const again = await post(hub, '/api/notifications', token, body, headers);
    assert.deepEqual(again.body, { stored: 0, doubled: 1 });
    const other = await post(hub, '/api/notifications', token, { message: 'other' }, headers);
    assert.equal(other.status, 409);
    const odd = await post(hub, '/api/notifications', token, body, { 'idempotency-key': 'ä'.repeat(300) });
    assert.equal(odd.status, 400);
    const notifications = [{ level: 0, time: 1_700_000_000.5, sender: '', message: 'n' }];
    assert.deepEqual(await one.next(), { action: 'uploadNotifications', notifications, success: true });
    const { event, rows } = (await two.next()) as { event: string; rows: { id: string; level: number }[] };
    const [row] = await rowsOf(hub, 'keyed');
    assert.deepEqual([event, rows[0]?.level, rows[0]?.id], ['notification', 17, `keyed/${row?.seq}`]);
    assert.deepEqual([one.frames, two.frames], [[], []]);
  });
});

test('who sends too much waits, and a store that cannot take more is said', async (t) => {
  leakCheck(t);
  const limits = { recordsPerSecond: 10, bytesPerSecond: 1e6 };
  const hub = await startWatchdogHub(t, { limits });
  const token = hub.agentToken('much');
  const many = Array.from({ length: 10_000 }, () => ({ message: 'm' }));
  let answer = await post(hub, '/api/logs', token, many);
  for (let count = 0; answer.status === 200 && count < 10; count++)
    answer = await post(hub, '/api/logs', token, many);
  assert.equal(answer.status, 429);
  assert.ok(Number(answer.headers.get('retry-after')) >= 1);
});

test('times are told apart by their size, and moments read to the microsecond', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1e9, max: 4e9 }),
      fc.integer({ min: 0, max: 999_999 }),
      (seconds, micros) => {
        const time = seconds * 1_000_000 + micros;
        const fraction = String(micros).padStart(6, '0');
        assert.equal(readTime(time), time);
        assert.equal(readTime(String(time)), time);
        assert.ok(Math.abs((readTime(time / 1e6) ?? 0) - time) <= 1);
        assert.equal(readTime(seconds * 1000), seconds * 1_000_000);
        assert.ok(Math.abs((readTime(time * 1000) ?? 0) - time) <= 1);
        const moment = new Date(seconds * 1000).toISOString().slice(0, 19);
        assert.equal(readTime(`${moment}.${fraction}Z`), time);
        assert.equal(readTime(`${moment}.${fraction}789+00:00`), time);
      },
    ),
  );
  for (const given of [
    '',
    'soon',
    '2023-13-01T00:00:00Z',
    -1,
    NaN,
    null,
    {},
    '2023-11-14',
    '1e9',
    'x'.repeat(100),
  ])
    assert.equal(readTime(given), undefined, JSON.stringify(given));
});
