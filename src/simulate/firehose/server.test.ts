import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from '../../core/http.ts';
import { json } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { connect, opened, PATH, type Reader, range, seqOf, start } from '../../../test/rig/firehose.ts';
import { syntheticFrames } from '../../../test/rig/synthetic-frames.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import { decodeFrame } from '../../wire/atproto/frame.ts';
import { createFirehoseSimulator, type FirehoseSimulator } from './server.ts';

/** Frames 101 to 100 + `count`. */
const record = (count: number): Uint8Array[] => syntheticFrames(count, 101);

test('recorded frames without a rate are history, served byte for byte', async (t) => {
  const frames = record(2_500);
  const { url, simulator } = await start(t, { frames });
  const reader = connect(t, `${url}?cursor=0`);
  await reader.take(2_500);
  assert.ok(Buffer.concat(reader.frames).equals(Buffer.concat(frames)));
  const { tip, frames: kept } = simulator.holds();
  assert.deepEqual([tip, kept], [2_600, 2_500]);
});

test('readers at every point of history go over to live without loss or double', async (t) => {
  const frames = record(6_000);
  const { url, simulator } = await start(t, { frames, rate: 4_000 });
  const readers: [cursor: number, reader: Reader][] = [];
  for (const part of [100, 1_200, 2_400, 3_600]) {
    await until(() => simulator.holds().tip >= part + 100, { what: `frame ${part + 100}` });
    for (const cursor of [100, 99 + part, simulator.holds().tip])
      readers.push([cursor, connect(t, `${url}?cursor=${cursor}`)]);
  }
  for (const [cursor, reader] of readers) {
    await until(() => reader.frames.length >= 6_100 - cursor, { what: `all after ${cursor}` });
    assert.deepEqual(reader.frames.map(seqOf), range(cursor + 1, 6_100));
  }
});

test('without a cursor a reader gets what comes from now on', async (t) => {
  const { url } = await start(t, { rate: 500, startSeq: 1 });
  const first = connect(t, url);
  await first.take(30);
  const tip = seqOf(first.frames.at(-1) ?? Buffer.alloc(0));
  const second = connect(t, url);
  await second.take(5);
  const seqs = second.frames.map(seqOf);
  assert.ok((seqs[0] ?? 0) > tip);
  assert.deepEqual(seqs, range(seqs[0] ?? 0, seqs.at(-1) ?? 0));
});

test('three readers get the same', async (t) => {
  const { url } = await start(t, { frames: record(300), rate: 1_000 });
  const readers = [0, 0, 0].map((cursor) => connect(t, `${url}?cursor=${cursor}`));
  for (const reader of readers) {
    await reader.take(300);
    assert.deepEqual(reader.frames.map(seqOf), range(101, 400));
  }
});

test('cursors: within, at the tip, from before the first, in the future', async (t) => {
  const { url } = await start(t, { frames: record(50) });
  const within50 = connect(t, `${url}?cursor=140`);
  await within50.take(10);
  assert.deepEqual(within50.frames.map(seqOf), range(141, 150));
  const before = connect(t, `${url}?cursor=100`);
  await before.take(50);
  assert.deepEqual(before.frames.map(seqOf), range(101, 150));
  const older = connect(t, `${url}?cursor=99`);
  const [info] = await older.take(51);
  assert.ok(info?.kind === 'info' && info.name === 'OutdatedCursor');
  assert.deepEqual(older.frames.slice(1).map(seqOf), range(101, 150));
  const tip = connect(t, `${url}?cursor=150`);
  await opened(tip);
  const future = connect(t, `${url}?cursor=151`);
  assert.deepEqual(await within(future.closed, { what: 'the close' }), {
    code: 1008,
    reason: 'FutureCursor',
  });
  assert.deepEqual(future.frames.map(decodeFrame), [
    { kind: 'error', error: 'FutureCursor', message: 'Cursor in the future.' },
  ]);
  assert.equal(tip.frames.length, 0);
  assert.equal(tip.socket.readyState, WebSocket.OPEN);
});

