import assert from 'node:assert/strict';
import type * as Http from 'node:http';
import * as http from '../../core/http.ts';
import * as net from 'node:net';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTestService } from '../../../test/rig/embedded.ts';
import { onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';
import type { EmbeddedServiceSpec } from '../embedded/service.ts';
import { readyOnDescriptor } from './notify.ts';
import type { Readiness, Sign } from './readiness.ts';

const PACE = { everyMs: 20, timeoutMs: 300 };

/** A service that has to show the sign, started as the daemon does it. */
async function started(
  t: TestContext,
  sign: Sign,
  spec: Partial<EmbeddedServiceSpec> = {},
  withinMs = 20_000,
) {
  const ready: Readiness = { sign, withinMs };
  const made = await createTestService(t, { spec: { ready, ...spec } });
  made.service.start('boot');
  const isReady = () =>
    until(() => made.service.snapshot().ready === true, { what: 'the service to be ready' });
  const isLate = () =>
    until(() => made.messages('flip').find((message) => message.startsWith('not ready')), {
      what: 'the service to be late',
    });
  return { ...made, isReady, isLate };
}

function sh(script: string): Partial<EmbeddedServiceSpec> {
  return { argv: ['/bin/sh', '-c', script] };
}

async function listen(t: TestContext, server: net.Server | Http.Server, port = 0): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onEnd(t, async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as net.AddressInfo).port;
}

