import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  admit,
  DEFAULT_LANES,
  FRESH_LANES,
  HEALTHY_MS,
  onExit,
  onLived,
  onStart,
  STARTS_IN_WINDOW,
  WINDOW_MS,
} from './lanes.ts';
import type { LaneSettings, LaneState } from './lanes.ts';

const T0 = 1_800_000_000_000;

/** Runs lives one after another; answers with the wall times of the counted starts, the delays and the lanes. */
function run(lives: readonly number[], settings: LaneSettings = DEFAULT_LANES, random = 0.5) {
  let state: LaneState = FRESH_LANES;
  let now = T0;
  const starts: number[] = [];
  const delays: number[] = [];
  const lanes: string[] = [];
  for (const livedMs of lives) {
    state = onStart(state, now, false);
    starts.push(now);
    now += livedMs;
    const step = onExit(state, settings, { livedMs, now, random });
    state = step.state;
    delays.push(step.delayMs);
    lanes.push(state.lane);
    now += step.delayMs;
  }
  return { state, starts, delays, lanes };
}

function mostInWindow(starts: readonly number[]): number {
  return Math.max(
    0,
    ...starts.map((from) => starts.filter((start) => start >= from && start < from + WINDOW_MS).length),
  );
}

test('a program that always fails gets 3 restarts at once, then growing waits, then one try every 15 minutes', () => {
  const { delays, lanes } = run(Array(15).fill(10));
  assert.deepEqual(delays.slice(0, 3), [0, 0, 0]);
  const plain = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000];
  plain.forEach((expected, index) => {
    const delay = delays[3 + index] ?? 0;
    assert.ok(Math.abs(delay - expected) <= expected * 0.1, `wait ${index} is ${delay}`);
  });
  assert.deepEqual(delays.slice(11), [900_000, 900_000, 900_000, 900_000]);
  assert.deepEqual(lanes, [...Array(3).fill('fast'), ...Array(8).fill('backoff'), ...Array(4).fill('slow')]);
});

test('a program that works 20 s and then fails, for ever, gets 12 starts in 10 minutes', () => {
  const { delays, starts } = run(Array(14).fill(20_000));
  assert.deepEqual(delays.slice(0, 11), Array(11).fill(0));
  assert.equal(delays[11], 900_000);
  assert.equal(mostInWindow(starts), STARTS_IN_WINDOW);
});

test('a life of 10 s is healthy, one of 10 minutes makes everything forgotten', () => {
  assert.equal(run([10, 10, 10, 10, HEALTHY_MS]).state.lane, 'fast');
  assert.equal(run([10, 10, 10, 10, HEALTHY_MS - 1]).state.lane, 'backoff');
  const slow = [...Array(12).fill(10)];
  assert.equal(run([...slow, WINDOW_MS - 1]).state.lane, 'slow');
  assert.deepEqual(run([...slow, WINDOW_MS]).state, FRESH_LANES);
});

test('a running life leaves its lane as soon as it has lived long enough', () => {
  const slow: LaneState = { lane: 'slow', failures: 9, starts: [T0] };
  assert.deepEqual(onLived(slow, WINDOW_MS - 1), { state: slow, laneChanged: false });
  assert.deepEqual(onLived(slow, WINDOW_MS), { state: FRESH_LANES, laneChanged: true });
  const backoff: LaneState = { ...slow, lane: 'backoff' };
  assert.deepEqual(onLived(backoff, HEALTHY_MS), {
    state: { lane: 'fast', failures: 0, starts: [T0] },
    laneChanged: true,
  });
});

test("a person's start is not counted and clears the tally", () => {
  const { state } = run(Array(12).fill(10));
  assert.deepEqual(onStart(state, T0, true), FRESH_LANES);
});

