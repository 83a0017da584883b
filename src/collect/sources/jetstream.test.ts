import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import {
  createTestSink,
  type JetstreamFault,
  numbersOf,
  readJetstream,
  runSource,
  startJetstream,
  testDictionary,
  testDraft,
} from '../../../test/rig/jetstream.ts';
import { until, within } from '../../../test/rig/wait.ts';
import type { Draft } from '../../wire/jetstream/encode.ts';
import { createJetstreamSource } from './jetstream.ts';

const random = (): number => 0.5;

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function drafts(from: number, to: number): Draft[] {
  return range(from, to).map((n) =>
    testDraft(n, n % 3 === 0 ? 'com.example.third' : 'com.example.test', `did:plc:d${n % 7}`),
  );
}

test('without a position it begins at the live end, and goes on ten seconds before what it had', async (t) => {
  const { simulator, url } = await startJetstream(t, {
    faults: (n) => (n === 1 ? [{ kind: 'cut', afterEvents: 3 }] : []),
  });
  simulator.emit(drafts(1, 10));
  const sink = createTestSink('live');
  runSource(t, createJetstreamSource({ url, random }), sink);
  await until(() => simulator.subscribers() === 1, { what: 'the connection' });
  simulator.emit(drafts(11, 20));
  await until(() => sink.events.length >= 10, { what: 'the events' });
  assert.deepEqual(numbersOf(sink.events), range(11, 20));
  const position = sink.events[2]?.seq ?? 0;
  assert.deepEqual(
    sink.said.map((said) => (said.kind === 'connected' ? said.cursor : said.kind)),
    [undefined, 'disconnected', position - 10_000_000],
  );
  assert.equal(sink.counts.repeated, 13);
});

test('a position that the server no longer has is told, and one that it has is not', async (t) => {
  const now = Date.now() * 1000;
  const hours = (n: number): number => now - n * 3_600_000_000;
  const history = [40, 39, 3, 2].map((n): [number, Draft] => [hours(n), testDraft(n)]);
  const { url } = await startJetstream(t, { history });
  for (const [start, expected, said] of [
    [hours(39), [3, 2], ['connected', 'info']],
    [hours(3), [2], ['connected']],
  ] as const) {
    const sink = createTestSink(start);
    const { end } = runSource(t, createJetstreamSource({ url, random }), sink);
    await until(() => sink.events.length >= expected.length, { what: 'the events' });
    await end();
    assert.deepEqual(numbersOf(sink.events), expected);
    assert.deepEqual(
      sink.said.map(({ kind }) => kind),
      said,
    );
  }
});

test('a server that ignores the cursor is told of as well', async (t) => {
  const faults = (n: number): JetstreamFault[] =>
    n === 1 ? [{ kind: 'close', afterEvents: 5, code: 1011 }] : n === 2 ? [{ kind: 'ignore-cursor' }] : [];
  const { simulator, url } = await startJetstream(t, { faults });
  simulator.emit(drafts(1, 9));
  const sink = createTestSink('oldest');
  runSource(t, createJetstreamSource({ url, random }), sink);
  await until(() => sink.said.length === 3 && simulator.subscribers() === 1, {
    what: 'the second connection',
  });
  simulator.emit(drafts(10, 10));
  await until(() => sink.events.length === 6, { what: 'the last event' });
  assert.deepEqual(numbersOf(sink.events), [1, 2, 3, 4, 5, 10]);
  assert.ok(sink.said.some((said) => said.kind === 'info' && said.name === 'OutdatedCursor'));
});

test('a position ahead of the server is a reset, and the connection ends before an event of it is taken', async (t) => {
  const { simulator, url } = await startJetstream(t, {});
  const sink = createTestSink((Date.now() + 3_600_000) * 1000);
  runSource(t, createJetstreamSource({ url, random }), sink);
  await until(() => simulator.subscribers() === 1, { what: 'the connection' });
  simulator.emit(drafts(1, 5));
  await until(() => sink.said.filter(({ kind }) => kind === 'connected').length === 2, {
    what: 'the next connection',
  });
  assert.deepEqual(
    sink.said.map(({ kind }) => kind),
    ['connected', 'reset', 'disconnected', 'connected'],
  );
  assert.equal(sink.events.length, 0);
  await until(() => simulator.subscribers() === 1, { what: 'the connection' });
  simulator.emit(drafts(6, 7));
  await until(() => sink.events.length === 2, { what: 'the events' });
  assert.deepEqual(numbersOf(sink.events), [6, 7]);
});

