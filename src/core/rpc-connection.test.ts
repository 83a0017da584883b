import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import * as v from 'valibot';
import { all, fresh, open, raw, serve, until } from '../../test/rig/rpc.ts';
import { silentLog } from './log.ts';
import { callRpc } from './rpc-client.ts';
import { serveRpc } from './rpc.ts';

test('a call is answered with its value', async () => {
  const { client, path } = await serve();
  assert.deepEqual(await client.call('add', { a: 1, b: 2 }), { ok: true, value: 3 });
  assert.deepEqual(await client.call('nothing', undefined), { ok: true, value: null });
  assert.equal(await raw(path, '{"v":1,"method":"add","params":{"a":41}}\n'), '{"value":42}\n');
});

test('a stream is answered item by item, with an end', async () => {
  const { client, path } = await serve();
  const { items, failure } = await all(client.stream('count', { to: 500 }));
  assert.equal(failure, undefined);
  assert.deepEqual(
    items.map((item) => item.n),
    Array.from({ length: 500 }, (_, i) => i + 1),
  );
  assert.equal(
    await raw(path, '{"v":1,"method":"count","params":{"to":1}}\n'),
    '{"item":{"n":1,"pad":""}}\n{"end":true}\n',
  );
});

test('an error of a method comes with code, message and data; another one is logged and kept to itself', async () => {
  const { client, logged } = await serve();
  const error = {
    kind: 'error',
    code: 'unknown-service',
    message: 'cannot stop clokc: no such service',
    data: { did: 'clock' },
  };
  assert.deepEqual(await client.call('fail', { how: 'rpc' }), { ok: false, error });
  for (const how of ['other', 'unwritable']) {
    const failed = await client.call('fail', { how });
    assert.ok(!failed.ok && failed.error.kind === 'error');
    assert.equal(failed.error.code, 'internal');
    assert.doesNotMatch(failed.error.message, /secret/);
  }
  assert.equal(logged.length, 2);
  assert.match(logged[0] ?? '', /cannot answer fail: secret detail/);
  const { items, failure } = await all(client.stream('count', { to: 1000 }));
  assert.equal(items.length, 665);
  assert.deepEqual(failure, { kind: 'error', code: 'number', message: 'cannot count on' });
  assert.ok((await client.call('add', { a: 1 })).ok, 'the server goes on');
});

test('a wrong request is told what is wrong, by field', async () => {
  const { path } = await serve();
  const code = async (line: string | Uint8Array): Promise<string> => {
    const { error } = JSON.parse(await raw(path, line)) as { error: { code: string; message: string } };
    return `${error.code}: ${error.message}`;
  };
  assert.match(
    await code('{"v":1,"method":"add","params":{"a":"x"}}\n'),
    /^bad-request: cannot call add: a: .*number/,
  );
  assert.match(await code('{"v":1,"method":"add"}\n'), /^bad-request: cannot call add: a: /);
  assert.equal(
    await code('{"v":1,"method":"ad","params":{}}\n'),
    'unknown-method: cannot call ad: no such method',
  );
  assert.match(await code('{"v":1,"method":"__proto__"}\n'), /^unknown-method/);
  assert.match(await code('{"v":1,"method":"toString"}\n'), /^unknown-method/);
  assert.match(await code('{"v":2,"method":"add"}\n'), /^bad-request: cannot read the request: v: /);
  assert.match(await code('hello\n'), /^bad-request: .*not a line of JSON/);
  assert.match(await code('null\n'), /^bad-request/);
  assert.match(await code(Buffer.from([0x22, 0xff, 0x22, 0x0a])), /^bad-request: .*not a line of JSON/);
  assert.match(await code('{"v":1,"method":"nothing"}\n{"v":1}\n'), /^bad-request: .*more than one line/);
  assert.match(await code('x'.repeat(1024 * 1024 + 1)), /^bad-request: .*longer than 1048576 bytes/);
});

test('a request of the greatest length that comes in many pieces is answered', async () => {
  const { path } = await serve();
  const head = '{"v":1,"method":"add","params":{"a":1},"pad":"';
  const line = `${head}${'x'.repeat(1024 * 1024 - head.length - 2)}"}`;
  assert.equal(line.length, 1024 * 1024);
  assert.equal(await raw(path, `${line}\n`), '{"value":2}\n');
});

