import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { connect, type Reader, range, seqOf, start } from '../../../test/rig/firehose.ts';
import { syntheticFrames } from '../../../test/rig/synthetic-frames.ts';
import { within } from '../../../test/rig/wait.ts';
import { decodeFrame } from '../../wire/atproto/frame.ts';
import type { StreamTime } from '../fault-times.ts';
import type { FirehoseFault, PassingFault } from './faults.ts';

/** Faults between frames and of frames, with real sockets. Frames 101 to 150 are history. */
const FRAMES = syntheticFrames(50, 101);

function serve(t: TestContext, ...faults: readonly FirehoseFault[]) {
  return start(t, { frames: FRAMES, faults });
}

async function replay(t: TestContext, url: string, count: number): Promise<Buffer[]> {
  const reader = connect(t, `${url}?cursor=100`);
  await reader.take(count);
  return reader.frames;
}

/** What came up to the end that the server makes. */
async function untilClosed(t: TestContext, url: string, cursor = 100) {
  const reader = connect(t, `${url}?cursor=${cursor}`);
  const { code, reason } = await within(reader.closed, { what: 'the close' });
  return { seqs: reader.frames.map(seqOf), frames: reader.frames, code, reason };
}

test('a connection closes after so many frames, with the code asked for, and the next one does not', async (t) => {
  for (const code of [1000, 1001, 1013]) {
    const { url } = await serve(t, { kind: 'close', code, reason: 'enough', when: { after: 20 } });
    const { seqs, ...end } = await untilClosed(t, url);
    assert.deepEqual(seqs, range(101, 120));
    assert.deepEqual([end.code, end.reason], [code, 'enough']);
    assert.deepEqual((await replay(t, url, 50)).map(seqOf), range(101, 150));
  }
});

test('a connection is cut behind so many frames, twice, without a close', async (t) => {
  const { url } = await serve(t, { kind: 'cut', when: { after: 20 }, times: 2 });
  for (let i = 0; i < 2; i++) {
    const { seqs, code } = await untilClosed(t, url);
    assert.deepEqual(seqs, range(101, 120));
    assert.equal(code, 1006);
  }
  assert.deepEqual((await replay(t, url, 50)).map(seqOf), range(101, 150));
});

test('a connection ends right behind its last frame, not when the next one comes', async (t) => {
  const { url } = await serve(t, { kind: 'cut', when: { after: 50 } });
  assert.deepEqual((await untilClosed(t, url)).seqs, range(101, 150));
});

async function pong({ socket }: Reader): Promise<void> {
  socket.ping();
  await within(once(socket, 'pong'), { what: 'the pong' });
}

test('a half-open connection sends nothing more; it answers, or is deaf', async (t) => {
  const clock = createFakeClock();
  const faults: FirehoseFault[] = [
    { kind: 'half-open', pongs: true, when: { after: 20 } },
    { kind: 'half-open', pongs: false, when: { after: 20, connection: 2 } },
  ];
  const { url, simulator, drain, ended } = await start(t, { frames: FRAMES, loop: true, faults }, clock);
  const answering = connect(t, `${url}?cursor=100`);
  await answering.take(20);
  const deaf = connect(t, `${url}?cursor=100`);
  await deaf.take(20);
  const good = connect(t, `${url}?cursor=100`);
  let pongs = 0;
  let pings = 0;
  deaf.socket.on('pong', () => pongs++);
  deaf.socket.on('ping', () => pings++);
  deaf.socket.ping();
  deaf.socket.close(1000);
  await clock.advance(30_000); // the server's own pings are due
  await good.take(500);
  await pong(good);
  await pong(answering);
  assert.deepEqual([answering.frames.length, deaf.frames.length, pongs, pings], [20, 20, 0, 0]);
  assert.deepEqual(
    [answering.socket.readyState, deaf.socket.readyState],
    [WebSocket.OPEN, WebSocket.CLOSING],
  );
  assert.equal(simulator.subscribers(), 3);
  drain.abort();
  await within(ended, { what: 'the end, which waits for nobody deaf' });
  assert.deepEqual([(await answering.closed).code, (await good.closed).code], [1001, 1001]);
});

test('an error frame comes last, and then the close', async (t) => {
  const { url } = await serve(t, {
    kind: 'error',
    error: 'ConsumerTooSlow',
    message: 'slow',
    when: { seq: 131 },
  });
  const { seqs, frames, ...end } = await untilClosed(t, url);
  assert.deepEqual(seqs, [...range(101, 130), 0]);
  assert.deepEqual(decodeFrame(frames.at(-1) as Buffer), {
    kind: 'error',
    error: 'ConsumerTooSlow',
    message: 'slow',
  });
  assert.deepEqual([end.code, end.reason], [1008, 'ConsumerTooSlow']);
});

