import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tempFolder } from '../../test/rig/leaks.ts';
import { textsBelow } from '../../test/rig/stream.ts';
import { systemClock } from '../core/clock.ts';
import { disk } from '../core/files.ts';
import { silentLog } from '../core/log.ts';
import type { StreamEvent, StreamPosition, StreamSource } from '../core/source.ts';
import { createCollector } from './collector.ts';
import { readCommitted } from './committed.ts';
import type { OnReset } from './gate.ts';
import { type Gap, readGaps } from './gaps.ts';
import { layoutOf } from './layout.ts';

const NOON = Date.UTC(2026, 6, 4, 12);

/** The event `n` of the network, as a server says it that counts from `offset` on: a commit, an identity now and then. */
function eventOf(n: number, offset: number): StreamEvent {
  const time = NOON + n * 1_000;
  const text = new Date(time).toISOString();
  const body =
    n % 10 === 0
      ? `"kind":"identity","identity":{"did":"did:plc:${n % 7}","time":"${text}"}`
      : `"kind":"commit","commit":{"rev":"r${n}","operation":"create","collection":"a.b","rkey":"k"}`;
  const line = {
    head: `{"seq":${n + offset},"time":"${text}","received":"`,
    tail: `","did":"did:plc:${n % 7}",${body},"n":${n}}\n`,
  };
  return { seq: n + offset, time, kind: 'commit', lines: [line] };
}

interface Life {
  readonly server: string;
  readonly offset: number;
  /** What it sends, whatever it is asked for. */
  readonly from: number;
  readonly to: number;
  readonly onReset?: OnReset;
  readonly apart?: number;
}

/** One life of a collector; answers from where it asked. */
async function live(into: string, life: Life): Promise<StreamPosition | undefined> {
  let asked: StreamPosition | undefined;
  const { apart } = life;
  const source: StreamSource = {
    numbers: apart === undefined ? 'dense' : 'sparse',
    server: { name: life.server, ...(apart === undefined ? {} : { apart }) },
    async run(_scope, sink) {
      asked = sink.position();
      sink.take({ kind: 'connected', cursor: undefined });
      for (let n = life.from; n <= life.to; n += 1)
        sink.take({ kind: 'event', event: eventOf(n, life.offset) });
    },
  };
  const room = { floor: 0, free: () => Promise.resolve(Number.POSITIVE_INFINITY) };
  const onReset = life.onReset ?? 'live';
  const collector = createCollector(
    { source, into, part: 'hour', start: 'live', onReset, files: disk, room, spool: 0, boot: 'b' },
    systemClock,
  );
  const never = new AbortController().signal;
  await collector.run({ clock: systemClock, log: silentLog, drain: never, stop: never, ready: () => {} });
  return asked;
}

async function found(into: string): Promise<{ numbers: number[]; epoch: number; gaps: readonly Gap[] }> {
  const committed = await readCommitted(layoutOf(into));
  assert.ok(committed !== undefined);
  const { epoch, gaps } = committed.checkpoint;
  return {
    numbers: textsBelow(into)
      .map(({ text }) => (JSON.parse(text) as { n: number }).n)
      .sort((a, b) => a - b),
    epoch,
    gaps: await readGaps(layoutOf(into).gaps, gaps ?? 0),
  };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

test('another server that sends what we had, too: each event once, no gap, an epoch of its own', async (t) => {
  const into = tempFolder(t);
  await live(into, { server: 'a', offset: 0, from: 1, to: 100 });
  assert.equal(await live(into, { server: 'b', offset: 70_000, from: 60, to: 300 }), 'live');
  assert.deepEqual(await found(into), { numbers: upTo(300), epoch: 2, gaps: [] });
  // And it is the same server from then on.
  assert.equal(await live(into, { server: 'b', offset: 70_000, from: 250, to: 310 }), 70_300);
  assert.deepEqual(await found(into), { numbers: upTo(310), epoch: 2, gaps: [] });
});

test('numbers of the other server that are lower, and a restart in the middle of the overlap', async (t) => {
  const into = tempFolder(t);
  await live(into, { server: 'a', offset: 70_000, from: 1, to: 200 });
  await live(into, { server: 'b', offset: 0, from: 150, to: 180 });
  await live(into, { server: 'b', offset: 0, from: 150, to: 205 });
  await live(into, { server: 'b', offset: 0, from: 150, to: 600 });
  assert.deepEqual(await found(into), { numbers: upTo(600), epoch: 2, gaps: [] });
});

test('another server that begins later: the gap says from when until when', async (t) => {
  const into = tempFolder(t);
  await live(into, { server: 'a', offset: 0, from: 1, to: 100 });
  await live(into, { server: 'b', offset: 0, from: 130, to: 140 });
  const { numbers, epoch, gaps } = await found(into);
  assert.deepEqual(numbers, [...upTo(100), ...upTo(140).slice(129)]);
  assert.equal(epoch, 2);
  assert.deepEqual(
    gaps.map(({ reason, since, until, detail }) => ({ reason, since, until, detail })),
    [
      {
        reason: 'switched',
        since: NOON + 100_000,
        until: NOON + 130_000,
        detail: 'the stream is taken from b now, before from a',
      },
    ],
  );
});

test('from its oldest on, what was collected long ago is not collected again', async (t) => {
  const into = tempFolder(t);
  await live(into, { server: 'a', offset: 0, from: 1, to: 2_000 });
  const asked = await live(into, { server: 'b', offset: 9_000, from: 1, to: 2_500, onReset: 'oldest' });
  assert.equal(asked, 'oldest');
  assert.deepEqual(await found(into), { numbers: upTo(2_500), epoch: 2, gaps: [] });
});

test('where numbers are times the other server is asked from a little before, and on-reset: stop stops', async (t) => {
  const into = tempFolder(t);
  await live(into, { server: 'a', offset: 0, from: 1, to: 100 });
  await assert.rejects(live(into, { server: 'b', offset: 2, from: 90, to: 120, onReset: 'stop' }), {
    name: 'StreamResetError',
  });
  assert.equal(await live(into, { server: 'b', offset: 2, from: 90, to: 120, apart: 15 }), 85);
  assert.deepEqual(await found(into), { numbers: upTo(120), epoch: 2, gaps: [] });
});