test('ten thousand DIDs go in a message', async (t) => {
  const wantedDids = ['did:plc:d3', ...range(1, 9_999).map((n) => `did:plc:${String(n).padStart(24, 'x')}`)];
  const { simulator, url } = await startJetstream(t, {});
  simulator.emit(drafts(1, 20));
  const sink = createTestSink('oldest');
  runSource(t, createJetstreamSource({ url, random, wantedDids }), sink);
  await until(() => sink.events.length === 3, { what: 'the events' });
  assert.deepEqual(numbersOf(sink.events), [3, 10, 17]);
});

test('with another dictionary than the server’s nothing is lost or kept as rubbish: it waits', async (t) => {
  const { simulator, url } = await startJetstream(t, { dictionary: testDictionary(5) });
  simulator.emit(drafts(1, 20));
  const sink = createTestSink('oldest');
  runSource(t, createJetstreamSource({ url, random, dictionary: testDictionary() }), sink);
  await until(() => sink.said.length >= 4, { what: 'two attempts' });
  assert.deepEqual(
    sink.said.slice(0, 2).map(({ kind }) => kind),
    ['connected', 'disconnected'],
  );
  const [, second] = sink.said;
  assert.match(
    second?.kind === 'disconnected' ? second.reason : '',
    /uses zstd dictionary 5, the one given is 77001/,
  );
  assert.equal(sink.events.length, 0);
});

test('messages that cannot be read are handed over as they came', async (t) => {
  const bytes = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
  const faults: JetstreamFault[] = [
    { kind: 'raw', afterEvents: 1, bytes: Buffer.from('{"did":1}') },
    { kind: 'raw', afterEvents: 1, bytes, binary: true },
    { kind: 'raw', afterEvents: 2, bytes: Buffer.from('{"did":"did:plc:a","time_us":5,"kind":"new"}') },
  ];
  for (const dictionary of [undefined, testDictionary()]) {
    const { simulator, url } = await startJetstream(t, {
      dictionary: testDictionary(),
      faults: () => faults,
    });
    simulator.emit(drafts(1, 3));
    const sink = createTestSink('oldest');
    runSource(t, createJetstreamSource({ url, random, dictionary }), sink);
    await until(() => sink.events.length === 3, { what: 'the events' });
    const bad = sink.said.filter((said) => said.kind === 'bad');
    assert.deepEqual(
      bad.map(({ raw }) => Buffer.from(raw)),
      [Buffer.from('{"did":1}'), bytes],
    );
    assert.equal(sink.counts.repeated, 1);
  }
});

test('silence is a dead connection; a filtered stream may be quiet as long as the server answers', async (t) => {
  const clock = createFakeClock();
  const { simulator, url } = await startJetstream(t, {
    faults: (n) => (n === 1 ? [{ kind: 'half-open', afterEvents: 1 }] : []),
  });
  simulator.emit(drafts(1, 3));
  const sink = createTestSink('oldest');
  const source = createJetstreamSource({ url, random, wantedCollections: ['com.*'] });
  runSource(t, source, sink, clock);
  const connections = (): number => sink.said.filter(({ kind }) => kind === 'connected').length;
  await until(() => sink.events.length === 1, { what: 'the first event' });
  await clock.advance(59_999);
  assert.equal(connections(), 1);
  await clock.advance(1);
  await until(() => sink.said.length === 2, { what: 'the end of the connection' });
  assert.match(JSON.stringify(sink.said[1]), /nothing received for 60 s/);
  await clock.advance(2_000);
  await until(() => sink.events.length === 3, { what: 'the events' });
  const other = readJetstream(t, url);
  await other.opened();
  for (let i = 0; i < 6; i++) {
    await clock.advance(30_000);
    // The answers come over real sockets: ours is there once others, asked for later, are.
    for (let trips = 0; trips < 3; trips++) {
      const pong = once(other.socket, 'pong');
      other.socket.ping();
      await within(pong, { what: 'the answer' });
    }
  }
  assert.equal(sink.events.length, 3);
  assert.equal(connections(), 2);
});

test('an unfiltered stream that is quiet is dead, though the server pings', async (t) => {
  const clock = createFakeClock();
  const { simulator, url } = await startJetstream(t, {}, clock);
  const sink = createTestSink('live');
  runSource(t, createJetstreamSource({ url, random }), sink, clock);
  await until(() => simulator.subscribers() === 1 && sink.said.length === 1, { what: 'the connection' });
  await clock.advance(60_000);
  await until(() => sink.said.length === 2, { what: 'the end of the connection' });
  assert.equal(sink.said[1]?.kind, 'disconnected');
});

test('a request that a server would refuse is a mistake of the caller', () => {
  assert.throws(
    () => createJetstreamSource({ url: 'ws://a/subscribe', random, wantedDids: ['alice'] }),
    /cannot ask for the DID "alice"/,
  );
});
