import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from '../../core/http.ts';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import {
  createTestSink,
  numbersOf,
  runSource,
  testDictionary,
  testDraft,
} from '../../../test/rig/jetstream.ts';
import { type JetstreamV2Fault, startJetstreamV2 } from '../../../test/rig/jetstream-v2.ts';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { until } from '../../../test/rig/wait.ts';
import { type Draft, encodeMessage } from '../../wire/jetstream-v2/encode.ts';
import { createGate } from '../gate.ts';
import { createJetstreamV2Source, type JetstreamV2Options } from './jetstream-v2.ts';
import { addressV2Of, requestV2Problems } from './jetstream-v2-request.ts';

function source(url: string, more: Partial<JetstreamV2Options> = {}) {
  return createJetstreamV2Source({ url, random: () => 0.5, ...more });
}

function drafts(from: number, to: number): Draft[] {
  return Array.from({ length: to - from + 1 }, (_, i) => testDraft(from + i));
}

/** What goes wrong with the first connections. */
function first(
  ...each: readonly (readonly JetstreamV2Fault[])[]
): (n: number) => readonly JetstreamV2Fault[] {
  return (n) => each[n - 1] ?? [];
}

/** The reasons of all disconnections. */
function reasons(sink: ReturnType<typeof createTestSink>): string[] {
  return sink.said.flatMap((each) => (each.kind === 'disconnected' ? [each.reason] : []));
}

function said(sink: ReturnType<typeof createTestSink>): string[] {
  return sink.said.map((each) => (each.kind === 'info' ? each.name : each.kind));
}