test('a lane change is told once', () => {
  let state: LaneState = FRESH_LANES;
  const changes: string[] = [];
  for (let now = T0, life = 0; life < 40; life++) {
    const step = onExit(onStart(state, now, false), DEFAULT_LANES, { livedMs: 10, now: now + 10, random: 0 });
    if (step.laneChanged) changes.push(step.state.lane);
    state = step.state;
    now += 10 + step.delayMs;
  }
  assert.deepEqual(changes, ['backoff', 'slow']);
});

test('a daemon that restarts again and again does not get round the tally', () => {
  let state: LaneState = FRESH_LANES;
  for (let start = 0; start < 12; start++) {
    assert.equal(admit(state, DEFAULT_LANES, T0 + start).delayMs, 0);
    state = onStart(state, T0 + start, false);
  }
  const step = admit(JSON.parse(JSON.stringify(state)) as LaneState, DEFAULT_LANES, T0 + 20);
  assert.deepEqual([step.delayMs, step.laneChanged, step.state.lane], [900_000, true, 'slow']);
});

const settings = fc.record<LaneSettings>({
  fast: fc.integer({ min: 0, max: 10 }),
  backoffMinMs: fc.integer({ min: 1, max: 5000 }),
  backoffMaxMs: fc.integer({ min: 5000, max: 120_000 }),
  slowMs: fc.constantFrom(60_000, 300_000, 900_000),
  noRestartOn: fc.constant([]),
});
const livedMs = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 100 }) },
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 60_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1_500_000 }) },
);
const life = fc.record({
  livedMs,
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  idleMs: fc.constantFrom(0, 0, 5000),
});

test('no window of 10 minutes ever has more than 12 counted starts, and no lane is final', () => {
  fc.assert(
    fc.property(settings, fc.array(life, { minLength: 1, maxLength: 60, size: 'max' }), (set, lives) => {
      let state: LaneState = FRESH_LANES;
      let now = T0;
      const starts: number[] = [];
      for (const { livedMs: lived, random, idleMs } of lives) {
        state = JSON.parse(JSON.stringify(onStart(state, now, false))) as LaneState;
        starts.push(now);
        now += lived;
        const step = onExit(state, set, { livedMs: lived, now, random });
        assert.ok(step.delayMs >= 0 && step.delayMs <= Math.max(set.slowMs, set.backoffMaxMs, WINDOW_MS + 1));
        assert.equal(step.laneChanged, step.state.lane !== state.lane);
        assert.ok(step.state.starts.length <= STARTS_IN_WINDOW);
        state = step.state;
        now += step.delayMs + idleMs;
      }
      assert.ok(mostInWindow(starts) <= STARTS_IN_WINDOW, `${mostInWindow(starts)} starts in 10 minutes`);
      assert.deepEqual(
        onExit(state, set, { livedMs: WINDOW_MS, now: now + WINDOW_MS, random: 0 }).state,
        FRESH_LANES,
      );
    }),
    { numRuns: 500 },
  );
});

test('steps of the clock backwards only ever slow it down', () => {
  const stepping = fc.record({
    livedMs,
    random: fc.constant(0.5),
    backMs: fc.constantFrom(0, 0, 1000, 3_600_000, 1e11),
  });
  fc.assert(
    fc.property(settings, fc.array(stepping, { maxLength: 60, size: 'max' }), (set, lives) => {
      let state: LaneState = FRESH_LANES;
      let real = 0; // what really passes; the wall is behind it
      let wall = T0;
      const starts: number[] = [];
      for (const { livedMs: lived, random, backMs } of lives) {
        state = onStart(state, wall, false);
        starts.push(real);
        real += lived;
        wall += lived - backMs;
        const step = onExit(state, set, { livedMs: lived, now: wall, random });
        assert.ok(step.delayMs <= Math.max(set.slowMs, set.backoffMaxMs, WINDOW_MS + 1));
        state = step.state;
        real += step.delayMs;
        wall += step.delayMs;
      }
      assert.ok(mostInWindow(starts) <= STARTS_IN_WINDOW);
    }),
    { numRuns: 500 },
  );
});
