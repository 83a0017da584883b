import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sent } from '../../../../test/rig/hub-threads.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { until } from '../../../../test/rig/wait.ts';
import { startWatchdogHub, type TestClient } from '../../../../test/rig/watchdog-hub.ts';

const record = (seq: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  seq,
  time: 1_700_000_000_000_000 + seq,
  host: 'h',
  service: 's',
  life: '',
  kind: 'log',
  level: 9,
  sender: 'x',
  message: `m${seq}`,
  ...more,
});

test('batches', async (t) => {
  leakCheck(t);
  const hub = await startWatchdogHub(t);
  const join = (name: string, series = 's1'): Promise<TestClient> =>
    hub.join(hub.agentToken(name), { v: 2, series });

  await t.test(
    'they are stored once and answered in their order, also when they come without waiting',
    async () => {
      const token = hub.agentToken('alpha');
      const client = await hub.open();
      const welcome = await client.ask({ action: 'auth', token, v: 2, series: 's1' });
      assert.deepEqual(welcome, {
        action: 'auth',
        success: true,
        v: 2,
        timeout: 30,
        kind: 'agent',
        name: 'alpha',
        last: 0,
        credit: { batches: 32, bytes: 8_388_608 },
      });
      for (let part = 0; part < 5; part++)
        client.batch(part * 10, Buffer.from(sent(part * 10 + 1, part * 10 + 10)));
      client.send({ action: 'ping', id: 'p' });
      for (let part = 0; part < 5; part++) {
        const { last, ...answer } = await client.next();
        assert.deepEqual(answer, { action: 'stored', after: part * 10, stored: 10, doubled: 0 });
        assert.equal(last, part * 10 + 10);
      }
      assert.deepEqual(await client.next(), { action: 'ping', id: 'p', success: true });
      client.batch(40, Buffer.from(sent(41, 55)));
      assert.deepEqual(await client.next(), {
        action: 'stored',
        after: 40,
        last: 55,
        stored: 5,
        doubled: 10,
      });
      await client.close();
      const again = await hub.open();
      assert.equal((await again.ask({ action: 'auth', token, v: 2, series: 's1' }))['last'], 55);
      const other = await hub.open();
      assert.equal((await other.ask({ action: 'auth', token, v: 2, series: 's2' }))['last'], 0);
    },
  );

  await t.test('behind a bad one all are refused until it comes mended', async () => {
    const client = await join('beta');
    client.batch(0, [record(1)]);
    client.batch(1, [record(2), { ...record(3), level: 99 }]);
    client.batch(3, [record(4)]);
    client.batch(4, [record(5)]);
    const answers = [await client.next(), await client.next(), await client.next(), await client.next()];
    assert.deepEqual(
      answers.map(({ action, after, kind }) => [action, after, kind]),
      [
        ['stored', 0, undefined],
        ['refused', 1, 'bad'],
        ['refused', 3, 'later'],
        ['refused', 4, 'later'],
      ],
    );
    assert.match(String(answers[1]?.['message']), /record 2: level is not a whole number from 1 to 24/);
    client.batch(4, [record(5)]);
    assert.equal((await client.next())['action'], 'refused');
    // What is in front of it mends nothing.
    client.batch(0, [record(1)]);
    assert.equal((await client.next())['doubled'], 1);
    client.batch(4, [record(5)]);
    assert.equal((await client.next())['action'], 'refused');
    client.batch(1, [record(2), record(4), record(5)]);
    assert.deepEqual(await client.next(), { action: 'stored', after: 1, last: 5, stored: 3, doubled: 0 });
  });

  await t.test('what is no batch, or is of somebody who has no series, is refused', async () => {
    const client = await join('gamma');
    const table: readonly (readonly [Buffer, RegExp])[] = [
      [Buffer.alloc(0), /it has 0 bytes, 8 at least/],
      [Buffer.alloc(7), /it has 7 bytes, 8 at least/],
      [Buffer.alloc(8, 255), /it begins behind 18446744073709551615/],
      [Buffer.alloc(8), /it is no JSON/],
      [Buffer.from('\0\0\0\0\0\0\0\0{}'), /it is no list of records/],
      [Buffer.from('\0\0\0\0\0\0\0\0[{"seq":1}]'), /record 1: time is no whole number/],
      [Buffer.concat([Buffer.alloc(8), Buffer.alloc(9_000_000)]), /a batch has 8388608 bytes at most/],
    ];
    for (const [frame, expected] of table) {
      const answer = await client.ask(frame);
      assert.deepEqual([answer['action'], answer['kind']], ['refused', 'bad']);
      assert.match(String(answer['message']), expected);
    }
    const deep = `[${JSON.stringify(record(1)).slice(0, -1)},"fields":${'{"a":'.repeat(9000)}1${'}'.repeat(9001)}]`;
    client.batch(0, Buffer.from(deep));
    assert.match(String((await client.next())['message']), /record 1: its fields are nested too deeply/);
    client.batch(0, [record(1)]);
    assert.equal((await client.next())['action'], 'stored');
    const plain = await hub.join(hub.agentToken('gamma'), { v: 2 });
    plain.batch(0, [record(2)]);
    assert.match(JSON.stringify(await plain.next()), /this connection named no series/);
  });

  await t.test('a notification in a batch is pushed to others, once', async () => {
    const client = await join('epsilon');
    const user = await hub.join(hub.userToken('u', 'view'), { v: 2 });
    const old = await hub.join(hub.userToken('u', 'view', ['epsilon']));
    const rows = [record(1), record(2, { kind: 'notification', level: 17, fields: { a: 1 } })];
    client.batch(0, rows);
    client.batch(0, [...rows, record(3, { message: '"notification"' })]);
    const event = (await user.next()) as { event: string; agent: string; rows: Record<string, unknown>[] };
    assert.deepEqual([event.event, event.agent, event.rows.length], ['notification', 'epsilon', 1]);
    const { id, level, message, fields } = event.rows[0] ?? {};
    assert.deepEqual([id, level, message, fields], ['epsilon/2', 17, 'm2', { a: 1 }]);
    const [pushed] = (await old.next())['notifications'] as Record<string, unknown>[];
    assert.deepEqual(pushed, { level: 0, time: 1_700_000_000.000002, sender: 'x', message: 'm2' });
    await client.next();
    assert.equal((await client.next())['doubled'], 2);
    await user.ask({ action: 'ping' });
    assert.deepEqual([client.frames, user.frames, old.frames], [[], [], []]);
  });
});

