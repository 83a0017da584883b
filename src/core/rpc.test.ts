import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { all, type Api, folder, fresh, methods, open, serve, until } from '../../test/rig/rpc.ts';
import { systemClock } from './clock.ts';
import { silentLog } from './log.ts';
import { callRpc } from './rpc-client.ts';
import { type RpcServer, serveRpc } from './rpc.ts';

test('closing ends streams with a word, lets a call finish, cuts what is left, and takes the socket away', async () => {
  const { client, path, server, seen } = await serve();
  const idle = open(path);
  await once(idle, 'connect');
  const idleClosed = once(idle, 'close');
  const stream = all(client.stream('forever', {}));
  const deaf = all(client.stream('deaf', {}));
  const cut = client.call('wait', {});
  await until(() => server.connections === 4);
  await systemClock.sleep(20);
  const start = systemClock.monotonic();
  await Promise.all([server.close(), server.close()]);
  assert.ok(systemClock.monotonic() - start < 1_500);
  assert.equal(server.connections, 0);
  assert.deepEqual(
    readdirSync(folder).filter((name) => path.endsWith(name.slice(0, 6))),
    [],
  );
  for (const answer of [await stream, await deaf]) {
    assert.deepEqual(answer.items, [1]);
    assert.equal(answer.failure?.kind === 'error' && answer.failure.code, 'closing');
  }
  const answer = await cut;
  assert.equal(!answer.ok && answer.error.kind, 'broken');
  assert.equal(seen.aborted, 2);
  await idleClosed;
  const gone = await client.call('add', { a: 1 });
  assert.equal(!gone.ok && gone.error.kind, 'not-running');
});

test('a call that closes its own server gets its answer', async () => {
  const path = fresh();
  let server: RpcServer | undefined;
  let closed: Promise<void> | undefined;
  const served = await serveRpc<{ down: { params: unknown; value: string } }>({
    path,
    mode: 0o600,
    log: silentLog,
    methods: {
      down: {
        params: v.unknown(),
        handle: async () => {
          closed = server?.close();
          await systemClock.sleep(20);
          return 'going down';
        },
      },
    },
  });
  assert.ok(served.ok);
  server = served.value;
  assert.deepEqual(await callRpc(path, 'down', {}), { ok: true, value: 'going down' });
  await closed;
});

test('the socket has its permissions from its first moment', async () => {
  for (const mode of [0o600, 0o660] as const) {
    const path = fresh();
    const umask = process.umask();
    await serve({}, path, mode);
    assert.equal(lstatSync(path).mode & 0o777, mode);
    assert.equal(process.umask(), umask);
    assert.equal(existsSync(`${path}.new`), false);
  }
});

test('a stale socket is replaced, a living one and a file are not', async () => {
  const path = fresh();
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  assert.equal(spawnSync(process.execPath, ['-e', script]).signal, 'SIGKILL');
  assert.ok(lstatSync(path).isSocket());
  mkdirSync(`${path}.new`);
  writeFileSync(join(`${path}.new`, 's'), 'left by a kill');
  const { server } = await serve({}, path);
  const options = {
    path,
    methods: methods(),
    log: silentLog,
    mode: 0o600,
  } as const;
  const second = await serveRpc<Api>(options);
  assert.equal(!second.ok && second.error.kind, 'in-use');
  assert.ok((await callRpc(path, 'add', { a: 1 })).ok);
  await server.close();
  assert.equal(existsSync(path), false);
  writeFileSync(path, 'mine');
  const third = await serveRpc<Api>(options);
  assert.equal(!third.ok && third.error.kind, 'not-a-socket');
  const nowhere = await serveRpc<Api>({ ...options, path: join(folder, 'none', 'x.sock') });
  assert.equal(!nowhere.ok && nowhere.error.kind, 'unusable');
});

test('a server that closes late leaves the socket of its successor alone', async () => {
  const path = fresh();
  const first = await serve({}, path);
  rmSync(path);
  const second = await serve({}, path);
  await first.server.close();
  assert.deepEqual(await second.client.call('add', { a: 1 }), { ok: true, value: 2 });
});