/** A port on which nobody listens now. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a newline on the descriptor is ready; what comes before and after it does no harm', async (t) => {
  const script =
    'printf up >&5; read line; echo >&5; echo more >&5; echo "fd $VAHTI_READY_FD" still here; exec sleep 1000';
  const { isReady, messages, service } = await started(
    t,
    { kind: 'fd', fd: 5 },
    sh(script.replace('read line; ', '')),
  );
  await isReady();
  await until(() => messages('log').includes('fd 5 still here'), { what: 'its line' });
  assert.match(messages('flip')[0] ?? '', /^ready after .*: a newline on descriptor 5$/);
  assert.equal(messages('flip').length, 1);
  const { ready, readyAt, startedAt } = service.snapshot();
  assert.ok(ready === true && (readyAt ?? 0) >= (startedAt ?? Infinity));
});

test('a descriptor that is closed without a newline is late, which is said', async (t) => {
  const { isLate } = await started(t, { kind: 'fd', fd: 3 }, sh('exec 3>&-; exec sleep 1000'), 400);
  assert.match(await isLate(), /^not ready within 400ms: descriptor 3 was closed without a newline$/);
});

test('the pipe is there for the whole life, whichever number it has, and closed behind it', async (t) => {
  const { isReady, service } = await started(t, { kind: 'fd', fd: 9 }, sh('echo >&9; exec sleep 1000'));
  await isReady();
  const first = service.snapshot().life;
  process.kill(service.snapshot().pid as number, 'SIGKILL');
  await until(() => service.snapshot().life !== first && service.snapshot().ready, { what: 'the next life' });
});

test('a line is the one of this life, in either stream; it comes first in the time line', async (t) => {
  const { rig, isReady, service, drafts } = await started(t, { kind: 'line', text: 'is ready' });
  const first = await rig.nextChild();
  await first.print('stdout', 'it IS READY, nearly; is rea');
  await first.print('stderr', 'is');
  assert.equal(service.snapshot().ready, false);
  await first.print('stderr', ' ready\n');
  // Cut over two chunks and two streams as it was: only a whole line counts.
  await isReady();
  const about = drafts.filter(({ kind, message }) => kind === 'flip' || message === 'is ready');
  assert.deepEqual(
    about.map(({ kind }) => kind),
    ['log', 'flip'],
  );
  assert.deepEqual(about[1]?.fields?.['subject'], 'ready');
  first.exit(1);
  const second = await rig.nextChild();
  assert.equal(service.snapshot().ready, false, 'what the last life said counts no more');
  await second.print('stdout', 'x is ready x\n');
  await isReady();
});

test('an address is ready when it takes a connection', async (t) => {
  const port = await freePort();
  const { rig, isReady, messages, service } = await started(t, {
    kind: 'tcp',
    host: '127.0.0.1',
    port,
    ...PACE,
  });
  await rig.nextChild();
  assert.equal(service.snapshot().ready, false);
  await listen(t, net.createServer(), port);
  await isReady();
  assert.equal(messages('flip')[0]?.split(': ')[1], `a connection to 127.0.0.1:${port}`);
});

test('nobody at the address is said, with the address', async (t) => {
  const port = await freePort();
  const { isLate } = await started(t, { kind: 'tcp', host: '127.0.0.1', port, ...PACE }, {}, 300);
  assert.equal(await isLate(), `not ready within 300ms: nothing listens on 127.0.0.1:${port}`);
});

test('a server is ready when it answers as expected; until then its status is told', async (t) => {
  let status = 503;
  let asked = 0;
  const server = http.createServer((_request, response) => {
    asked += 1;
    // A body without an end must not keep anybody.
    response.writeHead(status).write('x');
  });
  const url = `http://127.0.0.1:${await listen(t, server)}/ready`;
  const expect = 'status >= 200 and status < 300';
  const { rig, isReady, service } = await started(t, { kind: 'http', url, expect, ...PACE });
  await rig.nextChild();
  await until(() => asked >= 2, { what: 'two questions' });
  assert.equal(service.snapshot().ready, false);
  status = 201;
  await isReady();
  const before = asked;
  await until(() => service.snapshot().ready, { what: 'it stays ready' });
  assert.equal(asked, before, 'nothing is asked any more');
});

test('a wrong answer and no answer at all are late, each in its words', async (t) => {
  const wrong = http.createServer((_request, response) => response.writeHead(302, { location: '/' }).end());
  const deaf = http.createServer(() => {});
  const sign = (port: number) =>
    ({
      kind: 'http',
      url: `http://127.0.0.1:${port}/`,
      expect: 'status == 200',
      everyMs: 20,
      timeoutMs: 100,
    }) as const;
  const first = await started(t, sign(await listen(t, wrong)), {}, 500);
  assert.match(
    await first.isLate(),
    /^not ready within 500ms: http:\/\/127.* answers: status is 302, expected == 200$/,
  );
  const second = await started(t, sign(await listen(t, deaf)), {}, 500);
  assert.equal(await second.isLate(), 'not ready within 500ms: no answer within 100 ms');
});

test('a life that is late is ended, and the next is paced: three at once, then a wait', async (t) => {
  const spec = { ...sh('echo life; exec sleep 1000'), restart: { fast: 2, backoffMinMs: 60_000 } };
  const { reaches, service, messages } = await started(t, { kind: 'line', text: 'never' }, spec, 200);
  await reaches('waiting');
  assert.equal(messages('start').length, 3);
  const { lane, failures, lastExit, ready } = service.snapshot();
  assert.deepEqual([lane, failures, ready], ['backoff', 3, false]);
  assert.match(lastExit?.message ?? '', /^ended by SIGTERM after/);
  assert.equal(lastExit?.level, 17);
  assert.deepEqual(messages('flip').slice(0, 1), ['not ready within 200ms: no line had "never"']);
});

test('what has no deadline may take as long as it likes', async (t) => {
  const made = await createTestService(t, {
    spec: { ready: { sign: { kind: 'fd', fd: 3 }, withinMs: null } },
  });
  made.service.start('boot');
  await made.rig.nextChild();
  assert.equal(made.service.snapshot().ready, false);
  const none = await createTestService(t);
  none.service.start('boot');
  const child = await none.rig.nextChild();
  assert.deepEqual([none.service.snapshot().ready, (await child.env())['VAHTI_READY_FD']], [null, undefined]);
});

test('a daemon that is a service itself does not hand its own descriptor on', async (t) => {
  const { rig, service } = await createTestService(t);
  await service.dispose();
  const { service: inner } = await createTestService(t, {
    spec: { argv: rig.argv, env: () => ({ ok: true, value: { ...rig.env, VAHTI_READY_FD: '3' } }) },
  });
  inner.start('boot');
  assert.equal((await (await rig.nextChild()).env())['VAHTI_READY_FD'], undefined);
});

test('a built-in kind writes one newline, once, where it was asked to, and keeps the variable from its children', (t) => {
  const file = join(tempFolder(t), 'notify');
  const fd = openSync(file, 'w');
  const given = { VAHTI_READY_FD: String(fd) };
  for (const env of [
    { ...given, VAHTI_SERVICE: 'other' },
    { ...given },
    { VAHTI_SERVICE: 'a', VAHTI_READY_FD: '1' },
  ])
    readyOnDescriptor(env, 'a')();
  assert.equal(readFileSync(file, 'utf8'), '');
  const env = { ...given, VAHTI_SERVICE: 'a' };
  const ready = readyOnDescriptor(env, 'a');
  assert.deepEqual(env, { VAHTI_SERVICE: 'a' });
  ready();
  ready();
  assert.equal(readFileSync(file, 'utf8'), '\n');
  assert.throws(() => closeSync(fd), { code: 'EBADF' });
});
