import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createStreamClock, MOST_OFF_MS } from './stream-clock.ts';

const NOON = Date.UTC(2026, 6, 4, 12);

test('a steady stream places every event at its own time', () => {
  const clock = createStreamClock();
  for (let i = 0; i < 1_000; i += 1) {
    const time = NOON + i * 10;
    assert.deepEqual(clock.place(time, time + 50), { time, corrected: false });
  }
});

test('a liar among honest events counts with the clock of the stream, forwards and backwards', () => {
  const clock = createStreamClock();
  for (let i = 0; i < 50; i += 1) clock.place(NOON + i, NOON + i);
  for (const lie of [
    0,
    NOON - MOST_OFF_MS - 1_000,
    NOON + MOST_OFF_MS + 1_000,
    Date.UTC(2099, 0),
    Number.NaN,
  ]) {
    const placed = clock.place(lie, NOON + 100);
    assert.equal(placed.corrected, true);
    assert.ok(Math.abs(placed.time - NOON) < 1_000, `placed at ${placed.time}`);
  }
});

test('an event that is up to ten minutes off keeps its own time', () => {
  const clock = createStreamClock();
  for (let i = 0; i < 50; i += 1) clock.place(NOON, NOON);
  assert.deepEqual(clock.place(NOON - MOST_OFF_MS, NOON), { time: NOON - MOST_OFF_MS, corrected: false });
});

test('a first event that lies does not set the clock when its batch knows better', () => {
  const clock = createStreamClock();
  const batch = [0, ...Array.from({ length: 9 }, (_, i) => NOON + i)];
  clock.lookAhead(batch);
  assert.equal(clock.place(0, NOON + 60_000).corrected, true);
  assert.deepEqual(clock.place(NOON, NOON + 60_000), { time: NOON, corrected: false });
});

test('the clock is never ahead of the time of receipt', () => {
  const clock = createStreamClock();
  for (let i = 0; i < 300; i += 1) clock.place(NOON + 3_600_000, NOON);
  assert.equal(clock.read(), NOON);
});

test('a catch-up after an outage runs through the hours that the events are from', () => {
  const clock = createStreamClock();
  const now = NOON + 86_400_000;
  for (let i = 0; i < 5_000; i += 1) {
    const time = NOON + i * 4_000;
    assert.deepEqual(clock.place(time, now), { time, corrected: false });
  }
});

test('the clock of a stream that is not slow is the median of the last 101 times', () => {
  const time = fc.oneof(fc.integer({ min: NOON, max: NOON + 240_000 }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 600 }), (times) => {
      const clock = createStreamClock();
      for (const [i, each] of times.entries()) {
        clock.place(each, 5e12);
        const window = times
          .slice(0, i + 1)
          .filter((t) => !Number.isNaN(t))
          .slice(-101)
          .sort((a, b) => a - b);
        assert.equal(clock.read(), window.length === 0 ? 5e12 : window[(window.length - 1) >> 1]);
      }
    }),
    { numRuns: 30 },
  );
});

test('a slow stream that catches up keeps its hours too, however slow it is', () => {
  for (const apartMs of [5_000, 12_000, 15_000, 60_000, 300_000, 1_800_000, 86_400_000]) {
    const clock = createStreamClock();
    const now = NOON + 1_000 * apartMs;
    const times = Array.from({ length: 400 }, (_, i) => NOON + i * apartMs);
    clock.lookAhead(times);
    const corrected = times.filter((time) => clock.place(time, now).corrected);
    // Only while it knows next to nothing.
    assert.ok(corrected.length <= 10, `${apartMs} ms apart: ${corrected.length} in wrong hours`);
  }
});

test('a third of all events lying the same way moves nothing', () => {
  const clock = createStreamClock();
  for (let i = 0; i < 2_000; i += 1) {
    const time = NOON + i * 20;
    const lies = i % 3 === 2;
    const placed = clock.place(lies ? time - 7_200_000 : time, time + 100);
    if (i > 101) assert.equal(placed.corrected, lies);
  }
});

test('restored from its state it goes on exactly as it would have', () => {
  const time = fc.integer({ min: NOON - 2_000_000, max: NOON + 2_000_000 });
  fc.assert(
    fc.property(fc.array(time, { maxLength: 400 }), fc.array(time, { maxLength: 400 }), (before, after) => {
      const whole = createStreamClock();
      for (const each of before) whole.place(each, NOON);
      const restored = createStreamClock(JSON.parse(JSON.stringify(whole.state())));
      for (const each of after) assert.deepEqual(restored.place(each, NOON), whole.place(each, NOON));
    }),
    { numRuns: 50 },
  );
});

test('started anew, it believes what comes, however far that is from what was', () => {
  const clock = createStreamClock();
  for (let i = 0; i < 101; i += 1) clock.place(NOON + i, NOON + i);
  clock.restart();
  const later = NOON + 5 * 3_600_000;
  clock.lookAhead([later, later + 1]);
  assert.deepEqual(clock.place(later, later), { time: later, corrected: false });
});

test('in a live stream of one event in five minutes every event keeps its own time', () => {
  const clock = createStreamClock();
  for (let i = 0; i < 500; i += 1) {
    const time = NOON + i * 300_000;
    assert.deepEqual(clock.place(time, time + 200), { time, corrected: false });
  }
});