test('more than the credit is put off, and what comes behind it, until it comes again', async (t) => {
  leakCheck(t);
  let opened = Promise.withResolvers<void>();
  const hub = await startWatchdogHub(t, {
    wrap: (store) => ({
      ...store,
      append: async (from, json) => {
        await opened.promise;
        return store.append(from, json);
      },
    }),
  });
  const client = await hub.join(hub.agentToken('delta'), { v: 2, series: 's1' });
  for (let index = 0; index < 40; index++) client.batch(index, [record(index + 1)]);
  const other = await hub.join(hub.agentToken('other'), { v: 2 });
  await other.ask({ action: 'ping' });
  assert.deepEqual(client.frames, []);
  opened.resolve();
  await until(() => client.frames.length === 40, { what: 'all answers' });
  const answers = client.frames.splice(0).map(({ action, after, kind }) => [action, after, kind]);
  const expected = Array.from({ length: 40 }, (_, index) =>
    index < 32 ? ['stored', index, undefined] : ['refused', index, 'later'],
  );
  assert.deepEqual(answers, expected);
  client.batch(33, [record(34)]);
  assert.equal((await client.next())['kind'], 'later');
  client.batch(32, [record(33)]);
  assert.equal((await client.next())['stored'], 1);
  client.batch(33, [record(34)]);
  assert.equal((await client.next())['stored'], 1);
  assert.equal(await hub.store.lastOf('delta/s1'), 34);
  opened = Promise.withResolvers();
  const large = record(35, { message: 'x'.repeat(60_000) });
  for (let index = 0; index < 3; index++)
    client.batch(
      34 + 70 * index,
      Array.from({ length: 70 }, (_, row) => ({ ...large, seq: 35 + 70 * index + row })),
    );
  await other.ask({ action: 'ping' });
  opened.resolve();
  const kinds = [await client.next(), await client.next(), await client.next()].map(({ action }) => action);
  assert.deepEqual(kinds, ['stored', 'refused', 'refused']);
});