test('a cursor whose frames were dropped is told so; 0 asks for what is there', async (t) => {
  const { url } = await start(t, { frames: record(50), historyFrames: 10 });
  const dropped = connect(t, `${url}?cursor=120`);
  const [info] = await dropped.take(11);
  assert.equal(info?.kind, 'info');
  assert.deepEqual(dropped.frames.slice(1).map(seqOf), range(141, 150));
  for (const cursor of [0, 140]) {
    const reader = connect(t, `${url}?cursor=${cursor}`);
    await reader.take(10);
    assert.deepEqual(reader.frames.map(seqOf), range(141, 150));
  }
});

test('an inclusive server begins with the frame of the cursor', async (t) => {
  const { url } = await start(t, { frames: record(50), inclusive: true });
  const reader = connect(t, `${url}?cursor=145`);
  await reader.take(6);
  assert.deepEqual(reader.frames.map(seqOf), range(145, 150));
});

test('the loop sends the recorded frames again, under the next numbers and the present time', async (t) => {
  const frames = [...record(20), Buffer.from('oWJvcCChZWVycm9ybEZ1dHVyZUN1cnNvcg==', 'base64')];
  const began = Date.now();
  const { url } = await start(t, { frames, loop: true, rate: 1_000 });
  const reader = connect(t, `${url}?cursor=0`);
  const decoded = await reader.take(61);
  assert.ok(Buffer.concat(reader.frames.slice(0, 21)).equals(Buffer.concat(frames)));
  const repeats = decoded.slice(21);
  for (const [i, frame] of repeats.entries()) {
    const original = decodeFrame(frames[i % 20] as Uint8Array);
    assert.ok('time' in frame && Date.parse(frame.time) >= began && Date.parse(frame.time) <= Date.now());
    assert.deepEqual(frame, { ...original, seq: 121 + i, time: frame.time });
  }
});

test('recorded history with a loop goes on live at the default rate', async (t) => {
  const { url } = await start(t, { frames: record(20), loop: true });
  const reader = connect(t, `${url}?cursor=0`);
  await reader.take(25);
  assert.deepEqual(reader.frames.slice(0, 25).map(seqOf), range(101, 125));
});

test('made-up numbers go on above those of the life before', async (t) => {
  const clock = createFakeClock();
  const first = await start(t, { rate: 10_000 }, clock);
  await clock.advance(1_000);
  const before = first.simulator.holds().tip;
  first.drain.abort();
  await first.ended;
  const second = await start(t, {}, clock);
  const reader = connect(t, `${second.url}?cursor=${before}`);
  await opened(reader);
  const [info] = await reader.take(1);
  assert.equal(info?.kind, 'info');
  await clock.advance(1_000);
  const [, frame] = await reader.take(2);
  assert.ok(frame !== undefined && 'seq' in frame && frame.seq > before);
});

/** A server on a clock that the test turns, with a reader that has stopped reading. */
async function startWithSleeper(t: TestContext) {
  const clock = createFakeClock();
  const options = { rate: 20_000, startSeq: 1, historyFrames: 4_000, lagFrames: 2_000 };
  const running = await start(t, options, clock);
  const sleeper = connect(t, running.url);
  await opened(sleeper);
  sleeper.socket.pause();
  return { ...running, clock, sleeper };
}

test('a reader that does not read is told ConsumerTooSlow and closed; the others go on', async (t) => {
  const { url, clock, sleeper, simulator } = await startWithSleeper(t);
  const good = connect(t, `${url}?cursor=0`);
  await opened(good);
  while (simulator.holds().tip < 10_000) {
    await clock.advance(5);
    await good.take(simulator.holds().tip);
  }
  assert.deepEqual(good.frames.map(seqOf), range(1, 10_000));
  sleeper.socket.resume();
  assert.deepEqual(await within(sleeper.closed, { what: 'the close' }), {
    code: 1008,
    reason: 'ConsumerTooSlow',
  });
  const [last, ...others] = sleeper.frames.map(decodeFrame).reverse();
  assert.deepEqual(last, { kind: 'error', error: 'ConsumerTooSlow', message: 'Stream consumer too slow' });
  // What came before the end came whole and in order.
  assert.deepEqual(sleeper.frames.slice(0, -1).map(seqOf), range(1, others.length));
  assert.equal(good.socket.readyState, WebSocket.OPEN);
});

