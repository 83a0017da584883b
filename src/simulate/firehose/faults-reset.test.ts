import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { connect, opened, range, seqOf, start } from '../../../test/rig/firehose.ts';
import { syntheticFrames } from '../../../test/rig/synthetic-frames.ts';
import { within } from '../../../test/rig/wait.ts';
import { decodeFrame } from '../../wire/atproto/frame.ts';
import type { FirehoseFault } from './faults.ts';

/** Numbers that begin anew, with real sockets: frames 101 to 150 come live, ten each 100 ms of a clock that the test turns. */
const FRAMES = syntheticFrames(50, 101);

async function serve(t: TestContext, ...faults: readonly FirehoseFault[]) {
  const clock = createFakeClock();
  const running = await start(t, { frames: FRAMES, rate: 100, faults }, clock);
  return { ...running, clock };
}

async function replay(t: TestContext, url: string, cursor: number, count: number): Promise<Buffer[]> {
  const reader = connect(t, `${url}?cursor=${cursor}`);
  await reader.take(count);
  return reader.frames;
}

async function end(t: TestContext, url: string, cursor: number): Promise<string> {
  const { closed } = connect(t, `${url}?cursor=${cursor}`);
  return (await within(closed, { what: 'the close' })).reason;
}

test('numbers begin anew below all that was: an open connection just sees it', async (t) => {
  const { url, clock, simulator } = await serve(t, { kind: 'reset', to: 5, when: { after: 20 } });
  const reader = connect(t, url);
  await opened(reader);
  await clock.advance(500);
  await reader.take(50);
  assert.deepEqual(reader.frames.map(seqOf), [...range(101, 120), ...range(6, 35)]);
  assert.equal(simulator.holds().tip, 35);
  // But for their numbers they are the frames that were to come.
  for (const [i, frame] of reader.frames.entries()) {
    const before = decodeFrame(FRAMES[i] as Uint8Array);
    assert.deepEqual(decodeFrame(frame), i < 20 ? before : { ...before, seq: i - 14 });
  }
  assert.equal(await end(t, url, 120), 'FutureCursor');
  assert.deepEqual((await replay(t, url, 5, 30)).map(seqOf), range(6, 35));
  const [info, ...all] = await replay(t, url, 4, 31);
  assert.equal(decodeFrame(info as Buffer).kind, 'info');
  assert.deepEqual(all.map(seqOf), range(6, 35));
});

test('with a restart every connection is cut; who comes back is told, or silently goes live', async (t) => {
  const reset: FirehoseFault = { kind: 'reset', to: 0, restart: true, when: { seq: 121 } };
  const told = await serve(t, reset);
  const silent = await serve(t, reset, { kind: 'future-live' });
  for (const { url, clock } of [told, silent]) {
    const reader = connect(t, url);
    await opened(reader);
    await clock.advance(400);
    assert.equal((await within(reader.closed, { what: 'the cut' })).code, 1006);
    assert.deepEqual(reader.frames.map(seqOf), range(101, 120));
  }
  assert.equal(await end(t, told.url, 120), 'FutureCursor');
  const back = connect(t, `${silent.url}?cursor=120`);
  await opened(back);
  await silent.clock.advance(100);
  await back.take(10);
  assert.deepEqual(back.frames.map(seqOf), range(21, 30));
});

test('a backup: numbers that were used come again with other content', async (t) => {
  const { url, clock } = await serve(t, { kind: 'reset', to: 110, when: { after: 20 } });
  const reader = connect(t, url);
  await opened(reader);
  await clock.advance(300);
  await reader.take(30);
  assert.deepEqual(reader.frames.map(seqOf), [...range(101, 120), ...range(111, 120)]);
  const again = await replay(t, url, 100, 20);
  assert.deepEqual(again.map(seqOf), range(101, 120));
  assert.ok(Buffer.concat(again.slice(0, 10)).equals(Buffer.concat(FRAMES.slice(0, 10))));
  assert.ok(Buffer.concat(again.slice(10)).equals(Buffer.concat(reader.frames.slice(20))));
  assert.equal(again.slice(10).filter((frame, i) => frame.equals(FRAMES[10 + i] as Uint8Array)).length, 0);
});

test('numbers jump ahead, and nothing is lost', async (t) => {
  const { url, clock } = await serve(t, { kind: 'reset', to: 9_000_000_000, when: { after: 20 } });
  await clock.advance(300);
  const seqs = [...range(116, 120), ...range(9_000_000_001, 9_000_000_010)];
  assert.deepEqual((await replay(t, url, 115, 15)).map(seqOf), seqs);
});

test('a reset waits for a connection, which finds the new numbers; several follow each other', async (t) => {
  const { url, clock, simulator } = await serve(
    t,
    { kind: 'reset', to: 10, when: { connection: 2 } },
    { kind: 'reset', to: 3, when: { connection: 2, seq: 21 } },
  );
  await clock.advance(100);
  assert.deepEqual((await replay(t, url, 100, 10)).map(seqOf), range(101, 110));
  assert.equal(await end(t, url, 110), 'FutureCursor');
  assert.equal(simulator.holds().tip, 10);
  const reader = connect(t, url);
  await opened(reader);
  await clock.advance(200);
  await reader.take(20);
  assert.deepEqual(reader.frames.map(seqOf), [...range(11, 20), ...range(4, 13)]);
});

test('made-up frames and faults of frames go on over a reset', async (t) => {
  const clock = createFakeClock();
  const faults: FirehoseFault[] = [
    { kind: 'reset', to: 0, when: { after: 10 } },
    { kind: 'swallow', when: { seq: 4, connection: 2 } },
  ];
  const { url } = await start(t, { rate: 100, startSeq: 501, faults }, clock);
  const [first, second] = [connect(t, url), connect(t, url)];
  await Promise.all([opened(first), opened(second)]);
  await clock.advance(200);
  await first.take(19);
  await second.take(19);
  const seqs = [...range(501, 510), 1, 2, 3, ...range(5, 10)];
  assert.deepEqual(second.frames.map(seqOf), seqs);
  assert.deepEqual((await replay(t, url, 1, 8)).map(seqOf), seqs.slice(11));
});
