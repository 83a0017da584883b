import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { readJetstream, startJetstream, testDraft } from '../../../test/rig/jetstream.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { createSynthesizer } from '../../wire/atproto/synthetic.ts';
import type { Draft } from '../../wire/jetstream/encode.ts';
import { decodeEvent } from '../../wire/jetstream/event.ts';

interface Message {
  readonly time_us: number;
  readonly cursor?: number;
  readonly kind: string;
  readonly did: string;
  readonly commit?: { readonly collection: string; readonly record?: { readonly n: number } };
}

function parse(messages: readonly Buffer[]): Message[] {
  return messages.map((message) => JSON.parse(message.toString()) as Message);
}

const HOUR = 3_600_000_000;

/** Events 1 to `count`, an hour apart, the last one hour ago. */
function hourly(count: number): [number, Draft][] {
  const now = Date.now() * 1000;
  return Array.from({ length: count }, (_, i) => [now - (count - i) * HOUR, testDraft(i + 1)]);
}

/** The record numbers of what a reader got (0 where there is no record), as soon as record 999 is among it. */
async function upToLast(reader: { readonly messages: readonly Buffer[] }): Promise<number[]> {
  const found = (): number[] => parse(reader.messages).map(({ commit }) => commit?.record?.n ?? 0);
  await until(() => found().includes(999), { what: 'the last event' });
  return found();
}

test('cursors: by time and inclusive, absent, 0, the future, and beyond 36 hours', async (t) => {
  const history = hourly(50);
  const { url, simulator } = await startJetstream(t, { history });
  const at = (n: number): number => history[n - 1]?.[0] ?? 0;
  const cases: readonly (readonly [query: string, from: number])[] = [
    [`?cursor=${at(40)}`, 40],
    [`?cursor=${at(40) + 1}`, 41],
    ['', 51],
    [`?cursor=${at(50) + 5 * HOUR}`, 51],
    ['?cursor=0', 16],
    [`?cursor=${at(3)}`, 16],
  ];
  const readers = cases.map(([query, from]) => ({ reader: readJetstream(t, url + query), from, query }));
  for (const { reader } of readers) await reader.opened();
  await until(() => simulator.subscribers() === cases.length, { what: 'all readers' });
  simulator.emit([testDraft(999)]);
  for (const { reader, from, query } of readers) {
    const ns = await upToLast(reader);
    assert.deepEqual(ns, [...Array.from({ length: 51 - from }, (_, i) => from + i), 999], query);
  }
});

test('version 1 gives each event a time of its own, version 2 one to those that come at once, and numbers', async (t) => {
  for (const version of [1, 2] as const) {
    const { url, simulator } = await startJetstream(t, { version });
    const reader = readJetstream(t, `${url}?cursor=0`);
    await reader.opened();
    simulator.emit([1, 2, 3].map((n) => testDraft(n)));
    simulator.emit([testDraft(4)]);
    const messages = parse(await reader.take(4));
    const times = messages.map(({ time_us }) => time_us);
    assert.equal(new Set(times.slice(0, 3)).size, version === 1 ? 3 : 1);
    assert.deepEqual(
      messages.map(({ cursor }) => cursor),
      version === 1 ? Array(4).fill(undefined) : [1, 2, 3, 4],
    );
    assert.ok((times[3] ?? 0) >= (times[2] ?? 0));
    if (version === 1) continue;
    const late = readJetstream(t, `${url}?cursor=3`);
    assert.deepEqual(
      parse(await late.take(2)).map(({ cursor }) => cursor),
      [3, 4],
    );
  }
});

const IDENTITY: Draft = {
  did: 'did:plc:b',
  kind: 'identity',
  collection: undefined,
  detail: '{"did":"did:plc:b"}',
};

test('filters: collections for commits alone, DIDs for all, sizes', async (t) => {
  const drafts = [
    testDraft(1, 'app.bsky.feed.post', 'did:plc:a'),
    testDraft(2, 'app.bsky.feed.like', 'did:plc:b'),
    testDraft(3, 'com.example.test', 'did:plc:b'),
    IDENTITY,
    testDraft(4, `com.example.${'long'.repeat(50)}`, 'did:plc:a'),
    testDraft(999, 'app.bsky.feed.post', 'did:plc:b'),
  ];
  const { url, simulator } = await startJetstream(t, {});
  simulator.emit(drafts);
  const cases: readonly (readonly [query: string, ns: number[]])[] = [
    ['wantedCollections=app.bsky.feed.post', [1, 0, 999]],
    ['wantedCollections=app.bsky.*&wantedCollections=com.example.test', [1, 2, 3, 0, 999]],
    ['wantedDids=did:plc:b', [2, 3, 0, 999]],
    ['wantedDids=did:plc:b&wantedCollections=app.bsky.feed.*', [2, 0, 999]],
    ['maxMessageSizeBytes=400', [1, 2, 3, 0, 999]],
    ['maxMessageSizeBytes=-1', [1, 2, 3, 0, 4, 999]],
  ];
  for (const [query, ns] of cases) {
    assert.deepEqual(await upToLast(readJetstream(t, `${url}?cursor=0&${query}`)), ns, query);
  }
});

