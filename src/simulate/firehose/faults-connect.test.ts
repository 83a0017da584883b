import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { connect, opened, range, seqOf, start } from '../../../test/rig/firehose.ts';
import { syntheticFrames } from '../../../test/rig/synthetic-frames.ts';
import { within } from '../../../test/rig/wait.ts';
import { decodeFrame } from '../../wire/atproto/frame.ts';
import type { FirehoseFault } from './faults.ts';

/** Faults of a connection's beginning, with real sockets. Frames 101 to 150 are history. */
function serve(t: TestContext, faults: readonly FirehoseFault[], options = {}) {
  return start(t, { frames: syntheticFrames(50, 101), faults, ...options });
}

/** The status and headers of a refused attempt; 101 where it is not refused. */
async function attempt(t: TestContext, url: string): Promise<readonly [number, string | undefined]> {
  const { socket } = connect(t, url);
  const refused = once(socket, 'unexpected-response') as Promise<[unknown, IncomingMessage]>;
  const answer = await within(Promise.race([once(socket, 'open'), refused]), { what: 'an answer' });
  const response = answer[1] as IncomingMessage | undefined;
  response?.destroy();
  return response === undefined
    ? [101, undefined]
    : [response.statusCode ?? 0, response.headers['retry-after']];
}

async function replay(t: TestContext, url: string, cursor: number, count: number): Promise<number[]> {
  const reader = connect(t, `${url}?cursor=${cursor}`);
  await reader.take(count);
  return reader.frames.map(seqOf);
}

/** All that the server has sent so far has come when its answer to a ping has. */
async function pong(socket: WebSocket): Promise<void> {
  socket.ping();
  await within(once(socket, 'pong'), { what: 'the pong' });
}

test('attempts are refused in the order of the faults, so often as asked, and then no more', async (t) => {
  const { url } = await serve(t, [
    { kind: 'http', status: 429, retryAfterS: 7 },
    { kind: 'http', status: 502 },
    { kind: 'http', status: 503, when: { connection: 4 }, times: 2 },
  ]);
  const answers = [];
  for (let i = 0; i < 7; i++) answers.push(await attempt(t, url));
  const none = undefined;
  assert.deepEqual(answers, [
    [429, '7'],
    [502, none],
    [101, none],
    [503, none],
    [503, none],
    [101, none],
    [101, none],
  ]);
});

test('a request is never answered, until the reader or the server gives up; the next one is', async (t) => {
  const clock = createFakeClock();
  const running = await start(t, { rate: 0, faults: [{ kind: 'no-upgrade', times: 3 }] }, clock);
  const { url, drain, ended } = running;
  const [first, second, third] = [1, 2, 3].map(() => connect(t, url));
  const fourth = connect(t, url);
  await opened(fourth);
  for (const reader of [first, second, third]) assert.equal(reader?.socket.readyState, WebSocket.CONNECTING);
  assert.equal(running.simulator.subscribers(), 1);
  first?.socket.terminate();
  await clock.advance(600_000);
  assert.equal((await within((second as NonNullable<typeof second>).closed, { what: 'the cut' })).code, 1006);
  const fifth = connect(t, url);
  await opened(fifth);
  drain.abort();
  await within(ended, { what: 'the end' });
});

test('a held request does not hold up the end', async (t) => {
  const { url, drain, ended } = await serve(t, [{ kind: 'no-upgrade' }]);
  const held = connect(t, url);
  await opened(connect(t, url));
  drain.abort();
  await within(ended, { what: 'the end' });
  assert.equal((await within(held.closed, { what: 'the cut' })).code, 1006);
});

test('a silent connection is open, answers, and says nothing; the next one speaks', async (t) => {
  const { url, drain, ended } = await serve(t, [{ kind: 'silent' }]);
  const silent = connect(t, `${url}?cursor=1`);
  await opened(silent);
  assert.deepEqual(await replay(t, url, 100, 50), range(101, 150));
  await pong(silent.socket);
  assert.equal(silent.frames.length, 0);
  drain.abort();
  await within(ended, { what: 'the end' });
  assert.equal((await silent.closed).code, 1001);
});

