import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { createFakeClock } from '../../../../test/rig/fake-clock.ts';
import { leakCheck, onEnd } from '../../../../test/rig/leaks.ts';
import { until, within } from '../../../../test/rig/wait.ts';
import { startWatchdogHub } from '../../../../test/rig/watchdog-hub.ts';

test('connections are limited, and who is too many is told', async (t) => {
  leakCheck(t);
  const hub = await startWatchdogHub(t, { socketOptions: { most: 2, mostStrangers: 3 } });
  const token = hub.agentToken('few');
  const first = await hub.join(token);
  await hub.join(token);
  const third = await hub.open();
  const answer = await third.ask({ action: 'auth', token, v: 2 });
  assert.match(JSON.stringify(answer), /"later","message":"cannot let you in: too many connections/);
  assert.equal(await within(third.closed, { what: 'the third to be closed' }), 4429);
  await first.close();
  await until(() => hub.sockets.count() === 1, { what: 'the first to be gone' });
  await hub.join(token);
  const strangers = await Promise.all([hub.open(), hub.open(), hub.open()]);
  const fourth = await hub.open();
  assert.equal(await within(fourth.closed, { what: 'the fourth stranger to be closed' }), 4429);
  await strangers[0].close();
  await until(() => hub.sockets.count() === 4, { what: 'the stranger to be gone' });
  await hub.join(hub.agentToken('other'));
});

test('who takes nothing of his answers is read no more, and cut off after a while', async (t) => {
  leakCheck(t);
  const clock = createFakeClock(Date.now());
  const hub = await startWatchdogHub(t, { clock });
  const token = hub.agentToken('lazy');
  const client = await hub.join(token, { v: 2 });
  await client.ask({ action: 'insertConfig', config: 'x'.repeat(260_000) });
  client.ws.pause();
  let asked = 0;
  const ask = (): void => {
    for (let count = 0; count < 500; count++) client.send({ action: 'getConfig', id: asked++ });
  };
  ask();
  await until(() => client.ws.bufferedAmount === 0, { what: 'the questions to be on their way' });
  const garbage = 'x'.repeat(1_000_000);
  for (let count = 0; count < 30; count++) client.ws.send(garbage);
  const other = await hub.join(token);
  await clock.advance(20_000);
  for (let count = 0; count < 100; count++)
    assert.equal((await other.ask({ action: 'ping' }))['success'], true);
  assert.ok(client.ws.bufferedAmount > 10_000_000);
  await clock.advance(15_000);
  await until(() => hub.sockets.count() === 1, { what: 'it to be cut off' });
  client.ws.resume();
  await within(client.closed, { what: 'the connection to be over' });
  assert.ok(client.frames.length < 100);
});

test('what breaks the protocol of WebSockets ends the connection, not the hub', async (t) => {
  leakCheck(t);
  const clock = createFakeClock(Date.now());
  const hub = await startWatchdogHub(t, { clock });
  const { port } = new URL(hub.url);
  const client = new WebSocket(hub.wsUrl);
  onEnd(t, () => client.terminate());
  const raw = connect(Number(port), '127.0.0.1');
  onEnd(t, () => raw.destroy());
  raw.on('error', () => {});
  raw.write(
    `GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
  );
  await until(() => hub.sockets.count() === 2, { what: 'two connections' });
  raw.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
  // It is told why, and has a moment to say goodbye.
  let told = Buffer.alloc(0);
  raw.on('data', (data: Buffer) => (told = Buffer.concat([told, data])));
  await until(() => told.includes(Buffer.from([0x88, 2, 0x03, 0xea])), { what: 'it to be told 1002' });
  await clock.advance(6000);
  await until(() => hub.sockets.count() === 1, { what: 'the broken one to be gone' });
});

test('who is not let in yet may not fill the memory with a frame that never ends', async (t) => {
  leakCheck(t);
  const clock = createFakeClock(Date.now());
  const hub = await startWatchdogHub(t, { clock });
  const client = await hub.open();
  client.ws.send('x'.repeat(1_000_000), { fin: false });
  await until(() => client.ws.bufferedAmount === 0, { what: 'it to be on its way' });
  // The sweep sees it as soon as it has come.
  await until(async () => (await clock.advance(1000), hub.sockets.count() === 0), {
    what: 'it to be cut off',
    deadlineMs: 5000,
  });
  assert.equal(await within(client.closed, { what: 'the connection to be over' }), 1006);
});
