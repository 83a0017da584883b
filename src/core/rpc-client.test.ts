import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { all, type Api, folder, fresh, methods, serve, until } from '../../test/rig/rpc.ts';
import { systemClock } from './clock.ts';
import { silentLog } from './log.ts';
import { callRpc, streamRpc } from './rpc-client.ts';
import { serveRpc } from './rpc.ts';

/** A server that says what it is told to, whatever is asked. */
async function sayer(say: (socket: Socket) => void): Promise<{ path: string; stop: () => void }> {
  const path = fresh();
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket.on('error', () => {}));
    socket.once('data', () => say(socket));
  });
  server.listen(path);
  await once(server, 'listening');
  const stop = (): void => {
    server.close();
    for (const socket of connections) socket.destroy();
  };
  return { path, stop };
}

test('a slow loop around a stream slows the far side down, and gets everything', async () => {
  const { client, seen } = await serve();
  let expected = 1;
  for await (const got of client.stream('count', { to: 400, size: 10_000 })) {
    assert.ok(got.ok && got.value.n === expected);
    if (expected === 1) {
      let before = -1;
      while (seen.made !== before) {
        before = seen.made;
        await systemClock.sleep(20);
      }
      assert.ok(seen.made < 300, `made ${seen.made}`);
    }
    expected += 1;
  }
  assert.equal(expected, 401);
});

test('a path longer than an address can hold works at both ends', async () => {
  const deep = join(folder, 'd'.repeat(100), 'ä'.repeat(50));
  mkdirSync(deep, { recursive: true });
  const path = join(deep, 'control.sock');
  const before = readdirSync('/proc/self/fd').length;
  const { client, server } = await serve({}, path);
  assert.ok(lstatSync(path).isSocket());
  for (let i = 0; i < 5; i += 1)
    assert.deepEqual(await client.call('add', { a: i }), { ok: true, value: i + 1 });
  assert.equal((await all(client.stream('count', { to: 3 }))).items.length, 3);
  const second = await serveRpc<Api>({
    path,
    methods: methods(),
    log: silentLog,
    mode: 0o600,
  });
  assert.equal(!second.ok && second.error.kind, 'in-use');
  await server.close();
  assert.deepEqual(readdirSync(deep), []);
  await until(() => readdirSync('/proc/self/fd').length <= before);
  const gone = await client.call('add', { a: 1 });
  assert.equal(!gone.ok && gone.error.kind, 'not-running');
  const nowhere = await callRpc(join(deep, 'none', 'x.sock'), 'add', {});
  assert.equal(!nowhere.ok && nowhere.error.kind, 'not-running');
});

test('a client tells a far side that is slow, gone, broken or closed to it from one that answers', async () => {
  const kind = async (path: string, options = {}): Promise<string | false> => {
    const got = await callRpc(path, 'x', {}, { timeoutMs: 5_000, ...options });
    return !got.ok && got.error.kind;
  };
  assert.equal(await kind(fresh()), 'not-running');
  const silent = await sayer(() => {});
  assert.equal(await kind(silent.path, { timeoutMs: 30 }), 'timeout');
  assert.equal(await kind(silent.path, { signal: AbortSignal.abort() }), 'broken');
  const control = new AbortController();
  const given = kind(silent.path, { signal: control.signal });
  control.abort();
  assert.equal(await given, 'broken');
  silent.stop();
  for (const words of [
    '',
    'x\n',
    '{"value":1',
    '{}\n',
    '[]\n',
    '7\n',
    '{"error":{}}\n',
    '{"error":{"code":1,"message":"x"}}\n',
    '{"item":1}\n',
    '{"end":true}\n',
  ]) {
    const far = await sayer((socket) => void socket.end(words));
    assert.equal(await kind(far.path), 'broken', words);
    far.stop();
  }
  const rude = await sayer((socket) => void socket.destroy());
  assert.equal(await kind(rude.path), 'broken');
  rude.stop();
  const half = await sayer((socket) => void socket.end('{"item":1}\n{"item":2}\n'));
  const { items, failure } = await all(streamRpc(half.path, 'x', {}));
  assert.deepEqual([items, failure?.kind], [[1, 2], 'broken']);
  half.stop();
});

test('no permission is told from not running', {
  skip: process.getuid?.() !== 0 && 'needs another user',
}, async () => {
  const { path } = await serve();
  chmodSync(folder, 0o755);
  const script = `
    const { callRpc } = await import(${JSON.stringify(new URL('rpc-client.ts', import.meta.url).href)});
    process.setuid(65534);
    const got = await callRpc(process.argv[1], 'add', { a: 1 });
    console.log(got.ok ? 'answered' : got.error.kind);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(String(said).trim(), 'refused');
  await once(child, 'exit');
});

test('an aborted stream ends without a word', async () => {
  const { client, seen } = await serve();
  const control = new AbortController();
  const stream = client.stream('forever', {}, { signal: control.signal })[Symbol.asyncIterator]();
  assert.deepEqual((await stream.next()).value, { ok: true, value: 1 });
  const next = stream.next();
  control.abort();
  assert.equal((await next).done, true);
  await until(() => seen.aborted === 1);
  assert.deepEqual(await all(client.stream('forever', {}, { signal: AbortSignal.abort() })), { items: [] });
});
