import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from '../../core/http.ts';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { readJetstream, startJetstream, testDictionary, testDraft } from '../../../test/rig/jetstream.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { unpackMessage } from '../../wire/jetstream/dictionary.ts';

/** The record numbers of what a reader got, as soon as record 999 is among it. */
async function upToLast(reader: { readonly messages: readonly Buffer[] }): Promise<number[]> {
  const found = (): number[] =>
    reader.messages.map((message) => {
      const { commit } = JSON.parse(message.toString()) as { commit: { record: { n: number } } };
      return commit.record.n;
    });
  await until(() => found().includes(999), { what: 'the last event' });
  return found();
}

function say(socket: { send(text: string): void }, payload: unknown): void {
  socket.send(JSON.stringify({ type: 'options_update', payload }));
}

test('with requireHello nothing comes before the options are said; they can change later', async (t) => {
  const { url, simulator } = await startJetstream(t, {});
  simulator.emit([testDraft(1, 'a.b.c'), testDraft(2, 'd.e.f')]);
  const reader = readJetstream(t, `${url}?cursor=0&requireHello=true`);
  await reader.opened();
  reader.socket.send('{"type":"greeting"}');
  simulator.emit([testDraft(3, 'a.b.c')]);
  const pong = once(reader.socket, 'pong');
  reader.socket.ping();
  await within(pong, { what: 'the answer' });
  assert.equal(reader.messages.length, 0);
  say(reader.socket, { wantedCollections: ['a.b.c'] });
  await reader.take(2);
  say(reader.socket, { wantedCollections: ['d.e.f'], maxMessageSizeBytes: -5 });
  await within(new Promise((resolve) => reader.socket.once('pong', resolve).ping()), { what: 'the answer' });
  simulator.emit([testDraft(4, 'a.b.c'), testDraft(999, 'd.e.f')]);
  assert.deepEqual(await upToLast(reader), [1, 3, 999]);
});

test('bad options in a message close the connection', async (t) => {
  const { url } = await startJetstream(t, {});
  const cases: readonly (readonly [message: string, code: number])[] = [
    ['not JSON', 1007],
    ['{"type":"options_update","payload":{"wantedDids":3}}', 1007],
    ['{"type":"options_update","payload":{"wantedDids":["järvi"]}}', 1008],
    [JSON.stringify({ type: 'options_update', payload: { wantedCollections: many(101) } }), 1008],
    ['x'.repeat(10_000_001), 1009],
  ];
  for (const [message, code] of cases) {
    const reader = readJetstream(t, url);
    await reader.opened();
    reader.socket.send(message);
    assert.equal((await within(reader.closed, { what: 'the close' })).code, code);
  }
});

function many(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `com.example.c${i}`);
}

async function ask(url: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const upgrade = { connection: 'upgrade', upgrade: 'websocket', ...headers };
  const asked = get(url.replace('ws:', 'http:'), { agent: false, headers: upgrade });
  const [response] = (await within(once(asked, 'response'), { what: 'the answer' })) as [IncomingMessage];
  return [response.statusCode ?? 0, await text(response)];
}

test('what it refuses before the upgrade', async (t) => {
  const { url } = await startJetstream(t, {
    dictionary: testDictionary(),
    faults: [{ kind: 'http', status: 503 }],
  });
  assert.equal((await ask(url))[0], 503);
  for (const query of [
    'cursor=-1',
    'cursor=x',
    'wantedCollections=nope',
    'wantedDids=did:plc:',
    'wantedCollections=a.b.fo*',
  ]) {
    assert.equal((await ask(`${url}?${query}`))[0], 400, query);
  }
  const names = many(101).map((name) => `wantedCollections=${name}`);
  assert.equal((await ask(`${url}?${names.join('&')}`))[0], 400);
  const deflate = { 'sec-websocket-extensions': 'permessage-deflate' };
  for (const [address, more] of [
    [`${url}?compress=true`, {}],
    [url, { 'socket-encoding': 'zstd' }],
  ] as const) {
    const [status, why] = await ask(address, { ...deflate, ...more });
    assert.equal(status, 400);
    assert.match(why, /not both/);
  }
  assert.equal((await ask(url.replace('subscribe', 'other')))[0], 404);
  const plain = get(url.replace('ws:', 'http:'), { agent: false });
  const [response] = (await once(plain, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 426);
  response.resume();
});

test('packed messages, by parameter and by header', async (t) => {
  const dictionary = testDictionary();
  const { url, simulator } = await startJetstream(t, { dictionary });
  simulator.emit([testDraft(1)]);
  const readers = [
    readJetstream(t, `${url}?cursor=0&compress=true`),
    readJetstream(t, `${url}?cursor=0`, { headers: { 'Socket-Encoding': 'zstd' } }),
  ];
  const [plain] = await readJetstream(t, `${url}?cursor=0`).take(1);
  for (const reader of readers) {
    const [packed] = await reader.take(1);
    assert.deepEqual(unpackMessage(packed ?? Buffer.alloc(0), dictionary), {
      kind: 'unpacked',
      bytes: plain,
    });
  }
  const { url: without } = await startJetstream(t, {});
  assert.equal((await ask(`${without}?compress=true`))[0], 400);
});
