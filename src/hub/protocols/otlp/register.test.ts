import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { busyAtFirst, storedLines } from '../../../../test/rig/foreign-doors.ts';
import { startHub } from '../../../../test/rig/hub-server.ts';
import { leakCheck } from '../../../../test/rig/leaks.ts';
import { encodeOtlpProtobuf } from '../../../wire/otlp/protobuf.ts';
import { registerOtlp } from './register.ts';

const TIME = 1_795_000_000_123_456;
const LOG = {
  time: TIME,
  observed: 0,
  severity: 17,
  severityText: 'ERROR',
  body: 'broken',
  attributes: { 'http.status': 500 },
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  eventName: '',
} as const;
const RESOURCE = { 'service.name': 'api', 'host.name': 'h1', 'k8s.pod.name': 'p-1' };

test('logs of protobuf and JSON are stored with what resource, scope and severity say', async (t) => {
  leakCheck(t);
  const hub = await startHub(t, { routes: [registerOtlp] });
  const authorization = `Bearer ${hub.agentToken('alpha')}`;
  const send = async (
    path: string,
    type: string,
    body: string | Buffer,
    more: Record<string, string> = {},
  ) => {
    const headers = { authorization, 'content-type': type, ...more };
    const answer = await fetch(`${hub.url}${path}`, { method: 'POST', headers, body: Buffer.from(body) });
    return [answer.status, answer.headers.get('content-type'), await answer.text()];
  };
  const nothing = {
    ...LOG,
    time: 0,
    observed: TIME + 1,
    severity: 0,
    severityText: 'notice',
    body: { a: [1] },
    traceId: '',
    spanId: '',
    attributes: {},
  };
  const packed = encodeOtlpProtobuf([
    { resource: RESOURCE, scope: { name: 'my.logger', version: '' }, logs: [LOG] },
    { resource: {}, scope: { name: '', version: '' }, logs: [nothing] },
  ]);
  const protobuf = 'application/x-protobuf';
  const gzip = { 'content-encoding': 'gzip' };
  assert.deepEqual(await send('/v1/logs', protobuf, gzipSync(packed), gzip), [200, protobuf, '']);
  const half = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"good"}},{"traceId":"bad"}]}]}]}`;
  assert.deepEqual(await send('/otlp/v1/logs', 'application/json', half), [
    200,
    'application/json',
    '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"cannot read a log: traceId is not 32 hexadecimal digits"}}',
  ]);
  const [first, second, third, ...more] = await storedLines(hub.store);
  assert.deepEqual(first, {
    agent: 'alpha',
    host: 'h1',
    service: 'api',
    level: 17,
    sender: 'my.logger',
    message: 'broken',
    time: TIME,
    fields: { 'k8s.pod.name': 'p-1', 'http.status': 500, trace_id: LOG.traceId, span_id: LOG.spanId },
  });
  assert.deepEqual(second, {
    agent: 'alpha',
    host: 'alpha',
    service: 'unknown_service',
    level: 10,
    sender: 'otlp',
    message: '{"a":[1]}',
    time: TIME + 1,
    fields: { severity_text: 'notice' },
  });
  assert.deepEqual([third?.message, third?.level, more.length], ['good', 9, 0]);
});

test('what is refused is told as a status of gRPC, in the form that was asked in', async (t) => {
  leakCheck(t);
  const limits = { recordsPerSecond: 1e9, bytesPerSecond: 10 };
  const hub = await startHub(t, { routes: [registerOtlp], wrap: busyAtFirst(1), limits });
  const token = hub.agentToken('alpha');
  const send = async (body: string | Buffer, more: Record<string, string> = {}) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...more };
    const answer = await fetch(`${hub.url}/v1/logs`, { method: 'POST', headers, body: Buffer.from(body) });
    return [answer.status, answer.headers.get('retry-after'), await answer.text()];
  };
  const status = (code: number, message: string): string => JSON.stringify({ code, message });
  const empty = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}';
  assert.deepEqual(await send('x'), [400, null, status(3, 'cannot read the logs: it is no JSON')]);
  assert.deepEqual(await send(Buffer.from('ff', 'hex'), { 'content-type': 'application/x-protobuf' }), [
    400,
    null,
    '\x08\x03\x12\x2dcannot read the logs: it ends within a number',
  ]);
  assert.deepEqual(await send(empty, { 'content-type': 'text/plain' }), [
    415,
    null,
    status(3, 'cannot read logs of this type: send JSON or protobuf'),
  ]);
  const huge = gzipSync(Buffer.alloc(30 * 1024 * 1024));
  const [large] = await send(huge, { 'content-encoding': 'gzip' });
  assert.equal(large, 413);
  assert.deepEqual(await send(empty, { authorization: 'Bearer x' }), [
    401,
    null,
    status(16, 'cannot let you in: the token is not known'),
  ]);
  const [forbidden] = await send(empty, { authorization: `Bearer ${hub.userToken('u', 'admin')}` });
  assert.equal(forbidden, 403);
  const busy = 'cannot take more now: too much waits to be stored';
  assert.deepEqual(await send(empty), [503, '1', status(14, busy)]);
  const [limited, after] = await send(empty);
  assert.deepEqual([limited, Number(after) > 0], [429, true]);
});