test('the oldest there is, then what comes live; the kept line is that of version 1', async (t) => {
  const { simulator, url } = await startJetstreamV2(t);
  simulator.emit(drafts(1, 5));
  simulator.forget(3);
  const sink = createTestSink('oldest');
  runSource(t, source(url), sink);
  await until(() => sink.events.length >= 3, { what: 'the history' });
  simulator.emit(drafts(6, 7));
  const identity = JSON.stringify({ did: 'did:plc:a', seq: 1, time: 't', handle: 'h' });
  simulator.emit([{ did: 'did:plc:a', kind: 'identity', collection: undefined, detail: identity }]);
  await until(() => sink.events.length >= 6, { what: 'the live events' });
  assert.deepEqual(numbersOf(sink.events.slice(0, 5)), [3, 4, 5, 6, 7]);
  assert.deepEqual(
    sink.events.map(({ seq }) => seq),
    [3, 4, 5, 6, 7, 8],
  );
  // Beginning with the oldest is what was asked for, and no news.
  assert.deepEqual(said(sink), ['connected']);
  const { head = '', tail = '' } = sink.events[5]?.lines[0] ?? {};
  assert.match(head, /^\{"seq":8,"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z","received":"$/);
  assert.equal(tail, `","did":"did:plc:a","kind":"identity","identity":${identity}}\n`);
});

test('live means live; a reconnect begins with the event that was taken last, which is dropped', async (t) => {
  const faults = first([{ kind: 'cut', afterEvents: 2 }]);
  const { simulator, url } = await startJetstreamV2(t, { faults });
  simulator.emit(drafts(1, 5));
  const sink = createTestSink('live');
  runSource(t, source(url), sink);
  await until(() => simulator.subscribers() > 0, { what: 'the reader' });
  simulator.emit(drafts(6, 10));
  await until(() => sink.events.length >= 5, { what: 'the events' });
  assert.deepEqual(numbersOf(sink.events), [6, 7, 8, 9, 10]);
  assert.equal(sink.counts.repeated, 1);
  assert.deepEqual(said(sink), ['connected', 'disconnected', 'connected']);
});

test('a position that the server no longer has is a gap up to its oldest event, and it goes on there', async (t) => {
  const { simulator, url } = await startJetstreamV2(t);
  simulator.emit(drafts(1, 20));
  simulator.forget(11);
  const sink = createTestSink(4);
  runSource(t, source(url), sink);
  await until(() => sink.events.length >= 10, { what: 'the oldest events' });
  assert.deepEqual(
    numbersOf(sink.events),
    Array.from({ length: 10 }, (_, i) => 11 + i),
  );
  assert.deepEqual(said(sink), ['disconnected', 'connected', 'OutdatedCursor']);
  assert.match(reasons(sink)[0] ?? '', /^the server answered 400 Bad Request: CursorTooOld: .*floor 11/);
  // What the collector makes of it.
  const gaps: unknown[] = [];
  const gate = createGate(
    { clock: createFakeClock(), position: 4, latest: 0, dense: false, onReset: 'live', notice: () => {} },
    (item) => 'gap' in item && gaps.push([item.gap.reason, item.gap.from, item.gap.to]),
  );
  for (const each of sink.said) gate.pass(each);
  for (const event of sink.events) gate.pass({ kind: 'event', event });
  assert.deepEqual(gaps, [['outdated', 4, 11]]);
});

test('a server that begins with its oldest event and does not say so is believed all the same', async (t) => {
  leakCheck(t);
  const asked: (string | null)[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer().listen(0, '127.0.0.1');
  server.on('upgrade', (request, socket, rest) => {
    asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('cursor'));
    const body = '{"error":"CursorTooOld"}';
    if (asked.length === 1) {
      socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      return;
    }
    sockets.handleUpgrade(request, socket, rest, (client) => client.send(encodeMessage(testDraft(1), 50, 1)));
  });
  await once(server, 'listening');
  onEnd(t, async () => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const sink = createTestSink(4);
  runSource(t, source(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`), sink);
  await until(() => sink.events.length >= 1, { what: 'the event' });
  assert.deepEqual(asked, ['4', '1000000000000000']);
  assert.deepEqual(said(sink), ['disconnected', 'connected', 'OutdatedCursor']);
  assert.equal(reasons(sink)[0], 'the server answered 400 Bad Request: CursorTooOld');
});

test('what was deleted later is missing without a gap; filters are obeyed', async (t) => {
  const { simulator, url } = await startJetstreamV2(t);
  simulator.emit([...drafts(1, 4), testDraft(5, 'other.thing.here'), ...drafts(6, 9)]);
  simulator.remove(3);
  const sink = createTestSink(2);
  const filtered = source(`${url}?kinds=commit&collections=com.example.*`);
  assert.equal(filtered.numbers, 'sparse');
  runSource(t, filtered, sink);
  await until(() => sink.events.length >= 5, { what: 'the events' });
  assert.deepEqual(numbersOf(sink.events), [4, 6, 7, 8, 9]);
  assert.deepEqual(said(sink), ['connected']);
});

test('numbers that began anew are a reset, filtered or not', async (t) => {
  for (const query of ['', '?kinds=commit']) {
    const { simulator, url, end } = await startJetstreamV2(t);
    simulator.emit(drafts(1, 9));
    const sink = createTestSink('oldest');
    const running = runSource(t, source(`${url}${query}`), sink);
    await until(() => sink.events.length >= 9, { what: 'the events' });
    simulator.restart();
    await until(() => said(sink).filter((each) => each === 'connected').length >= 2, { what: 'a reconnect' });
    await until(() => simulator.subscribers() === 1, { what: 'the reader' });
    simulator.emit(drafts(1, 2));
    await until(() => said(sink).includes('reset'), { what: 'the reset' });
    await until(() => said(sink).filter((each) => each === 'connected').length >= 3, {
      what: 'a new beginning',
    });
    await until(() => simulator.subscribers() === 1, { what: 'the reader' });
    simulator.emit(drafts(3, 3));
    await until(() => sink.events.length >= 10, { what: 'the new event' });
    assert.equal(sink.events[9]?.seq, 3);
    await running.end();
    await end();
  }
});

test('the server’s last word and its refusals are told, and it goes on', async (t) => {
  const faults = first(
    [{ kind: 'http', status: 503, error: 'ServiceUnavailable', message: 'warming\nup', retryAfterS: 7 }],
    [{ kind: 'http', status: 502 }],
    [{ kind: 'error', afterEvents: 3, error: 'ConsumerTooSlow', message: 'reading below the floor rate' }],
  );
  const { simulator, url } = await startJetstreamV2(t, { faults });
  simulator.emit(drafts(1, 8));
  const sink = createTestSink('oldest');
  runSource(t, source(url), sink);
  await until(() => sink.events.length >= 8, { what: 'the events' });
  assert.deepEqual(numbersOf(sink.events), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(reasons(sink), [
    'the server answered 503 Service Unavailable: ServiceUnavailable: warming up',
    'the server answered 502 Bad Gateway: InternalError: a simulated fault',
    'the server says ConsumerTooSlow: reading below the floor rate',
  ]);
  const [refused] = sink.said;
  assert.equal(refused?.kind === 'disconnected' && refused.retryMs, 7_000);
});

test('packed messages, until the server has another dictionary', async (t) => {
  const dictionary = testDictionary();
  const { simulator, url } = await startJetstreamV2(t, { dictionary });
  simulator.emit(drafts(1, 3));
  const sink = createTestSink('oldest');
  runSource(t, source(url, { dictionary }), sink);
  await until(() => sink.events.length >= 3, { what: 'packed events' });
  simulator.useDictionary(testDictionary(99));
  simulator.restart();
  await until(() => said(sink).filter((each) => each === 'connected').length >= 2, { what: 'a reconnect' });
  await until(() => simulator.subscribers() === 1, { what: 'the reader' });
  assert.match(
    reasons(sink)[1] ?? '',
    /UnknownZstdDictionary: unknown zstd dictionary id 77001; current dictionary id is 99; from now on messages come unpacked/,
  );
  simulator.emit(drafts(1, 4));
  await until(() => said(sink).includes('reset'), { what: 'what comes unpacked' });
  const answer = await fetch(
    url.replace('ws:', 'http:').replace('subscribeEvents', 'getZstdDictionary?id=99'),
  );
  assert.equal(Buffer.from(await answer.arrayBuffer()).readUInt32LE(4), 99);
});

test('a connection that says nothing any more is left', async (t) => {
  const faults = first([{ kind: 'half-open', afterEvents: 2 }]);
  const { simulator, url } = await startJetstreamV2(t, { faults });
  simulator.emit(drafts(1, 4));
  const clock = createFakeClock();
  const sink = createTestSink('oldest');
  runSource(t, source(url), sink, clock);
  await until(() => sink.events.length >= 2, { what: 'the first events' });
  await until(
    async () => {
      await clock.advance(10_000);
      return sink.events.length >= 4;
    },
    { what: 'the rest' },
  );
  assert.match(reasons(sink)[0] ?? '', /nothing received for 60 s/);
});

test('a message that cannot be read goes to the quarantine, and nothing else is lost', async (t) => {
  const bytes = Buffer.from('{"$type":"message","payload":{"$type":"x#y"}}');
  const faults = first([
    { kind: 'raw', afterEvents: 1, bytes },
    { kind: 'raw', afterEvents: 2, bytes: Buffer.from('zstd?'), binary: true },
  ]);
  const { simulator, url } = await startJetstreamV2(t, { faults });
  simulator.emit(drafts(1, 4));
  const sink = createTestSink('oldest');
  runSource(t, source(url), sink);
  await until(() => sink.events.length >= 4, { what: 'the events' });
  const bad = sink.said.filter((each) => each.kind === 'bad');
  assert.deepEqual(
    bad.map(({ raw }) => String(raw)),
    [String(bytes), 'zstd?'],
  );
});

test('the address is the server’s, with what is asked in it', () => {
  const url = 'wss://h/xrpc/network.bsky.jetstream.subscribeEvents?kinds=commit&cursor=5&zstdDictionary=9';
  const at = (...rest: [Parameters<typeof addressV2Of>[1], boolean]) =>
    new URL(addressV2Of({ url, dictionary: testDictionary() }, ...rest)).search;
  assert.equal(at('live', true), '?kinds=commit&zstdDictionary=77001');
  assert.equal(at('oldest', false), '?kinds=commit&cursor=1000000000000000');
  assert.equal(at(12, false), '?kinds=commit&cursor=12');
  assert.deepEqual(requestV2Problems({ url, dictionary: testDictionary() }), []);
  assert.match(requestV2Problems({ url })[0] ?? '', /^cannot ask for packed messages/);
  assert.match(requestV2Problems({ url: `${url}&wantedDids=x` })[0] ?? '', /version 2 says dids/);
  assert.throws(() => source(`${url}&wantedDids=x`), /version 2 says dids/);
});
