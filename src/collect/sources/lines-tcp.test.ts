import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as net from 'node:net';
import { test, type TestContext } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { createLineSink, runLines } from '../../../test/rig/line-sink.ts';
import { linesBelow } from '../../../test/rig/stream.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { disk } from '../../core/files.ts';
import { createCollector } from '../collector.ts';
import { readCommitted } from '../committed.ts';
import { readGaps } from '../gaps.ts';
import { layoutOf } from '../layout.ts';
import type { LineOptions } from './line-reader.ts';
import { createTcpLinesSource, parseTcpAddress } from './lines-tcp.ts';

/** A server on a free port. `next` is its next connection. */
async function listen(t: TestContext) {
  leakCheck(t);
  const arrived: net.Socket[] = [];
  const all = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    all.add(socket);
    arrived.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onEnd(t, async () => {
    for (const socket of all) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as net.AddressInfo;
  const next = () => until(() => arrived.shift(), { what: 'a connection' });
  const source = (more: Partial<LineOptions & { hello: string }> = {}) =>
    createTcpLinesSource({ host: '127.0.0.1', port, random: () => 0, ...more });
  return { next, source };
}

test('lines come as they were sent, split characters and all, and a reconnect is one gap before the next line', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink();
  runLines(t, source(), sink);
  const first = await next();
  const bytes = Buffer.from('one\r\nzwölf 😀\n{"a":1}\nhal');
  for (const byte of bytes) first.write(Buffer.of(byte));
  await sink.gather(3);
  first.end();
  const second = await next();
  second.write('later\nand more\n');
  await sink.gather(6);
  assert.deepEqual(sink.told(), [
    'connected',
    'one',
    'zwölf 😀',
    '{"a":1}',
    'hal',
    'disconnected',
    'connected',
    'gap',
    'later',
    'and more',
  ]);
  assert.equal(sink.lines[3]?.partial, true);
  assert.deepEqual(
    sink.lines.map(({ seq }) => seq),
    [1, 2, 3, 4, 5, 6],
  );
  const [gap] = sink.of('gap');
  assert.ok(gap?.since !== undefined && gap.until !== undefined && gap.since <= gap.until);
  assert.ok(gap.since >= Date.parse(sink.lines[3]?.time ?? '') - 1000);
  assert.equal(gap.reason, 'disconnected');
  assert.match(gap.detail, /^the server closed the connection; /);
});

test('after an earlier life the first connection declares a gap', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink(100);
  runLines(t, source({ hello: 'subscribe\n' }), sink);
  const socket = await next();
  assert.equal(String((await within(once(socket, 'data'), { what: 'the hello' }))[0]), 'subscribe\n');
  socket.write('x\n');
  await sink.gather(1);
  assert.deepEqual(sink.told(), ['connected', 'gap', 'x']);
  assert.equal(sink.lines[0]?.seq, 101);
  assert.equal('since' in (sink.of('gap')[0] ?? {}), false);
});

test('a full sink stops the reading: the sender is held up, nothing is lost, memory is not the buffer', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink();
  runLines(t, source({ silenceMs: 50 }), sink);
  const socket = await next();
  sink.fill();
  const line = `${'x'.repeat(999)}\n`;
  const block = line.repeat(1000);
  let blocks = 0;
  while (blocks < 100 && socket.write(block)) blocks++;
  // What the kernel and one chunk hold is taken; the rest waits with the sender, for longer than the silence.
  await assert.rejects(within(once(socket, 'drain'), { deadlineMs: 300, what: 'room' }), /in vain/);
  blocks++;
  assert.ok(sink.lines.length < 200, `${sink.lines.length} lines came into a full sink`);
  sink.empty();
  await sink.gather(blocks * 1000);
  assert.deepEqual(sink.of('disconnected'), []);
  assert.equal(sink.lines.length, blocks * 1000);
});

test('a long silence ends the connection, where the config says so', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink();
  runLines(t, source({ silenceMs: 40 }), sink);
  await next();
  (await next()).write('x\n');
  await sink.gather(1);
  assert.equal(sink.of('disconnected')[0]?.reason, 'nothing received for 40ms');
  assert.equal(sink.of('gap').length, 1);
});