test('a slow reader that does not answer the close is cut', async (t) => {
  const { clock, sleeper, simulator } = await startWithSleeper(t);
  await until(() => clock.advance(50).then(() => simulator.subscribers() === 0), { what: 'the cut' });
  sleeper.socket.resume();
  assert.equal((await within(sleeper.closed, { what: 'the close' })).code, 1006);
});

test('a drain closes every reader with 1001, and nothing listens any more', async (t) => {
  const { url, drain, ended } = await start(t, { rate: 1_000 });
  const readers = [connect(t, url), connect(t, `${url}?cursor=0`)];
  for (const reader of readers) await reader.take(1);
  drain.abort();
  await within(ended, { what: 'the end' });
  for (const { closed } of readers) assert.deepEqual(await closed, { code: 1001, reason: 'going away' });
  await within(connect(t, url).closed, { what: 'the refusal' });
});

test('a reader that does not answer cannot hold up a drain, and a stop waits for nobody', async (t) => {
  for (const how of ['drain', 'stop'] as const) {
    const clock = createFakeClock();
    const running = await start(t, { rate: 0, startSeq: 1 }, clock);
    const reader = connect(t, running.url);
    await opened(reader);
    await until(() => running.simulator.subscribers() === 1, { what: 'the reader' });
    reader.socket.pause();
    running[how].abort();
    if (how === 'drain') {
      await until(() => clock.nextTimer() !== undefined, { what: 'the deadline of the close' });
      await clock.advance(2_000);
    }
    await within(running.ended, { what: 'the end' });
  }
});

async function ask(simulator: FirehoseSimulator, path: string, upgrade = false): Promise<[number, unknown]> {
  const asked = get(`http://${simulator.address()}${path}`, {
    agent: false,
    headers: upgrade ? { connection: 'upgrade', upgrade: 'websocket' } : {},
  });
  const [response] = (await within(once(asked, 'response'), { what: 'the answer' })) as [IncomingMessage];
  return [response.statusCode ?? 0, await json(response)];
}

test('a bad cursor is 400 in JSON before the upgrade, another path 404', async (t) => {
  const { simulator } = await start(t, { rate: 0 });
  for (const cursor of ['', '-1', '1.5', 'x', '9007199254740992', '1&cursor=2']) {
    const [status, body] = await ask(simulator, `${PATH}?cursor=${cursor}`, true);
    assert.equal(status, 400, cursor);
    assert.deepEqual(body, {
      error: 'InvalidRequest',
      message: 'cursor is not an integer from 0 to 2^53 - 1',
    });
  }
  assert.deepEqual(await ask(simulator, '/other', true), [
    404,
    { error: 'NotFound', message: 'no such path' },
  ]);
});

test('health, and plain requests for anything else', async (t) => {
  const { simulator } = await start(t, { rate: 0, version: '1.2.3' });
  assert.deepEqual(await ask(simulator, '/xrpc/_health'), [200, { version: '1.2.3' }]);
  assert.equal((await ask(simulator, '/'))[0], 404);
  assert.equal((await ask(simulator, PATH))[0], 426);
});

test('a port that is taken is an error', async (t) => {
  const { simulator } = await start(t, { rate: 0 });
  const port = Number(simulator.address().split(':')[1]);
  const { signal } = new AbortController();
  const second = createFirehoseSimulator({ host: '127.0.0.1', port });
  await assert.rejects(
    second.run({ drain: signal, stop: signal, ready: () => {}, clock: systemClock, log: silentLog }),
    { code: 'EADDRINUSE' },
  );
});