test('the last frames come again, those of the connection at most', async (t) => {
  const faults: FirehoseFault[] = [
    { kind: 'duplicate', frames: 5, when: { after: 20 } },
    { kind: 'duplicate', frames: 500, when: { seq: 149 } },
  ];
  const { url } = await serve(t, ...faults);
  const seqs = [...range(101, 120), ...range(116, 148), ...range(101, 150)];
  assert.deepEqual((await replay(t, url, seqs.length)).map(seqOf), seqs);
});

test('what is not a frame stands between frames, which are all there', async (t) => {
  const raw = Uint8Array.of(1, 2, 3);
  const kinds: PassingFault[] = [
    { kind: 'text' },
    { kind: 'garbage' },
    { kind: 'unknown-type' },
    { kind: 'unknown-op' },
    { kind: 'raw', bytes: raw },
  ];
  const faults = kinds.map((fault, i) => ({ ...fault, when: { after: 10 + i * 5 } }));
  const { url } = await serve(t, ...faults, { kind: 'text', when: { seq: 150 } });
  const { socket } = connect(t, `${url}?cursor=100`);
  const got: [Buffer, boolean][] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('message', (data: Buffer, isBinary) => {
    if (got.push([data, isBinary]) === 56) resolve();
  });
  await within(promise, { what: 'all messages' });
  const inserted = [10, 16, 22, 28, 34, 54].map((index) => got[index] as [Buffer, boolean]);
  assert.deepEqual(
    inserted.map(([, isBinary]) => isBinary),
    [false, true, true, true, true, false],
  );
  assert.deepEqual(
    inserted.slice(1, 5).map(([data]) => decodeFrame(data).kind),
    ['bad', 'unknown', 'unknown', 'bad'],
  );
  assert.ok(inserted[4]?.[0].equals(raw));
  const frames = got.filter((one) => !inserted.includes(one)).map(([data]) => data);
  assert.ok(Buffer.concat(frames).equals(Buffer.concat(FRAMES)));
});

test('swallowed frames are a gap, for every reader and at every replay', async (t) => {
  const { url } = await serve(
    t,
    { kind: 'swallow', count: 3, when: { seq: 120 } },
    { kind: 'swallow', when: { after: 30 } }, // without what is swallowed: 134 is the 31st
    { kind: 'swallow', count: Number.POSITIVE_INFINITY, when: { seq: 148 } },
  );
  const left = [...range(101, 119), ...range(123, 133), ...range(135, 147)];
  for (let i = 0; i < 3; i++) {
    assert.deepEqual((await replay(t, url, left.length)).map(seqOf), left);
  }
  const inside = connect(t, `${url}?cursor=120`);
  await inside.take(24);
  assert.deepEqual(inside.frames.map(seqOf), left.slice(19));
});

test('a poisoned frame is there again at each reconnect, unless it is only so many times', async (t) => {
  const first = await serve(t, { kind: 'poison', when: { seq: 120 } });
  const second = await serve(t, { kind: 'poison', when: { seq: 120 }, times: 2 });
  const third = await serve(t, { kind: 'poison', count: 2, when: { after: 19, connection: 2 } });
  const bad: number[][] = [];
  for (const { url } of [first, second, third]) {
    for (let i = 0; i < 3; i++) {
      const frames = await replay(t, url, 50);
      bad.push(range(0, 49).filter((index) => !frames[index]?.equals(FRAMES[index] as Uint8Array)));
      assert.ok(bad.at(-1)?.every((index) => decodeFrame(frames[index] as Buffer).kind === 'bad'));
    }
  }
  assert.deepEqual(bad, [[19], [19], [19], [19], [19], [], [], [19, 20], [19, 20]]);
  // A reader that begins behind its place does not draw it there.
  const { url } = await serve(t, { kind: 'poison', when: { seq: 120 } });
  const behind = connect(t, `${url}?cursor=120`);
  await behind.take(30);
  assert.deepEqual(behind.frames.map(seqOf), range(121, 150));
});

