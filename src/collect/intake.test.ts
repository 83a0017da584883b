import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { testEvent } from '../../test/rig/stream.ts';
import type { SourceMessage } from '../core/source.ts';
import { createIntake, type Intake } from './intake.ts';

function open(cursor?: number) {
  const clock = createFakeClock();
  const noticed: SourceMessage[] = [];
  const intake = createIntake({
    clock,
    position: cursor ?? 'live',
    latest: 0,
    dense: true,
    onReset: 'live',
    notice: (message) => noticed.push(message),
  });
  return { clock, intake, noticed };
}

function give(intake: Intake, seq: number, lines = 1, bytes = 0): boolean {
  const event = testEvent(seq, 0, lines);
  const [first = { head: '', tail: '' }, ...more] = event.lines;
  const padded = { ...event, lines: [{ ...first, tail: first.tail.padStart(bytes) }, ...more] };
  return intake.take({ kind: 'event', event: padded });
}

test('a batch is due 200 ms after its first event', async () => {
  const { clock, intake } = open();
  const batch = intake.batch(1_000);
  await clock.advance(300);
  give(intake, 1);
  await clock.advance(199);
  give(intake, 2);
  let done = false;
  void batch.then(() => (done = true));
  await clock.advance(0);
  assert.equal(done, false);
  await clock.advance(1);
  assert.equal((await batch).pending.length, 2);
});

test('a batch is due at once at 1,000 lines, and at 1 MiB', async () => {
  for (const [lines, bytes] of [
    [1_000, 1],
    [1, 1_048_576],
  ] as const) {
    const { clock, intake } = open();
    const batch = intake.batch(1_000);
    await clock.advance(0);
    give(intake, 1, lines, bytes);
    await clock.advance(0);
    assert.equal((await batch).pending.length, 1);
  }
});

test('without events an empty batch comes after the idle time', async () => {
  const { clock, intake } = open();
  const batch = intake.batch(1_000);
  await clock.advance(1_000);
  assert.deepEqual(await batch, { pending: [], repeated: 0 });
});

test('full means full: it says so, and there is room again after the next batch is taken', async () => {
  const { clock, intake } = open();
  let seq = 0;
  while (give(intake, (seq += 1))) assert.ok(seq < 5_000, 'never full');
  let room = false;
  const drained = intake.drained().then(() => (room = true));
  await clock.advance(0);
  assert.equal(room, false);
  assert.equal((await intake.batch(0)).pending.length, seq);
  await drained;
  assert.equal(give(intake, seq + 1), true);
});

test('whatever comes again or late, each number is taken once, in rising order, and the rest is counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(50),
      fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 200 }),
      async (cursor, seqs) => {
        const { intake } = open(cursor);
        for (const seq of seqs) give(intake, seq);
        intake.end();
        const { pending, repeated } = await intake.batch(0);
        const taken = pending.flatMap((item) => ('event' in item ? [item.event.seq] : []));
        assert.deepEqual(
          taken,
          [...new Set(taken)].sort((a, b) => a - b),
        );
        assert.ok(taken.every((seq) => seq > cursor));
        assert.equal(taken.length + repeated, seqs.length);
        assert.equal(intake.position(), taken.at(-1) ?? cursor);
      },
    ),
  );
});

test('a frame that cannot be read is taken too, and noticed', async () => {
  const { intake, noticed } = open();
  intake.take({ kind: 'bad', raw: Buffer.from('x'), reason: 'no' });
  intake.end();
  const [first] = (await intake.batch(0)).pending;
  assert.ok(first !== undefined && 'raw' in first && first.raw.length === 1);
  assert.equal(noticed[0]?.kind, 'bad');
});