test('a connection may last and be silent for as long as it likes, where the config says nothing', async (t) => {
  const { next, source } = await listen(t);
  const clock = createFakeClock();
  const sink = createLineSink();
  runLines(t, source(), sink, { clock });
  const socket = await next();
  await until(() => sink.of('connected').length === 1, { what: 'the connection' });
  await clock.advance(86_400_000);
  socket.write('x\n');
  await sink.gather(1);
  assert.deepEqual(sink.told(), ['connected', 'x']);
});

test('a server that is not there is tried again and again, and drain ends the wait at once', async (t) => {
  leakCheck(t);
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const sink = createLineSink(5);
  const running = runLines(t, createTcpLinesSource({ host: '127.0.0.1', port, random: () => 0 }), sink);
  await until(() => sink.of('disconnected').length >= 3, { what: 'three attempts' });
  await running.end();
  assert.match(sink.of('disconnected')[0]?.reason ?? '', /ECONNREFUSED/);
  assert.deepEqual(
    sink
      .of('disconnected')
      .slice(0, 3)
      .map(({ retryMs }) => retryMs),
    [1000, 1000, 2000],
  );
  assert.deepEqual(sink.of('gap'), []);
});

test('drain ends at once, also with a full sink', async (t) => {
  const { next, source } = await listen(t);
  const sink = createLineSink();
  const running = runLines(t, source(), sink);
  const socket = await next();
  sink.fill();
  socket.write('a\nb');
  await sink.gather(1);
  const began = performance.now();
  await running.end();
  assert.ok(performance.now() - began < 500);
  assert.equal(sink.told()[1], 'a');
  assert.deepEqual(sink.of('disconnected'), []);
  sink.empty();
});

test('collected, stopped and collected again: every line that was received is there once, and one gap', async (t) => {
  const { next, source } = await listen(t);
  const into = tempFolder(t);
  let told = 0;
  for (const round of [1, 2]) {
    const collector = createCollector(
      {
        source: source({ timePath: ['t'] }),
        into,
        part: 'hour',
        start: 'live',
        onReset: 'live',
        files: disk,
        room: { free: () => Promise.resolve(Number.POSITIVE_INFINITY), floor: 0 },
        spool: 0,
        boot: 'boot',
      },
      systemClock,
    );
    const running = runLines(t, { numbers: 'dense', run: (scope) => collector.run(scope) }, createLineSink());
    const socket = await next();
    for (let n = 1; n <= 2500; n++)
      socket.write(`{"n":${n + (round - 1) * 2500},"t":"2026-07-04T12:00:00.000Z"}\n`);
    told += 2500;
    await until(async () => (await readCommitted(layoutOf(into)))?.checkpoint.k === told, {
      what: `${told} lines to be committed`,
    });
    await running.end();
  }
  const lines = linesBelow(into);
  assert.deepEqual(
    lines.map(({ seq }) => seq),
    lines.map((_, i) => i + 1),
  );
  assert.equal(lines.length, 5000);
  assert.deepEqual([...new Set(lines.map(({ part }) => part))], ['2026-07-04/2026-07-04T12.open.ndjson']);
  const committed = await readCommitted(layoutOf(into));
  const gaps = await readGaps(layoutOf(into).gaps, committed?.checkpoint.gaps ?? 0);
  assert.deepEqual(
    gaps.map(({ from, reason, since }) => ({ from, reason, since })),
    [{ from: 2500, reason: 'disconnected', since: null }],
  );
});

test('an address is tcp://HOST:PORT and nothing else', () => {
  assert.deepEqual(parseTcpAddress('tcp://example.org:1234'), {
    ok: true,
    value: { host: 'example.org', port: 1234 },
  });
  assert.deepEqual(parseTcpAddress('tcp://[::1]:9'), { ok: true, value: { host: '::1', port: 9 } });
  for (const text of [
    'tcp://x',
    'tcp://:9',
    'tcp://x:0',
    'tcp://x:1/a',
    'http://x:1',
    'x:1',
    '',
    'tcp://a@x:1',
  ])
    assert.equal(parseTcpAddress(text).ok, false, text);
});
