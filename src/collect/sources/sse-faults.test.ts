import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { runLines } from '../../../test/rig/line-sink.ts';
import { type Asked, createEventSink, startEventServer } from '../../../test/rig/sse.ts';
import { until } from '../../../test/rig/wait.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { parseSseAddress } from './sse-request.ts';
import { createSseSource, type SseOptions } from './sse.ts';

function source(url: URL, more: Partial<SseOptions> = {}) {
  return createSseSource({ url, random: () => 0, ...more });
}

/** Waits between connections are no waits. */
const impatient: Clock = { ...systemClock, sleep: (_, signal) => systemClock.sleep(0, signal) };

/** Answers each connection with the next of these, and all others with one event; returns what was told of the first ones. */
async function endings(t: TestContext, answers: readonly ((asked: Asked) => unknown)[]) {
  const server = await startEventServer(t, (asked, connection) => {
    const answer = answers[connection - 1];
    if (answer === undefined) asked.begin('data: x\n\n');
    else answer(asked);
  });
  const sink = createEventSink();
  runLines(t, source(server.url), sink, { clock: impatient });
  await sink.gather(1);
  return { told: sink.of('disconnected').map(({ reason, retryMs }) => [reason, retryMs] as const), server };
}

const plain = { 'content-type': 'text/event-stream' };

test('what is no stream is told in clear words, and asked again later and later', async (t) => {
  const { told } = await endings(t, [
    ({ response }) => response.writeHead(500, 'Oh no').end('data: x\n\n'),
    ({ response }) => response.writeHead(404).end(),
    ({ response }) => response.writeHead(200, { 'content-type': 'text/html' }).end('data: x\n\n'),
    ({ response }) => response.writeHead(200, { 'content-type': 'text/event-streams' }).end('data: x\n\n'),
    ({ response }) => response.writeHead(200, { ...plain, 'content-encoding': 'gzip' }).end('data: x\n\n'),
    (asked) => asked.cut(),
    ({ response }) => response.writeHead(200, { 'content-type': 'Text/Event-Stream ; charset=x' }).end(),
  ]);
  assert.deepEqual(told, [
    ['the server answered 500 Oh no', 1_000],
    ['the server answered 404 Not Found', 1_000],
    ['the server sent text/html, not text/event-stream', 2_000],
    ['the server sent text/event-streams, not text/event-stream', 4_000],
    ['the server sent it packed (gzip), which was not asked for', 8_000],
    [told[5]?.[0], 16_000],
    ['the server ended the stream', 30_000],
  ]);
  assert.match(told[5]?.[0] ?? '', /socket hang up|ECONNRESET/);
});

test('Retry-After is kept to; 204 says that it is over, and we still come back, much later', async (t) => {
  const { told } = await endings(t, [
    ({ response }) => response.writeHead(503, { 'retry-after': '120' }).end(),
    ({ response }) => response.writeHead(429, { 'retry-after': '999999' }).end(),
    ({ response }) => response.writeHead(204).end(),
    ({ response }) => response.writeHead(204, { 'retry-after': '3000' }).end(),
  ]);
  assert.deepEqual(told, [
    ['the server answered 503 Service Unavailable', 120_000],
    ['the server answered 429 Too Many Requests', 3_600_000],
    ['the server says that the stream is over (204)', 900_000],
    ['the server says that the stream is over (204)', 3_000_000],
  ]);
});

test('`retry` sets how long the server is left alone: not shorter than a second, not longer than an hour', async (t) => {
  const events = 'data: a\n\n';
  const server = await startEventServer(t, ({ response }, connection) => {
    const retry = ['retry: 90000', 'retry: 10', 'retry: 99999999999', ':'][connection - 1] ?? ':';
    response.writeHead(200, plain).end(`${retry}\n\n${events}`);
  });
  const sink = createEventSink();
  runLines(t, source(server.url), sink, { clock: impatient });
  await until(() => sink.of('disconnected').length >= 4, { what: 'four connections' });
  assert.deepEqual(
    sink
      .of('disconnected')
      .slice(0, 4)
      .map(({ retryMs }) => retryMs),
    [90_000, 1_000, 3_600_000, 3_600_000],
  );
});

