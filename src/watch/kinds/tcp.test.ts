import assert from 'node:assert/strict';
import * as net from 'node:net';
import { test } from 'node:test';
import { onEnd } from '../../../test/rig/leaks.ts';
import { complaints, openWatch } from '../../../test/rig/watching.ts';
import { troubleOf } from './connecting.ts';
import { parseAddress } from '../../core/address.ts';
import { judgeTcp, tcp } from './tcp.ts';

test('a connection is judged', () => {
  const error = (code: string) =>
    ({ kind: 'error', trouble: troubleOf(Object.assign(new Error(code), { code })) }) as const;
  for (const [outcome, verdict, value, reason] of [
    [{ kind: 'connected', ms: 3 }, 'ok', 'connected in 3ms', 'h:1 takes connections'],
    [{ kind: 'timeout', ms: 5000 }, 'bad', null, 'no connection to h:1 within 5s'],
    [error('ECONNREFUSED'), 'bad', null, 'cannot connect to h:1: nothing listens there'],
    [error('EAI_AGAIN'), 'unknown', null, 'cannot connect to h:1: its name cannot be resolved now'],
  ] as const)
    assert.deepEqual(judgeTcp('h:1', outcome), { verdict, value, reason });
});

test('an address has a host and a port', () => {
  assert.deepEqual(parseAddress('localhost:5432'), { host: 'localhost', port: 5432 });
  assert.deepEqual(parseAddress('[::1]:80'), { host: '::1', port: 80 });
  for (const address of ['localhost', ':80', 'a:0', 'a:65536', '::1:80', 'a b:1', 'http://a:1'])
    assert.notEqual(complaints(tcp, { address }).length, 0, address);
});

test('a real socket is connected to, refused, or bad at the deadline', async (t) => {
  const server = net.createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const close = () => new Promise((resolve) => server.close(resolve));
  const { look } = openWatch(t, tcp, { address: `127.0.0.1:${port}` });
  onEnd(t, () => (server.listening ? close() : undefined));
  assert.equal((await look()).verdict, 'ok');
  assert.match((await look({ timeoutMs: 0 })).reason, /^no connection to 127\.0\.0\.1:\d+ within \d+ms$/);
  await close();
  assert.equal((await look()).reason, `cannot connect to 127.0.0.1:${port}: nothing listens there`);
});
