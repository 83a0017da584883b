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
    faults: [{ kind: 'cut', when: { after: 3 } }],
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
  const faults: JetstreamFault[] = [
    { kind: 'close', code: 1011, when: { after: 5 } },
    { kind: 'ignore-cursor', when: { connection: 2 } },
  ];
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
  const faults: JetstreamFault[] = [
    { kind: 'raw', bytes: Buffer.from('{"did":1}'), when: { after: 1 } },
    { kind: 'binary', when: { after: 1 } },
    { kind: 'raw', bytes: Buffer.from('{"did":"did:plc:a","time_us":5,"kind":"new"}'), when: { after: 2 } },
  ];
  for (const dictionary of [undefined, testDictionary()]) {
    const { simulator, url } = await startJetstream(t, {
      dictionary: testDictionary(),
      faults,
    });
    simulator.emit(drafts(1, 3));
    const sink = createTestSink('oldest');
    runSource(t, createJetstreamSource({ url, random, dictionary }), sink);
    await until(() => sink.events.length === 4, { what: 'the events' });
    assert.deepEqual(
      sink.events.map(({ kind }) => kind),
      ['commit', 'commit', 'unknown', 'commit'],
    );
    const bad = sink.said.filter((said) => said.kind === 'bad');
    assert.deepEqual(
      bad.map(({ raw }) => (raw[0] === 0xff ? raw.length : Buffer.from(raw).toString())),
      ['{"did":1}', 64],
    );
  }
});

test('where live events overtake the replay, or some are left out, none is lost or doubled', async (t) => {
  const { simulator, url } = await startJetstream(t, {
    faults: [
      { kind: 'drop', events: 2, when: { after: 10 } },
      { kind: 'cut', when: { after: 20 } },
      { kind: 'reorder', events: 12, when: { connection: 2, beforeLive: 6 } },
    ],
  });
  simulator.emit(drafts(1, 40));
  const sink = createTestSink('oldest');
  runSource(t, createJetstreamSource({ url, random }), sink);
  await until(() => sink.events.length >= 34 && simulator.subscribers() === 1, { what: 'the replay' });
  simulator.emit(drafts(41, 50));
  await until(() => sink.events.length >= 50, { what: 'all events' });
  const numbers = numbersOf(sink.events);
  assert.deepEqual(numbers.slice(0, 20), [...range(1, 10), ...range(13, 22)]);
  assert.deepEqual(
    [...numbers].sort((x, y) => x - y),
    range(1, 50),
  );
  assert.notDeepEqual(numbers.slice(22), range(23, 50));
  const seqs = sink.events.map(({ seq }) => seq);
  assert.deepEqual(
    [...new Set(seqs)].sort((x, y) => x - y),
    seqs,
  );
  assert.ok(!sink.said.some(({ kind }) => kind === 'gap' || kind === 'info'));
});

test('what the life before received too late to commit is a gap', async (t) => {
  const { simulator, url } = await startJetstream(t, {
    faults: [{ kind: 'reorder', events: 6, when: { after: 4 } }],
  });
  simulator.emit(drafts(1, 10));
  const sink = createTestSink('oldest');
  const life = runSource(t, createJetstreamSource({ url, random }), sink);
  await until(() => sink.events.length === 10, { what: 'the events' });
  await life.end();
  assert.deepEqual(numbersOf(sink.events), [1, 2, 3, 4, 8, 9, 10, 5, 6, 7]);
  for (const [committed, gaps] of [
    [7, 1],
    [9, 1],
    [10, 0],
  ] as const) {
    const last = sink.events[committed - 1];
    const next = createTestSink(last?.seq ?? 0, undefined, Object.fromEntries([last?.mark ?? ['', '']]));
    const { end } = runSource(t, createJetstreamSource({ url, random }), next);
    await until(() => next.counts.repeated === 10, { what: 'what was there before' });
    await end();
    assert.equal(next.events.length, 0);
    assert.deepEqual(
      next.said.filter(({ kind }) => kind === 'gap' || kind === 'info').length,
      gaps,
      `${committed} committed`,
    );
  }
});

test('a message over the limit does not stop the stream', async (t) => {
  const { simulator, url } = await startJetstream(t, {
    faults: [{ kind: 'too-large', bytes: 10_000_001, when: { seq: 2 } }],
  });
  simulator.emit(drafts(1, 3));
  const sink = createTestSink('oldest');
  runSource(t, createJetstreamSource({ url, random }), sink);
  await until(() => sink.events.length === 2, { what: 'the others' });
  assert.deepEqual(numbersOf(sink.events), [1, 3]);
  assert.deepEqual(
    sink.said.map(({ kind }) => kind),
    ['connected', 'bad'],
  );
});

test('silence is a dead connection; a filtered stream may be quiet as long as the server answers', async (t) => {
  const clock = createFakeClock();
  const { simulator, url } = await startJetstream(t, {
    faults: [{ kind: 'half-open', pongs: false, when: { after: 1 } }],
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