test('redirects are followed, with the password within one server alone', async (t) => {
  const to =
    (location: string, status = 302) =>
    ({ response }: Asked) =>
      response.writeHead(status, { location }).end();
  const seen: (readonly [path: string, login: boolean])[] = [];
  const other = await startEventServer(t, (asked) => {
    seen.push([asked.path, asked.request.headers.authorization !== undefined]);
    asked.begin('data: x\n\n');
  });
  const answers = [to('/b', 301), to('c?d=1', 307), to(new URL('/far', other.url).href, 308)];
  const server = await startEventServer(t, (asked, connection) => {
    seen.push([asked.path, asked.request.headers.authorization !== undefined]);
    answers[connection - 1]?.(asked);
  });
  const url = new URL(server.url);
  url.username = 'me';
  url.password = 'secret';
  const sink = createEventSink();
  runLines(t, source(url), sink);
  await sink.gather(1);
  assert.deepEqual(seen, [
    ['/events', true],
    ['/b', true],
    ['/c?d=1', true],
    ['/far', false],
  ]);
});

test('redirects that lead nowhere end in a reason, not in a loop', async (t) => {
  let connections = 0;
  const server = await startEventServer(t, ({ response }, connection) => {
    connections = connection;
    const location = connection <= 11 ? '/again' : 'ftp://x/';
    if (connection <= 12) response.writeHead(302, { location }).end();
    else response.writeHead(302).end();
  });
  const sink = createEventSink();
  runLines(t, source(server.url), sink);
  await until(() => sink.of('disconnected').length >= 3, { what: 'three endings' });
  assert.deepEqual(
    sink
      .of('disconnected')
      .slice(0, 3)
      .map(({ reason }) => reason),
    [
      'the server redirected more than 10 times',
      'the server redirected to what is no address',
      'the server answered 302 Found',
    ],
  );
  assert.ok(connections >= 13);
});

test('a connection that is open and silent is left after `silence`; a comment is a sign of life', async (t) => {
  const server = await startEventServer(t);
  const sink = createEventSink();
  runLines(t, source(server.url, { silenceMs: 150 }), sink);
  const first = await server.next();
  first.begin('data: a\n\n');
  await sink.gather(1);
  const beats = 10;
  for (let i = 0; i < beats; i++) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    first.response.write(':\n');
  }
  assert.equal(server.connections(), 1);
  (await server.next()).begin('data: b\n\n');
  await sink.gather(2);
  assert.equal(sink.of('disconnected')[0]?.reason, 'nothing received for 150ms');
});

test('a server that takes the connection and never answers is given up', async (t) => {
  leakCheck(t);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    onEnd(t, () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onEnd(t, () => new Promise((resolve) => server.close(resolve)));
  const connected = once(server, 'connection');
  const clock = createFakeClock();
  const sink = createEventSink();
  const { port } = server.address() as AddressInfo;
  runLines(t, source(new URL(`http://127.0.0.1:${port}/`)), sink, { clock });
  await connected;
  await until(
    async () => {
      await clock.advance(10_000);
      return sink.of('disconnected').length > 0;
    },
    { what: 'the end of patience' },
  );
  assert.equal(sink.of('disconnected')[0]?.reason, `cannot get an answer from 127.0.0.1:${port} within 60 s`);
});

test('an address is http or https, with `sse+` before it or not', () => {
  for (const [text, href] of [
    ['sse+https://h/p?q=1', 'https://h/p?q=1'],
    [' SSE+HTTP://H:80/p', 'http://h/p'],
    ['https://h', 'https://h/'],
  ] as const)
    assert.deepEqual(parseSseAddress(text), { ok: true, value: new URL(href) });
  for (const text of ['sse+ws://h/p', 'sse+https:h', 'sse+https://', 'sse+sse+http://h', 'h', '']) {
    const address = parseSseAddress(text);
    assert.ok(!address.ok, text);
    assert.ok(address.error.startsWith(`cannot collect from ${text}: write `));
  }
});

/** What goes wrong with one connection. */
type Fault =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'type' }
  /** Ends after so many events: in order, or broken off in the middle of the next one. */
  | { readonly kind: 'end' | 'cut'; readonly after: number; readonly bytes: number }
  /** Begins with so many events that were asked behind. */
  | { readonly kind: 'rewind'; readonly events: number };

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constantFrom('end', 'cut'), after: fc.nat(40), bytes: fc.nat(60) }),
  fc.record({ kind: fc.constantFrom('end', 'cut'), after: fc.nat(40), bytes: fc.nat(60) }),
  fc.record({ kind: fc.constant('rewind' as const), events: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(204, 302, 404, 429, 500, 503) }),
  fc.record({ kind: fc.constant('type' as const) }),
);