test('a frame over the limit breaks the connection of a reader that has one', async (t) => {
  const { url } = await serve(t, { kind: 'too-large', bytes: 6_291_457, when: { seq: 110 } });
  for (let i = 0; i < 2; i++) {
    const socket = new WebSocket(`${url}?cursor=100`, { maxPayload: 6_291_456 });
    let count = 0;
    socket.on('message', () => count++);
    const [error] = (await within(once(socket, 'error'), { what: 'the error' })) as [{ code: string }];
    assert.deepEqual([count, error.code], [9, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH']);
    await within(once(socket, 'close'), { what: 'the close' });
  }
  const whole = await replay(t, url, 50);
  assert.deepEqual(whole.map(seqOf), range(101, 150));
  assert.equal(whole[9]?.length, 6_291_457);
});

test('faults of frames come together, the same for all readers', async (t) => {
  const all = { count: Number.POSITIVE_INFINITY };
  const { url } = await serve(
    t,
    { kind: 'odd-header', ...all },
    { kind: 'clock', shiftMs: 3_600_000, percent: 40, when: { seq: 111 } },
    { kind: 'missing-block', count: 2, when: { seq: 121 } },
  );
  const frames = await replay(t, url, 50);
  assert.ok(Buffer.concat(await replay(t, url, 50)).equals(Buffer.concat(frames)));
  const shifts = frames.map((frame, index) => {
    const [before, after] = [decodeFrame(FRAMES[index] as Uint8Array), decodeFrame(frame)];
    assert.ok('time' in before && 'time' in after);
    return Date.parse(after.time) - Date.parse(before.time);
  });
  assert.deepEqual([...new Set(shifts.slice(0, 10))], [0]);
  assert.deepEqual(new Set(shifts.slice(10)), new Set([0, 3_600_000]));
  const shorter = range(0, 49).filter((i) => (frames[i]?.length ?? 0) < (FRAMES[i]?.length ?? 0));
  assert.ok(shorter.length === 2 && (shorter[0] ?? 0) >= 20);
});

test('a fault can wait for the frames of all connections, and for a connection', async (t) => {
  const { url } = await serve(
    t,
    { kind: 'close', code: 1001, when: { afterAll: 80 } },
    { kind: 'close', code: 1013, when: { connection: 4, seq: 140 } },
  );
  assert.equal((await replay(t, url, 50)).length, 50);
  assert.deepEqual((await untilClosed(t, url)).seqs, range(101, 130));
  assert.equal((await replay(t, url, 50)).length, 50);
  const last = await untilClosed(t, url);
  assert.deepEqual([last.seqs, last.code], [range(101, 139), 1013]);
});

/** Faults through which no frame is lost. */
const WHEN: fc.Arbitrary<StreamTime> = fc.oneof(
  fc.record({ after: fc.nat(55) }),
  fc.record({ seq: fc.integer({ min: 95, max: 155 }) }),
  fc.record({ afterAll: fc.nat(120), connection: fc.integer({ min: 1, max: 4 }) }),
);
const LOSSLESS: fc.Arbitrary<FirehoseFault> = fc
  .tuple(
    fc.constantFrom<PassingFault>(
      { kind: 'close', code: 1001 },
      { kind: 'cut' },
      { kind: 'error', error: 'ConsumerTooSlow' },
      { kind: 'duplicate', frames: 7 },
      { kind: 'garbage' },
      { kind: 'text' },
      { kind: 'unknown-type' },
    ),
    WHEN,
    fc.integer({ min: 1, max: 3 }),
  )
  .map(([fault, when, times]) => ({ ...fault, when, times }));

test('whatever passes, a reader that comes back gets every frame, and the same in a second run', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(LOSSLESS, { maxLength: 5 }), async (faults) => {
      const runs: string[] = [];
      for (let run = 0; run < 2; run++) {
        const { url, stop } = await serve(t, ...faults);
        const taken: number[] = [];
        let received = '';
        while (taken.length < 50) {
          const frames = await untilLast(t, `${url}?cursor=${taken.at(-1) ?? 100}`);
          received += `${Buffer.concat(frames).toString('base64')}\n`;
          for (const seq of frames.map(seqOf)) if (seq > (taken.at(-1) ?? 100)) taken.push(seq);
        }
        assert.deepEqual(taken, range(101, 150));
        runs.push(received);
        stop.abort();
      }
      assert.equal(runs[0], runs[1]);
    }),
    { numRuns: 25 },
  );
});

/** What comes up to the last frame there is, or to the end of the connection. */
async function untilLast(t: TestContext, url: string): Promise<Buffer[]> {
  const { socket, closed } = connect(t, url);
  const frames: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('message', (data: Buffer) => {
    if (frames.some((frame) => seqOf(frame) === 150)) return;
    frames.push(data);
    if (seqOf(data) === 150) resolve();
  });
  await within(Promise.race([promise, closed]), { what: 'the last frame, or the end' });
  socket.terminate();
  return frames;
}
