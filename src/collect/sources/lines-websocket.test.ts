import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { createLineSink, runLines } from '../../../test/rig/line-sink.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { createWebSocketLinesSource, type WebSocketLinesOptions } from './lines-websocket.ts';

async function listen(t: TestContext) {
  leakCheck(t);
  const arrived: WebSocket[] = [];
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    arrived.push(socket);
  });
  await once(server, 'listening');
  onEnd(t, async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/stream`;
  const next = () => until(() => arrived.shift(), { what: 'a connection' });
  const source = (more: Partial<WebSocketLinesOptions> = {}) =>
    createWebSocketLinesSource({ url, random: () => 0, ...more });
  return { next, source };
}

test('each message is one or more lines, text or binary, and is whole without a newline', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink(9);
  runLines(t, source({ hello: '{"subscribe":"all"}' }), sink);
  const socket = await next();
  assert.equal(
    String((await within(once(socket, 'message'), { what: 'the hello' }))[0]),
    '{"subscribe":"all"}',
  );
  socket.send('one');
  socket.send(Buffer.from('two\r\n{"n":3}\n'));
  socket.send('');
  socket.send('last');
  await sink.gather(4);
  assert.deepEqual(sink.told(), ['connected', 'gap', 'one', 'two', '{"n":3}', 'last']);
  assert.deepEqual(
    sink.lines.map(({ seq, partial }) => [seq, partial]),
    [10, 11, 12, 13].map((seq) => [seq, undefined]),
  );
});

test('a reconnect is one gap, before the next line; a line over the limit is told and ends nothing', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink();
  runLines(t, source({ mostLineBytes: 10 }), sink);
  const first = await next();
  first.send(`a\n${'b'.repeat(50)}\nc`);
  await sink.gather(2);
  first.terminate();
  const second = await next();
  second.send('d');
  second.send('e');
  await sink.gather(4);
  assert.deepEqual(sink.told(), ['connected', 'a', 'bad', 'c', 'disconnected', 'connected', 'gap', 'd', 'e']);
  const [gap] = sink.of('gap');
  assert.ok(gap?.since !== undefined && gap.until !== undefined && gap.since <= gap.until);
  assert.match(gap.detail, /^the connection broke; /);
});

test('a full sink pauses the socket, and that is no silence', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink();
  runLines(t, source({ silenceMs: 100 }), sink);
  const socket = await next();
  sink.fill();
  const many = 5000;
  const sent = new Promise((resolve) => {
    for (let i = 0; i < many; i++) socket.send('x'.repeat(10_000), i === many - 1 ? resolve : undefined);
  });
  await assert.rejects(within(sent, { deadlineMs: 300, what: 'room' }), /in vain/);
  assert.ok(sink.lines.length < 200, `${sink.lines.length} lines came into a full sink`);
  sink.empty();
  await sink.gather(many);
  assert.deepEqual(sink.of('disconnected'), []);
});

test('a connection that is open and says nothing for too long is left', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink();
  runLines(t, source({ silenceMs: 40 }), sink);
  await next();
  (await next()).send('x');
  await sink.gather(1);
  assert.equal(sink.of('disconnected')[0]?.reason, 'nothing received for 40ms');
  assert.equal(sink.of('gap').length, 1);
});

test('drain says goodbye and ends quickly', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink();
  const running = runLines(t, source({ silenceMs: 60_000 }), sink);
  const socket = await next();
  socket.send('x');
  await sink.gather(1);
  const closed = once(socket, 'close');
  const began = performance.now();
  await running.end();
  assert.ok(performance.now() - began < 500);
  assert.equal((await within(closed, { what: 'the goodbye' }))[0], 1000);
  assert.deepEqual(sink.of('disconnected'), []);
});
