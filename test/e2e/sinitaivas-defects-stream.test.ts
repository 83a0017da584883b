import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFirehoseSource } from '../../src/collect/sources/firehose.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { SourceMessage } from '../../src/core/source.ts';
import {
  bytesOf,
  untilCommitted,
  committedIn,
  dataOf,
  endCollector,
  gapsIn,
  keysIn,
  keysOf,
  logged,
  quarantineIn,
  serveFrames,
  startCollector,
} from '../rig/collecting.ts';
import { PATH } from '../rig/firehose.ts';
import { testFrames } from '../rig/frames.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { linesBelow } from '../rig/stream.ts';

/**
 * The defects of sinitaivas-live in its connection, each by its number (docs/fault-model.md): that they are not here.
 */
const DEADLINE = { timeout: 60_000 };
const START = Date.UTC(2026, 6, 4, 14, 30);

test('A2.5 OutdatedCursor is a gap, with an alarm', DEADLINE, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const frames = testFrames(300, START, 60_000, 1);
  const first = frames[0]?.seq ?? 0;
  // The hundred that were taken are asked for again, as always; the fifty behind them are gone.
  const url = await serveFrames(
    t,
    { frames: bytesOf(frames) },
    'cut@frames=100',
    'outdated:150@connection=2',
  );
  const collector = startCollector(t, url, folder);
  await untilCommitted(collector, folder, 'the last event', ({ cursor }) => cursor === frames.at(-1)?.seq);
  await endCollector(collector);
  const [gap, ...more] = await gapsIn(folder);
  assert.deepEqual(more, []);
  assert.deepEqual([gap?.from, gap?.to, gap?.reason], [first + 99, first + 150, 'outdated']);
  assert.match(gap?.detail ?? '', /^OutdatedCursor: /);
  const alarms = logged(collector, 'events are missing');
  assert.deepEqual(
    alarms.map(({ level, vahti: kind, reason }) => [level, kind, reason]),
    [['error', 'gap', 'outdated']],
  );
  assert.deepEqual(keysIn(folder), keysOf([...frames.slice(0, 100), ...frames.slice(150)]));
});

/** How long a firehose source waits after a first failed connection, milliseconds, for a given chance (0 to 1). */
async function firstWait(chance: number): Promise<number> {
  const drain = new AbortController();
  let wait = Number.NaN;
  const take = (message: SourceMessage): boolean => {
    if (message.kind === 'disconnected') wait = message.retryMs;
    drain.abort();
    return true;
  };
  // The port of discard: nobody listens there.
  const url = `ws://127.0.0.1:9${PATH}`;
  const source = createFirehoseSource({ url, random: () => chance, decode: () => ({ kind: 'skip' }) });
  await source.run(
    { clock: systemClock, log: silentLog, drain: drain.signal, stop: drain.signal, ready: () => {} },
    { take, drained: () => Promise.resolve(), position: () => 'live', marks: () => ({}) },
  );
  return wait;
}

test('A2.11 a clean close is no exit', DEADLINE, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const frames = testFrames(200, START, 60_000, 1);
  const url = await serveFrames(t, { frames: bytesOf(frames) }, 'close:1000@frames=50');
  const collector = startCollector(t, url, folder);
  await untilCommitted(collector, folder, 'the last event', ({ cursor }) => cursor === frames.at(-1)?.seq);
  assert.equal(collector.over(), false);
  await endCollector(collector);
  const [closed, ...more] = logged(collector, 'disconnected');
  assert.deepEqual([closed?.['reason'], more], ['the server closed (1000)', []]);
  assert.ok((closed?.['retryMs'] as number) <= 2_000, `it waits ${String(closed?.['retryMs'])} ms`);
  assert.deepEqual(keysIn(folder), keysOf(frames));
  // Many collectors do not come back at once: half of each wait is chance.
  assert.deepEqual(await Promise.all([firstWait(0), firstWait(1)]), [1_000, 2_000]);
});

test('A2.12 FutureCursor is no wedge: a new epoch begins', DEADLINE, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const first = startCollector(t, await serveFrames(t, { rate: 500, startSeq: 1_000_000 }), folder);
  await untilCommitted(first, folder, 'a commit', ({ k }) => k > 0);
  await endCollector(first);
  const { cursor: old } = (await committedIn(folder)).checkpoint;
  // The relay's new host counts from 1, so our cursor is from the future.
  const url = await serveFrames(t, { rate: 500, startSeq: 1 });
  const second = startCollector(t, url, folder);
  await untilCommitted(
    second,
    folder,
    'the new count',
    ({ epoch, cursor }) => epoch === 2 && cursor !== null,
  );
  await endCollector(second);
  const [alarm, ...more] = logged(second, 'a new epoch');
  assert.deepEqual([alarm?.level, more], ['error', []]);
  assert.match(alarm?.message ?? '', /FutureCursor/);
  // Its position in the old count is not lost, as it is where an operator deletes a cursor file.
  assert.deepEqual(
    (await gapsIn(folder)).map(({ epoch, from, to, reason }) => [epoch, from, to, reason]),
    [[1, old, null, 'reset']],
  );
  const { parts, checkpoint } = await committedIn(folder);
  assert.ok(parts.every(({ epoch, name }) => (epoch === 2) === name.endsWith('-e2')));
  const third = startCollector(t, url, folder);
  await untilCommitted(third, folder, 'the next life', ({ k, epoch }) => k > checkpoint.k && epoch === 2);
  await endCollector(third);
  assert.deepEqual(logged(third, 'disconnected'), []);
});

test('A2.13 a frame that is too large, or broken, is no loop', DEADLINE, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const frames = testFrames(60, START, 60_000, 1);
  const at = (i: number): number => frames[i]?.seq ?? 0;
  const url = await serveFrames(
    t,
    { frames: bytesOf(frames) },
    `too-large@seq=${at(10)}`,
    `too-large:20M@seq=${at(20)}`,
    `poison@seq=${at(40)}`,
  );
  const collector = startCollector(t, url, folder);
  await untilCommitted(collector, folder, 'the last event', ({ cursor }) => cursor === at(59));
  await endCollector(collector);
  assert.equal(logged(collector, 'connected').length, 1);
  assert.deepEqual(logged(collector, 'disconnected'), []);
  const bytes = quarantineIn(folder).map(({ length }) => length);
  assert.deepEqual(bytes.slice(0, 2), [6 * 1_048_576 + 1, 20 * 1_048_576]);
  assert.deepEqual(
    logged(collector, 'cannot read a frame').map((told) => told['bytes']),
    bytes,
  );
  const kept = new Set(linesBelow(dataOf(folder)).map(({ seq }) => seq));
  const missing = [10, 20, 40].map(at);
  assert.deepEqual(
    frames.filter(({ seq, lines }) => lines > 0 && !kept.has(seq)).map(({ seq }) => seq),
    missing,
  );
  assert.deepEqual(
    (await gapsIn(folder)).map(({ from, to }) => [from, to]),
    missing.map((seq) => [seq - 1, seq + 1]),
  );
});