function frames(count: number): Uint8Array[] {
  const synthesizer = createSynthesizer({ seed: 7, time: () => 1_783_175_888_085, startSeq: 101 });
  return Array.from({ length: count }, () => synthesizer.next().frame);
}

test('made-up and recorded frames become events that a reader can decode', async (t) => {
  for (const options of [{ rate: 2_000 }, { rate: 2_000, frames: frames(50), loop: true }]) {
    const { url } = await startJetstream(t, options);
    const messages = await readJetstream(t, `${url}?cursor=0`).take(300);
    const events = messages.map((message) => decodeEvent(message));
    for (const event of events) assert.equal(event.kind, 'event');
    const times = events.map((event) => (event.kind === 'event' ? event.timeUs : 0));
    for (let i = 1; i < times.length; i++) assert.ok((times[i] ?? 0) > (times[i - 1] ?? 0));
  }
  const { url, simulator } = await startJetstream(t, { rate: 2_000, frames: frames(50) });
  const reader = readJetstream(t, `${url}?cursor=0`);
  await reader.take(40);
  assert.ok(simulator.times().length < 100);
});

test('history keeps to its limit; a reader that fell out of it is cut off', async (t) => {
  const clock = createFakeClock();
  const { url, simulator } = await startJetstream(t, { historyEvents: 20_000 }, clock);
  const slow = readJetstream(t, url);
  await slow.opened();
  await until(() => simulator.subscribers() === 1, { what: 'the reader' });
  slow.socket.pause();
  const collection = `com.example.${'x'.repeat(400)}`;
  await until(
    () => {
      simulator.emit(Array.from({ length: 1_000 }, (_, n) => testDraft(n, collection)));
      return simulator.subscribers() === 0;
    },
    { what: 'the cut' },
  );
  assert.ok(simulator.times().length <= 20_000);
  slow.socket.resume();
  assert.equal((await within(slow.closed, { what: 'the close' })).code, 1006);
});

test('faults come where they are asked for', async (t) => {
  const when = (connection: number, after?: number) => ({ when: { connection, after } });
  const bytes = Buffer.from('rubbish');
  const { url, simulator } = await startJetstream(t, {
    faults: [
      { kind: 'close', code: 1011, reason: 'x', ...when(1, 3) },
      { kind: 'cut', ...when(2, 2) },
      { kind: 'duplicate', events: 2, ...when(3, 3) },
      { kind: 'raw', bytes, ...when(3) },
      { kind: 'drop', events: 1, ...when(4, 1) },
      { kind: 'half-open', pongs: false, ...when(5, 1) },
      { kind: 'ignore-cursor', ...when(6) },
    ],
  });
  simulator.emit([1, 2, 3, 4].map((n) => testDraft(n)));
  const readers = [];
  for (let i = 0; i < 6; i++) {
    const reader = readJetstream(t, `${url}?cursor=0`);
    await reader.opened();
    readers.push(reader);
  }
  const [closing, cut, double, hole, hanging, live] = readers;
  assert.deepEqual(await closing?.closed, { code: 1011, reason: 'x' });
  assert.equal((await cut?.closed)?.code, 1006);
  await until(() => simulator.subscribers() === 4, { what: 'the others' });
  simulator.emit([testDraft(999)]);
  const last = async (reader: typeof live): Promise<number[]> => upToLast(reader ?? assert.fail());
  const shown = ({ messages }: { messages: Buffer[] } = { messages: [] }): number => parse(messages).length;
  assert.deepEqual([shown(closing), shown(cut), shown(hanging)], [3, 2, 1]);
  await double?.take(8);
  assert.equal(String(double?.messages.shift()), 'rubbish');
  assert.deepEqual(await last(double), [1, 2, 3, 2, 3, 4, 999]);
  assert.deepEqual(await last(hole), [1, 3, 4, 999]);
  assert.deepEqual(await last(live), [999]);
});

async function startWithReader(t: TestContext, clock: ReturnType<typeof createFakeClock>) {
  const running = await startJetstream(t, {}, clock);
  const reader = readJetstream(t, running.url);
  await reader.opened();
  await until(() => running.simulator.subscribers() === 1, { what: 'the reader' });
  return { ...running, reader };
}

test('it pings every 30 seconds, and says goodbye at a drain', async (t) => {
  const clock = createFakeClock();
  const { reader, drain, ended } = await startWithReader(t, clock);
  const pinged = once(reader.socket, 'ping');
  await clock.advance(30_000);
  await within(pinged, { what: 'the ping' });
  drain.abort();
  await within(ended, { what: 'the end' });
  assert.deepEqual(await reader.closed, { code: 1001, reason: 'server shutting down' });
});
