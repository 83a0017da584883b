import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { testEvent } from '../../test/rig/stream.ts';
import type { StreamPosition } from '../core/source.ts';
import { createGate, type Notice, type OnReset, StreamResetError } from './gate.ts';
import type { Passed } from './pending.ts';

const T0 = Date.UTC(2026, 6, 4);

function open(position: StreamPosition, more: { latest?: number; onReset?: OnReset; dense?: boolean } = {}) {
  const clock = createFakeClock(T0 + 3_600_000);
  const items: Passed[] = [];
  const noticed: Notice[] = [];
  const { latest = 0, onReset = 'live', dense = true } = more;
  const gate = createGate(
    { clock, position, latest, dense, onReset, notice: (notice) => noticed.push(notice) },
    (item) => items.push(item),
  );
  const event = (seq: number, time = T0 + seq): void =>
    gate.pass({ kind: 'event', event: testEvent(seq, time) });
  const taken = (): number[] => items.flatMap((item) => ('event' in item ? [item.event.seq] : []));
  const gaps = () => items.flatMap((item) => ('gap' in item ? [item.gap] : []));
  const epochs = () => items.flatMap((item) => ('epoch' in item ? [item.epoch] : []));
  return { clock, gate, noticed, event, taken, gaps, epochs };
}

test('a stream without a fault is taken as it is, without a gap', () => {
  const { gate, event, taken, gaps } = open('live');
  gate.pass({ kind: 'connected', cursor: undefined });
  for (let seq = 100; seq < 200; seq += 1) event(seq);
  assert.equal(taken().length, 100);
  assert.deepEqual(gaps(), []);
  assert.equal(gate.position(), 199);
});

test('after a reconnect what comes again is dropped and counted, and is no gap', () => {
  const { gate, event, taken, gaps } = open(500);
  gate.pass({ kind: 'connected', cursor: 400 });
  for (let seq = 401; seq <= 520; seq += 1) event(seq);
  assert.deepEqual(
    taken(),
    Array.from({ length: 20 }, (_, i) => 501 + i),
  );
  assert.equal(gate.takeRepeated(), 100);
  assert.deepEqual(gaps(), []);
});

test('a server that no longer has what we asked for makes a gap, whether it says so or not', () => {
  const silent = open(500);
  silent.gate.pass({ kind: 'connected', cursor: 400 });
  silent.event(900);
  assert.deepEqual(
    silent.gaps().map(({ from, to, reason }) => ({ from, to, reason })),
    [{ from: 500, to: 900, reason: 'outdated' }],
  );
  const said = open(500);
  said.gate.pass({ kind: 'connected', cursor: 400 });
  said.gate.pass({ kind: 'info', name: 'OutdatedCursor', message: 'too old' });
  said.event(900);
  assert.equal(said.gaps()[0]?.detail, 'OutdatedCursor: too old');
});

test('a number left out of a contiguous stream is a gap; where leaving out is the rule it is only counted', () => {
  const { event, gaps } = open(100);
  for (let seq = 101; seq < 150; seq += 1) event(seq);
  event(152);
  assert.deepEqual(
    gaps().map(({ from, to, reason }) => ({ from, to, reason })),
    [{ from: 149, to: 152, reason: 'jump' }],
  );
  const jumpy = open(100);
  for (let i = 1; i < 2_000; i += 1) jumpy.event(100 + i * 3);
  assert.ok(jumpy.gaps().length < 5, `${jumpy.gaps().length} gaps`);
  const times = open(100, { dense: false });
  for (let i = 1; i < 100; i += 1) times.event(100 + i * 1_000);
  assert.deepEqual(times.gaps(), []);
});

test('FutureCursor begins a new epoch at the live end, with an alarm and a gap', () => {
  const { gate, noticed, event, taken, gaps, epochs } = open(500);
  gate.pass({ kind: 'reset', detail: 'the server says FutureCursor' });
  assert.equal(gate.position(), 'live');
  event(3);
  event(4);
  assert.deepEqual(taken(), [3, 4]);
  assert.deepEqual(epochs(), ['live']);
  assert.deepEqual(
    gaps().map(({ from, to, reason }) => ({ from, to, reason })),
    [{ from: 500, to: null, reason: 'reset' }],
  );
  assert.ok(noticed.some((notice) => notice.kind === 'reset'));
});