test('a cursor is taken as inclusive or exclusive, whatever the server does otherwise', async (t) => {
  const faults: FirehoseFault[] = [
    { kind: 'exclusive', when: { connection: 2 }, times: 1 },
    { kind: 'inclusive', when: { connection: 4 } },
  ];
  for (const [inclusive, firsts] of [
    [false, [141, 141, 141, 140, 140]],
    [true, [140, 141, 140, 140, 140]],
  ] as const) {
    const { url } = await serve(t, faults, { inclusive });
    for (const first of firsts) assert.deepEqual(await replay(t, url, 140, 151 - first), range(first, 150));
  }
});

test('the window passes a cursor: told, then a jump; what is gone stays gone', async (t) => {
  const { url, simulator } = await serve(t, [{ kind: 'outdated', frames: 10, when: { connection: 3 } }]);
  const live = connect(t, url);
  await opened(live);
  assert.deepEqual(await replay(t, url, 120, 30), range(121, 150));
  assert.equal(simulator.holds().frames, 50);
  // Neither is behind: nothing can be dropped that it would miss.
  await opened(connect(t, url));
  await opened(connect(t, `${url}?cursor=150`));
  const late = connect(t, `${url}?cursor=120`);
  const [info] = await late.take(21);
  assert.ok(info?.kind === 'info' && info.name === 'OutdatedCursor');
  assert.deepEqual(late.frames.slice(1).map(seqOf), range(131, 150));
  assert.deepEqual(await replay(t, url, 120, 21), [0, ...range(131, 150)]);
  assert.deepEqual(await replay(t, url, 130, 20), range(131, 150));
  assert.equal(simulator.holds().frames, 20);
  await pong(live.socket);
  assert.deepEqual(live.frames, []);
});

test('an outdated cursor is clamped, and nobody says so', async (t) => {
  const { url } = await serve(t, [{ kind: 'clamped' }], { historyFrames: 10 });
  for (let i = 0; i < 2; i++) assert.deepEqual(await replay(t, url, 120, 10), range(141, 150));
  const passed = await serve(t, [
    { kind: 'outdated', frames: 5 },
    { kind: 'clamped', times: 1 },
  ]);
  assert.deepEqual(await replay(t, passed.url, 120, 25), range(126, 150));
  assert.deepEqual(await replay(t, passed.url, 120, 26), [0, ...range(126, 150)]);
});

test('a cursor in the future goes live, where others are told', async (t) => {
  const clock = createFakeClock();
  const frames = syntheticFrames(50, 101);
  const faults: FirehoseFault[] = [{ kind: 'future-live', times: 1 }];
  const { url } = await start(t, { frames, rate: 100, faults }, clock);
  await clock.advance(100);
  const live = connect(t, `${url}?cursor=9000`);
  await opened(live);
  const told = connect(t, `${url}?cursor=9000`);
  assert.equal((await within(told.closed, { what: 'the close' })).reason, 'FutureCursor');
  assert.deepEqual(told.frames.map(decodeFrame), [
    { kind: 'error', error: 'FutureCursor', message: 'Cursor in the future.' },
  ]);
  await clock.advance(100);
  await live.take(10);
  assert.deepEqual(live.frames.map(seqOf), range(111, 120));
});

test('a refusal can wait for frames that were sent, over all connections', async (t) => {
  const faults: FirehoseFault[] = [{ kind: 'http', status: 503, when: { afterAll: 60 } }];
  const { url } = await serve(t, faults);
  assert.deepEqual(await replay(t, url, 100, 50), range(101, 150));
  assert.deepEqual(await replay(t, url, 140, 10), range(141, 150));
  assert.equal((await attempt(t, url))[0], 503);
  assert.equal((await attempt(t, url))[0], 101);
});
