import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { busyAtFirst, storedLines } from '../../../../test/rig/foreign-doors.ts';
import { startHub } from '../../../../test/rig/hub-server.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { encodeLokiProtobuf } from '../../../wire/loki/push.ts';
import { encodeSnappy } from '../../../wire/snappy.ts';
import { registerLoki } from './register.ts';

const TIME = 1_795_000_000_123_456;
const NS = `${TIME}789`;

const pushJson = (values: readonly unknown[], stream: object = { job: 'web' }): string =>
  JSON.stringify({ streams: [{ stream, values }] });

test('pushes of JSON and protobuf, packed or not, are stored with what their labels say', async (t) => {
  leakCheck(t);
  const hub = await startHub(t, { routes: [registerLoki] });
  const token = hub.agentToken('alpha');
  const push = (body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${hub.url}/loki/api/v1/push`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: Buffer.from(body),
    });
  const full = {
    service_name: 'api',
    job: 'web',
    host: 'h1',
    level: 'Warning',
    stream: 'stderr',
    pod: 'p-1',
  };
  const first = await push(pushJson([[NS, 'one', { trace_id: 'abc' }]], full));
  assert.equal(first.status, 204);
  const basic = { authorization: `Basic ${Buffer.from(`any:${token}`).toString('base64')}` };
  assert.equal(
    (await push(gzipSync(pushJson([[NS, 'two']])), { 'content-encoding': 'gzip', ...basic })).status,
    204,
  );
  assert.equal(
    (await push(zstdCompressSync(pushJson([['soon', 'three']])), { 'content-encoding': 'zstd' })).status,
    204,
  );
  const entry = { time: TIME, line: 'x'.repeat(70_000), metadata: { severity: '50', 'a\0b': 'c\0d' } };
  const packed = encodeSnappy(encodeLokiProtobuf([{ labels: {}, entries: [entry] }]));
  assert.equal((await push(packed, { 'content-type': 'application/x-protobuf' })).status, 204);

  const [one, two, three, four] = await storedLines(hub.store);
  const shared = { agent: 'alpha', host: 'alpha', time: TIME, sender: 'loki', level: 9 };
  const fields = { job: 'web', pod: 'p-1', trace_id: 'abc' };
  assert.deepEqual(one, {
    ...shared,
    host: 'h1',
    service: 'api',
    level: 13,
    sender: 'stderr',
    message: 'one',
    fields,
  });
  assert.deepEqual(two, { ...shared, service: 'web', message: 'two', fields: {} });
  assert.deepEqual(three?.fields, { 'vahti.time': 'soon' });
  assert.ok(Math.abs((three?.time ?? 0) / 1000 - hub.doors.clock.now()) < 60_000);
  const cut = { 'a\0b': 'c\0d', 'vahti.cut': 'message (70000 characters)' };
  assert.deepEqual(four, {
    ...shared,
    service: 'unknown_service',
    level: 17,
    message: 'x'.repeat(65_536),
    fields: cut,
  });
  const counts = hub.doors.counters.read().filter(({ protocol }) => protocol === 'loki');
  assert.deepEqual(counts, [{ what: 'stored', protocol: 'loki', value: 4 }]);
  const info = await fetch(`${hub.url}/loki/api/v1/status/buildinfo`, { headers: basic });
  assert.equal(((await info.json()) as { readonly version: string }).version, '3.0.0');
});

test('what is wrong is refused as a whole, and said; who may not send is not let in', async (t) => {
  leakCheck(t);
  const hub = await startHub(t, { routes: [registerLoki] });
  const token = hub.agentToken('alpha');
  const push = async (body: string | Buffer, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${hub.url}/loki/api/v1/push`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: Buffer.from(body),
    });
    const { error } = (await answer.json()) as { readonly error: { readonly message: string } };
    return [answer.status, error.message];
  };
  const good = pushJson([[NS, 'a']]);
  assert.deepEqual(
    await push(
      pushJson([
        [NS, 'a'],
        [NS, 5],
      ]),
    ),
    [400, 'cannot read the push: stream 1, entry 2: its line is no text'],
  );
  assert.deepEqual(await push('abc', { 'content-type': 'application/x-protobuf' }), [
    400,
    'cannot read the push: it is no snappy: it goes on beyond its end',
  ]);
  assert.deepEqual(await push(good, { 'content-encoding': 'gzip' }), [
    400,
    'cannot unpack the body: it is no gzip',
  ]);
  const [status] = await push(gzipSync(Buffer.alloc(30 * 1024 * 1024)), { 'content-encoding': 'gzip' });
  assert.equal(status, 413);
  assert.deepEqual(await push(good, { authorization: `Bearer ${hub.userToken('u', 'admin')}` }), [
    403,
    'cannot take records of a user: use the token of an agent',
  ]);
  assert.deepEqual(await push(good, { authorization: 'Bearer nonsense' }), [
    401,
    'cannot let you in: the token is not known',
  ]);
  assert.deepEqual(await storedLines(hub.store), []);
});

test('who sends too much, or comes while the store is busy, is told when to come again', async (t) => {
  leakCheck(t);
  const limits = { recordsPerSecond: 1, bytesPerSecond: 1e9 };
  const hub = await startHub(t, { routes: [registerLoki], limits, wrap: busyAtFirst(1) });
  const send = async (lines: number) => {
    const answer = await fetch(`${hub.url}/loki/api/v1/push`, {
      method: 'POST',
      headers: { authorization: `Bearer ${hub.agentToken('alpha')}`, 'content-type': 'application/json' },
      body: pushJson(Array.from({ length: lines }, () => [NS, 'a'])),
    });
    await answer.arrayBuffer();
    return [answer.status, answer.headers.get('retry-after')];
  };
  assert.deepEqual(await send(1), [503, '1']);
  assert.deepEqual(await send(14), [204, null]);
  assert.deepEqual(await send(1), [429, '10']);
});