test('on-reset: oldest asks for everything that the new count has, stop stops', () => {
  const oldest = open(500, { onReset: 'oldest' });
  oldest.gate.pass({ kind: 'reset', detail: 'x' });
  assert.equal(oldest.gate.position(), 'oldest');
  const stop = open(500, { onReset: 'stop' });
  assert.throws(() => stop.gate.pass({ kind: 'reset', detail: 'x' }), StreamResetError);
});

test('numbers that begin anew without a word are noticed, and no event of the new count is lost', () => {
  const { gate, event, taken, epochs, gaps } = open(1_000_000, { latest: T0 });
  gate.pass({ kind: 'connected', cursor: 999_000 });
  for (let seq = 1; seq <= 2_500; seq += 1) event(seq, T0 + 1_000 + seq);
  assert.equal(epochs().length, 1);
  assert.deepEqual(
    taken(),
    Array.from({ length: 2_500 }, (_, i) => i + 1),
  );
  assert.equal(gaps()[0]?.reason, 'reset');
  assert.equal(gate.takeRepeated(), 0);
});

test('a slow stream whose numbers began anew is noticed within half a minute', async () => {
  const { clock, gate, event, taken } = open(1_000_000, { latest: T0 });
  gate.pass({ kind: 'connected', cursor: 999_000 });
  for (let seq = 1; seq <= 40; seq += 1) {
    event(seq, T0 + seq * 1_000);
    await clock.advance(1_000);
  }
  assert.deepEqual(
    taken(),
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
});

test('what we had may come again for as long as it likes: that is no reset', async () => {
  const { clock, gate, event, taken, epochs } = open(5_000, { latest: T0 + 5_000 });
  gate.pass({ kind: 'connected', cursor: 1 });
  for (let seq = 1; seq <= 5_000; seq += 1) {
    event(seq);
    await clock.advance(20);
  }
  assert.deepEqual(taken(), []);
  assert.deepEqual(epochs(), []);
});

test('a server whose clock is ahead of ours may give what we had again, however slowly', async () => {
  const { clock, gate, event, taken, epochs } = open('live');
  const now = clock.now();
  for (let seq = 1; seq <= 1_000; seq += 1) event(seq, now + 60_000 + seq);
  gate.pass({ kind: 'connected', cursor: 0 });
  for (let seq = 1; seq <= 1_000; seq += 1) {
    event(seq, now + 60_000 + seq);
    await clock.advance(100);
  }
  assert.equal(taken().length, 1_000);
  assert.deepEqual(epochs(), []);
});

test('over random faults no number is taken twice in an epoch, and each jump of a contiguous stream is a gap', () => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.constant({ kind: 'next' } as const) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('skip' as const), by: fc.integer({ min: 1, max: 50 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('again' as const), back: fc.integer({ min: 1, max: 50 }) }),
    },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const { event, taken, gaps } = open(1_000);
      for (let seq = 1_001; seq <= 1_200; seq += 1) event(seq);
      let tip = 1_200;
      let skipped = 0;
      for (const each of steps) {
        if (each.kind === 'again') {
          event(tip - each.back + 1);
          continue;
        }
        if (each.kind === 'skip') skipped += 1;
        tip += each.kind === 'skip' ? each.by + 1 : 1;
        event(tip);
      }
      const seqs = taken();
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].sort((a, b) => a - b),
      );
      // Up to one step in twenty may leave numbers out before that counts as the stream's own way.
      if (skipped < 5) assert.equal(gaps().length, skipped);
    }),
  );
});

test('a frame that cannot be read goes to the quarantine once, however often it comes', () => {
  const { gate, noticed } = open(500);
  const raw = [1, 2, 1, 1, 2].map((byte) => Buffer.from([byte]));
  for (const each of raw) gate.pass({ kind: 'bad', raw: each, reason: 'no' });
  assert.equal(noticed.length, 2);
  assert.equal(gate.takeRepeated(), 3);
});