test('a connection that asks nothing is closed', async () => {
  const { path, server } = await serve({ idleMs: 30 });
  assert.equal(await raw(path, ''), '');
  assert.equal(await raw(path, '{"v":1,'), '');
  await until(() => server.connections === 0);
});

test('whoever is one too many is told so, and others come in again when there is room', async () => {
  const { client, server, seen } = await serve({ connections: 3 });
  const control = new AbortController();
  const waiting = [1, 2, 3].map(() => client.call('wait', {}, { signal: control.signal }));
  await until(() => server.connections === 3);
  const refused = await client.call('add', { a: 1 });
  assert.equal(!refused.ok && refused.error.kind === 'error' && refused.error.code, 'busy');
  control.abort();
  for (const call of waiting) assert.equal((await call).ok, false);
  await until(() => server.connections === 0 && seen.aborted === 3);
  assert.ok((await client.call('add', { a: 1 })).ok);
});

test('a caller that hangs up aborts its call, and nobody else', async () => {
  const { client, path, seen, server } = await serve();
  const other = client.stream('forever', {})[Symbol.asyncIterator]();
  await other.next();
  for await (const _ of client.stream('forever', {})) break;
  await until(() => seen.aborted === 1 && seen.ended === 1);
  const socket = open(path);
  socket.end('{"v":1,"method":"wait"}\n');
  await until(() => seen.aborted === 2);
  for await (const _ of client.stream('deaf', {})) break;
  await until(() => server.connections === 1);
  await other.return?.();
  await until(() => server.connections === 0);
});

test('what has answered is not aborted afterwards', async () => {
  let aborted = false;
  const path = fresh();
  const served = await serveRpc<{ ask: { params: unknown; value: number } }>({
    path,
    mode: 0o600,
    log: silentLog,
    methods: {
      ask: {
        params: v.unknown(),
        handle: (_, { signal }) => {
          signal.addEventListener('abort', () => (aborted = true));
          return 1;
        },
      },
    },
  });
  assert.ok(served.ok);
  assert.ok((await callRpc(path, 'ask', {})).ok);
  await served.value.close();
  assert.equal(aborted, false);
});

test('a slow reader holds up its own stream and nothing else', async () => {
  const { client, path, seen } = await serve();
  const socket = open(path);
  socket.pause();
  socket.write('{"v":1,"method":"count","params":{"to":100000,"size":10000}}\n');
  await until(() => seen.made > 0);
  let before = -1;
  while (seen.made !== before) {
    before = seen.made;
    for (let i = 0; i < 10; i += 1) assert.ok((await client.call('add', { a: i })).ok);
  }
  assert.ok(seen.made < 500, `made ${seen.made} items for nobody`);
  socket.destroy();
  await until(() => seen.ended === 1);
});

test('whatever bytes come, in whatever pieces, each connection ends, and the server goes on without a leak', async () => {
  const { path, client, server } = await serve({ idleMs: 20, requestBytes: 300 });
  const line = fc.oneof(
    fc.constantFrom(
      '{"v":1,"method":"add","params":{"a":1}}\n',
      '{"v":1,"method":"fail","params":{"how":"x"}}\n',
      '{"v":1,"method":"count","params":{"to":50}}\n',
      '\n',
      '\0\n',
    ),
    fc.json().map((json) => `${json}\n`),
    fc
      .record({ v: fc.constantFrom(1, 2), method: fc.string(), params: fc.jsonValue() })
      .map((request) => `${JSON.stringify(request)}\n`),
    fc.string({ maxLength: 400 }),
  );
  const bytes = fc.oneof(
    line.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array)),
  );
  const before = readdirSync('/proc/self/fd').length;
  await fc.assert(
    fc.asyncProperty(
      fc.array(bytes, { maxLength: 4 }),
      fc.constantFrom('wait', 'end', 'destroy'),
      async (pieces, how) => {
        const socket = open(path);
        socket.resume();
        // The server may hang up with bytes of ours unread, which the kernel tells as a reset.
        socket.on('error', () => {});
        const closed = new Promise((resolve) => socket.once('close', resolve));
        for (const piece of pieces) if (socket.writable) socket.write(piece);
        if (how === 'end') socket.end();
        if (how === 'destroy') socket.destroy();
        await closed;
      },
    ),
    { numRuns: 300 },
  );
  assert.ok((await client.call('add', { a: 1 })).ok);
  await until(() => server.connections === 0 && readdirSync('/proc/self/fd').length <= before);
});
