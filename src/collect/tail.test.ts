import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { pendingEvent, testEvent } from '../../test/rig/stream.ts';
import { systemClock } from '../core/clock.ts';
import { disk } from '../core/files.ts';
import type { StreamEvent } from '../core/source.ts';
import { type Committer, createCommitter } from './committer.ts';
import { layoutOf } from './layout.ts';
import { recover } from './recover.ts';
import { tailLines } from './tail.ts';

const BASE = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vahti-tail-'));
after(() => rmSync(BASE, { recursive: true, force: true }));

const START = Date.UTC(2026, 6, 4, 14, 50);
const DEADLINE_MS = 10_000;

async function open(root: string): Promise<Committer> {
  const layout = layoutOf(root);
  const recovered = await recover(disk, layout, 'boot');
  return createCommitter({
    files: disk,
    layout,
    cut: 'hour',
    clock: systemClock,
    boot: 'boot',
    recovered,
  });
}

async function commit(committer: Committer, events: readonly StreamEvent[]): Promise<void> {
  const batch = events.map((event) => pendingEvent(event, START + 9e7));
  await committer.commit(batch, 0);
  await committer.closeDue(false);
}

/** A stream over four hours; every seventh event is late, so that parts overlap and `-late-` parts exist. */
function stream(count: number): StreamEvent[] {
  return Array.from({ length: count }, (_, i) =>
    testEvent(100 + i * 2, START + i * 60_000 - (i % 7 === 3 ? 400_000 : 0), 1 + (i % 3)),
  );
}

function keyOf(line: string): string {
  const { seq, op } = JSON.parse(line) as { seq: number; op: number };
  return `${seq}/${op}`;
}

function keysOf(events: readonly StreamEvent[]): string[] {
  return events.flatMap((event) => event.lines.map((_, op) => `${event.seq}/${op}`));
}

function options(
  root: string,
  more: { last?: number; from?: number; follow?: boolean; signal?: AbortSignal },
) {
  const missing: string[] = [];
  return {
    layout: layoutOf(root),
    clock: systemClock,
    last: 10,
    follow: false,
    signal: new AbortController().signal,
    missing: (part: string) => missing.push(part),
    missed: missing,
    ...more,
  };
}

async function read(root: string, more: Parameters<typeof options>[1]): Promise<string[]> {
  const keys: string[] = [];
  for await (const lines of tailLines(options(root, more))) keys.push(...lines.map(keyOf));
  return keys;
}

test('the newest lines, or all behind a number, come in the order of the stream, across parts', async () => {
  const root = join(BASE, 'order');
  const events = stream(200);
  const committer = await open(root);
  for (let at = 0; at < events.length; at += 9) await commit(committer, events.slice(at, at + 9));
  await committer.release();
  const all = keysOf(events);
  assert.deepEqual(await read(root, { from: 0 }), all);
  await fc.assert(
    fc.asyncProperty(fc.nat(120), fc.nat(520), async (last, from) => {
      assert.deepEqual(await read(root, { last }), last === 0 ? [] : all.slice(-last));
      assert.deepEqual(await read(root, { from }), keysOf(events.filter((event) => event.seq > from)));
    }),
    { numRuns: 40 },
  );
});

test('a follower sees every line once and in order while parts open and close under it', async () => {
  const root = join(BASE, 'follow');
  const events = stream(300);
  const stop = new AbortController();
  const timeout = systemClock.timer(DEADLINE_MS, () => stop.abort());
  const seen: string[] = [];
  const reading = (async () => {
    for await (const lines of tailLines(options(root, { last: 0, follow: true, signal: stop.signal }))) {
      seen.push(...lines.map(keyOf));
      if (seen.length >= keysOf(events).length) stop.abort();
    }
  })();
  const committer = await open(root);
  for (let at = 0; at < events.length; at += 4) await commit(committer, events.slice(at, at + 4));
  await committer.release();
  await reading;
  timeout.cancel();
  assert.deepEqual(seen, keysOf(events));
});

test('what lies in a part but was never committed is not shown', async () => {
  const root = join(BASE, 'uncommitted');
  const committer = await open(root);
  await commit(committer, stream(3));
  const part = committer.openParts()[0];
  await disk.write(
    part?.fd as number,
    Buffer.from('{"seq":999,"time":"x","received":"","op":0}\n{"seq":'),
    part?.state.len as number,
  );
  assert.deepEqual(await read(root, { from: 0 }), keysOf(stream(3)));
  await committer.release();
});

test('a part that was taken away is told and left out', async () => {
  const root = join(BASE, 'missing');
  const committer = await open(root);
  const events = stream(100);
  await commit(committer, events);
  await committer.release();
  renameSync(join(root, '2026-07-04/2026-07-04T14.ndjson'), join(BASE, 'elsewhere'));
  const asked = options(root, { from: 0 });
  const keys: string[] = [];
  for await (const lines of tailLines(asked)) keys.push(...lines.map(keyOf));
  assert.deepEqual(asked.missed, ['2026-07-04/2026-07-04T14']);
  assert.ok(keys.length > 0 && keys.length < keysOf(events).length);
});

test('numbers that began anew come after the old ones, and a number to begin with means one of the present count', async () => {
  const root = join(BASE, 'epochs');
  const committer = await open(root);
  await commit(committer, [testEvent(900, START), testEvent(901, START)]);
  const epoch = { epoch: 'live', received: START } as const;
  const anew = [testEvent(5, START), testEvent(6, START)].map((event) => pendingEvent(event, START));
  await committer.commit([epoch, ...anew], 0);
  await committer.release();
  assert.deepEqual(await read(root, { last: 3 }), ['901/0', '5/0', '6/0']);
  assert.deepEqual(await read(root, { from: 0 }), ['5/0', '6/0']);
  assert.deepEqual(await read(root, { from: 5 }), ['6/0']);
  const again = await open(root);
  assert.equal(again.checkpoint().epoch, 2);
  assert.equal(again.checkpoint().cursor, 6);
  await again.release();
});

test('lines longer than a read are still whole', async () => {
  const root = join(BASE, 'long');
  const committer = await open(root);
  const event = testEvent(5, START);
  const long = {
    ...event,
    lines: [{ head: event.lines[0]?.head as string, tail: `","op":0,"text":"${'ä'.repeat(700_000)}"}\n` }],
  };
  await commit(committer, [testEvent(3, START), long, testEvent(7, START)]);
  await committer.release();
  assert.deepEqual(await read(root, { from: 0 }), ['3/0', '5/0', '7/0']);
  assert.deepEqual(await read(root, { last: 2 }), ['5/0', '7/0']);
});
