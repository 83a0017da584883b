import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { onEnd } from '../../../test/rig/leaks.ts';
import { testDictionary, testDraft } from '../../../test/rig/jetstream.ts';
import { startJetstreamV2 } from '../../../test/rig/jetstream-v2.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { unpackMessage } from '../../wire/jetstream/dictionary.ts';

interface Payload {
  readonly $type: string;
  readonly seq?: number;
  readonly name?: string;
  readonly message?: string;
}

/** A plain reader, cut at the end of the test. */
function read(t: TestContext, url: string, protocol?: string) {
  const socket = new WebSocket(url, protocol === undefined ? [] : [protocol], { perMessageDeflate: false });
  const messages: Buffer[] = [];
  socket.on('message', (data: Buffer) => messages.push(data));
  socket.on('error', () => {});
  const closed = once(socket, 'close') as Promise<[number, Buffer]>;
  onEnd(t, async () => {
    socket.terminate();
    await closed;
  });
  return {
    socket,
    closed,
    messages,
    async take(count: number) {
      await until(() => messages.length >= count, { what: `${count} messages` });
      return messages.map((each) => (JSON.parse(String(each)) as { payload: Payload }).payload);
    },
  };
}

/** What a request is refused with. */
async function refusal(t: TestContext, url: string): Promise<string> {
  const socket = new WebSocket(url);
  socket.on('error', () => {});
  const [, response] = (await within(once(socket, 'unexpected-response'), { what: 'a refusal' })) as [
    unknown,
    IncomingMessage,
  ];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  onEnd(t, () => socket.terminate());
  const { error, message } = JSON.parse(text) as { error: string; message: string };
  return `${response.statusCode} ${error} ${message}`;
}

function drafts(from: number, to: number) {
  return Array.from({ length: to - from + 1 }, (_, i) => testDraft(from + i));
}

test('a cursor is inclusive, one from the future is live, an instant is where it was', async (t) => {
  const { simulator, url } = await startJetstreamV2(t);
  const before = Date.now() * 1000 - 1;
  simulator.emit(drafts(1, 5));
  const numbers = async (cursor: string | number, count: number) => {
    const reader = read(t, `${url}?cursor=${cursor}`);
    await until(() => reader.socket.readyState === WebSocket.OPEN, { what: 'the connection' });
    const taken = await reader.take(count);
    reader.socket.terminate();
    return taken.map(({ seq }) => seq);
  };
  assert.deepEqual(await numbers(3, 3), [3, 4, 5]);
  assert.deepEqual(await numbers(0, 5), [1, 2, 3, 4, 5]);
  assert.deepEqual((await numbers(before, 6)).slice(1), [1, 2, 3, 4, 5]);
  const live = read(t, `${url}?cursor=6`, 'xrpc.v1.json');
  const future = read(t, `${url}?cursor=900`);
  await until(() => simulator.subscribers() === 2, { what: 'the readers' });
  assert.equal(live.socket.protocol, 'xrpc.v1.json');
  assert.equal(future.socket.protocol, '');
  simulator.emit(drafts(6, 6));
  assert.deepEqual([(await live.take(1))[0]?.seq, (await future.take(1))[0]?.seq], [6, 6]);
});

test('an instant before the oldest event is announced, a number before it is refused', async (t) => {
  const { simulator, url } = await startJetstreamV2(t);
  simulator.emit(drafts(1, 5));
  simulator.forget(4);
  const [info, event] = await read(t, `${url}?cursor=1000000000000000`).take(3);
  assert.deepEqual([info?.name, event?.seq], ['OutdatedCursor', 4]);
  assert.match(info?.message ?? '', /starting at seq 4$/);
  assert.match(await refusal(t, `${url}?cursor=3`), /^400 CursorTooOld .*cursor 3 below lookback floor 4/);
});

test('what cannot be asked is refused by name', async (t) => {
  const { simulator, url } = await startJetstreamV2(t, { dictionary: testDictionary() });
  assert.match(await refusal(t, `${url}?wantedDids=x`), /^400 InvalidRequest /);
  assert.match(await refusal(t, `${url}?cursor=x`), /^400 InvalidRequest .*invalid cursor/);
  assert.match(await refusal(t, `${url}?zstdDictionary=0`), /^400 InvalidRequest /);
  assert.match(await refusal(t, `${url}?zstdDictionary=5`), /^400 UnknownZstdDictionary .* is 77001$/);
  assert.match(await refusal(t, url.replace('subscribeEvents', 'x')), /^404 /);
  simulator.warmUp(true);
  assert.match(await refusal(t, url), /^503 ServiceUnavailable /);
});

test('packed, a message is one zstd frame of the same text; who speaks is cut off', async (t) => {
  const dictionary = testDictionary();
  const { simulator, url } = await startJetstreamV2(t, { dictionary });
  simulator.emit(drafts(1, 2));
  const plain = read(t, `${url}?cursor=1`);
  const packed = read(t, `${url}?cursor=1&zstdDictionary=${dictionary.id}`);
  await plain.take(2);
  await until(() => packed.messages.length >= 2, { what: 'packed messages' });
  for (const [i, message] of packed.messages.entries()) {
    const unpacked = unpackMessage(message, dictionary);
    assert.ok(unpacked.kind === 'unpacked');
    assert.deepEqual(unpacked.bytes, plain.messages[i]);
  }
  plain.socket.send('hello');
  assert.equal((await within(plain.closed, { what: 'the end' }))[0], 1008);
});

test('made-up events come at their rate, of all kinds, with rising numbers; filters choose', async (t) => {
  const { url } = await startJetstreamV2(t, { rate: 2000 });
  const taken = await read(t, url).take(500);
  const numbers = taken.map(({ seq }) => seq ?? 0);
  assert.deepEqual(
    numbers,
    Array.from(numbers, (_, i) => (numbers[0] ?? 0) + i),
  );
  const kinds = new Set(taken.map(({ $type }) => $type.split('#')[1]));
  assert.ok(kinds.has('commit') && kinds.has('identity'), [...kinds].join(' '));
  const chosen = await read(t, `${url}?kinds=identity&kinds=account`).take(5);
  for (const { $type } of chosen) assert.match($type, /#(identity|account)$/);
});

test('a history of a limited size forgets the oldest', async (t) => {
  const { simulator, url } = await startJetstreamV2(t, { historyEvents: 10 });
  simulator.emit(drafts(1, 100));
  assert.match(await refusal(t, `${url}?cursor=50`), /^400 CursorTooOld/);
  const [first] = await read(t, `${url}?cursor=95`).take(6);
  assert.equal(first?.seq, 95);
});