/** A server that has `total` events and gives what is behind `Last-Event-ID`. */
function answerWith(total: number, id: (n: number) => string, faults: readonly (readonly Fault[])[]) {
  const events = Array.from({ length: total }, (_, i) => {
    const lineEnd = ['\n', '\r\n', '\r'][i % 3] ?? '\n';
    return ['event: e', `data: ${i + 1}`, `id: ${id(i + 1)}`, '', ''].join(lineEnd);
  });
  const ids = events.map((_, i) => id(i + 1));
  return (asked: Asked, connection: number): void => {
    const { response } = asked;
    const present = faults[connection - 1] ?? [];
    const of = <K extends Fault['kind']>(...kinds: K[]) =>
      present.find((each): each is Extract<Fault, { kind: K }> => (kinds as string[]).includes(each.kind));
    const status = of('status');
    if (status !== undefined) return void response.writeHead(status.status).end();
    if (of('type') !== undefined)
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end('x');
    const next = asked.lastId === undefined ? 0 : ids.indexOf(asked.lastId) + 1;
    const from = Math.max(0, next - (of('rewind')?.events ?? 0));
    const ending = of('end', 'cut');
    if (ending === undefined) return asked.begin(events.slice(from).join(''));
    const to = from + ending.after;
    asked.begin(`${events.slice(from, to).join('')}${(events[to] ?? '').slice(0, ending.bytes)}`);
    if (ending.kind === 'end') response.end();
    // What was written must arrive, or nothing would go on.
    else setImmediate(() => response.socket?.destroySoon());
  };
}

test('every event once and in order, through faults of every kind', async (t) => {
  const cases = fc.record({
    faults: fc.array(fc.array(fault, { maxLength: 2 }), { maxLength: 8 }),
    total: fc.integer({ min: 1, max: 200 }),
    numbers: fc.boolean(),
    fullAfter: fc.constantFrom(3, 50, Number.POSITIVE_INFINITY),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ faults, total, numbers, fullAfter }) => {
      const id = (n: number): string => (numbers ? String(n) : `{"n":${n},"t":"${n % 7}"}`);
      const server = await startEventServer(t, answerWith(total, id, faults));
      const sink = createEventSink('live', {}, fullAfter);
      const running = runLines(t, source(server.url), sink, { clock: impatient });
      await until(() => sink.lines.length >= total, { what: `${total} events` });
      await running.end();
      assert.deepEqual(
        sink.lines.map(({ line, seq, id: own }) => [line, seq, own]),
        Array.from({ length: total }, (_, i) => [String(i + 1), i + 1, id(i + 1)]),
      );
      assert.deepEqual(
        sink.of('gap').filter(({ reason }) => reason !== 'disconnected'),
        [],
      );
    }),
    { numRuns: 40, endOnFailure: true, interruptAfterTimeLimit: 8_000 },
  );
});
