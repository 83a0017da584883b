import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { busyAtFirst, storedLines, untilStored } from '../../../../test/rig/foreign-doors.ts';
import { startHub, type TestHub, type TestHubOptions } from '../../../../test/rig/hub-server.ts';
import { leakCheck, onEnd } from '../../../../test/rig/leaks.ts';
import { until } from '../../../../test/rig/wait.ts';
import { openSyslog } from './door.ts';

async function open(t: TestContext, options: TestHubOptions = {}): Promise<{ hub: TestHub; port: number }> {
  leakCheck(t);
  const hub = await startHub(t, options);
  const opened = await openSyslog({ host: '127.0.0.1', port: 0, agent: 'net' }, hub.doors);
  assert.ok(opened.ok, opened.ok ? '' : opened.error);
  onEnd(t, () => opened.value.close());
  return { hub, port: opened.value.port };
}

async function dial(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onEnd(t, () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const MESSAGE = '<165>1 2026-11-22T01:02:03.000004Z alpha sshd 12 ID1 [vahti@32473 unit="a"][x@1 y="z"] in';

test('messages come by TCP, in both framings, and by UDP, and are stored under the agent that the config names', async (t) => {
  const { hub, port } = await open(t);
  const socket = await dial(t, port);
  socket.end(`${MESSAGE.length + 1} ${MESSAGE}\n<11>no time\nnot ended`);
  await untilStored(hub.store, 3);
  const udp = createSocket('udp4');
  onEnd(t, () => udp.close());
  udp.send('<15>Nov 22 01:02:03 beta cron[7]: out\n', port, '127.0.0.1');
  const [first, second, third, fourth] = await untilStored(hub.store, 4);
  assert.deepEqual(first, {
    agent: 'net',
    host: 'alpha',
    service: 'sshd',
    level: 10,
    sender: 'syslog',
    message: 'in',
    time: Date.parse('2026-11-22T01:02:03Z') * 1000 + 4,
    fields: { facility: 'local4', pid: '12', msgid: 'ID1', unit: 'a', 'x@1.y': 'z' },
  });
  const { message, host, level, service } = second ?? {};
  assert.deepEqual([message, host, level, service], ['no time', '127.0.0.1', 17, 'unknown_service']);
  assert.equal(third?.message, 'not ended');
  assert.deepEqual(
    [fourth?.host, fourth?.service, fourth?.level, fourth?.fields],
    ['beta', 'cron', 5, { facility: 'user', pid: '7' }],
  );
});

test('while the store is busy a connection is not read, and nothing of it is lost', async (t) => {
  const { hub, port } = await open(t, { wrap: busyAtFirst(1) });
  const socket = await dial(t, port);
  const lines = Array.from({ length: 5000 }, (_, index) => `<13>1 - h a - - - ${index}\n`).join('');
  socket.end(lines);
  const stored = await untilStored(hub.store, 5000);
  assert.deepEqual(
    stored.map(({ message }) => Number(message)),
    Array.from({ length: 5000 }, (_, index) => index),
  );
  const counts = hub.doors.counters.read().map(({ what, value }) => [what, value]);
  assert.deepEqual(counts, [
    ['deferred', 1],
    ['stored', 5000],
  ]);
});

test('what comes by UDP while too much waits is counted as lost', async (t) => {
  const { hub, port } = await open(t, { wrap: busyAtFirst(1e9) });
  const udp = createSocket('udp4');
  onEnd(t, () => udp.close());
  const large = Buffer.from(`<13>${'x'.repeat(60_000)}`);
  const dropped = (): number => hub.doors.counters.read().find(({ what }) => what === 'dropped')?.value ?? 0;
  await until(
    () => {
      for (let index = 0; index < 20; index++) udp.send(large, port, '127.0.0.1');
      return dropped() > 0;
    },
    { what: 'a datagram that has no room' },
  );
  assert.deepEqual(await storedLines(hub.store), []);
});

test('a message without an end is cut, and the connection goes on', async (t) => {
  const { hub, port } = await open(t);
  const socket = await dial(t, port);
  socket.write(`<13>1 - h a - - - ${'é'.repeat(200_000)}`);
  socket.end('\n<13>1 - h a - - - next\n');
  const [first, second] = await untilStored(hub.store, 2);
  assert.equal(first?.message, 'é'.repeat(65_536));
  assert.match(
    String(first?.fields['vahti.cut']),
    /^the end of the message \(\d+ bytes\), message \(\d+ characters\)$/,
  );
  assert.equal(second?.message, 'next');
});

test('an address that is taken is told', async (t) => {
  const { hub, port } = await open(t);
  const again = await openSyslog({ host: '127.0.0.1', port, agent: 'net' }, hub.doors);
  const error = `cannot listen on 127.0.0.1:${port} for syslog: the address is in use`;
  assert.deepEqual(again, { ok: false, error });
});
