import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { createLineSink } from '../../../test/rig/line-sink.ts';
import type { StreamPosition } from '../../core/source.ts';
import { HEALTHY_MS, trackInterruptions } from './interruptions.ts';

const T0 = Date.UTC(2026, 6, 4);

function open(start: StreamPosition) {
  const clock = createFakeClock(T0);
  const sink = createLineSink(start);
  const gaps = () => sink.of('gap').map(({ since, until }) => [since, until].map((ms) => ms && ms - T0));
  return { clock, gaps, interruptions: trackInterruptions(clock, sink) };
}

test('where nothing was ever collected, the first connection misses nothing', async () => {
  const { clock, gaps, interruptions } = open('live');
  interruptions.disconnected('refused');
  interruptions.connected();
  interruptions.received();
  await clock.advance(HEALTHY_MS);
  interruptions.end();
  assert.deepEqual(gaps(), []);
});

test('a start after an earlier life has a gap whose beginning nobody knows', () => {
  const { gaps, interruptions } = open(7);
  interruptions.connected();
  assert.deepEqual(gaps(), []);
  interruptions.received();
  interruptions.received();
  assert.deepEqual(gaps(), [[undefined, 0]]);
});

test('connections that bring nothing and do not last belong to one interruption', async () => {
  const { clock, gaps, interruptions } = open('live');
  interruptions.connected();
  await clock.advance(100);
  interruptions.received();
  for (let tries = 0; tries < 5; tries++) {
    await clock.advance(1000);
    interruptions.disconnected('closed');
    await clock.advance(1000);
    interruptions.connected();
  }
  assert.deepEqual(gaps(), []);
  interruptions.received();
  assert.deepEqual(gaps(), [[100, 10_100]]);
});

test('a connection that lasts ends the interruption though it brings nothing, and so does an orderly end', async () => {
  const { clock, gaps, interruptions } = open('live');
  interruptions.connected();
  interruptions.disconnected('closed');
  await clock.advance(1000);
  interruptions.connected();
  await clock.advance(HEALTHY_MS);
  assert.deepEqual(gaps(), [[0, 1000]]);
  interruptions.disconnected('closed');
  interruptions.connected();
  interruptions.end();
  interruptions.end();
  assert.deepEqual(gaps()[1], [1000, 31_000]);
  assert.equal(gaps().length, 2);
});

test('an end while nothing is connected leaves the gap to the next start', () => {
  const { gaps, interruptions } = open('live');
  interruptions.connected();
  interruptions.disconnected('closed');
  interruptions.end();
  assert.deepEqual(gaps(), []);
});

test('a wall clock that steps back makes no gap that ends before it begins', () => {
  const { clock, gaps, interruptions } = open('live');
  interruptions.connected();
  interruptions.disconnected('closed');
  clock.jumpWall(-5000);
  interruptions.connected();
  interruptions.received();
  assert.deepEqual(gaps(), [[-5000, -5000]]);
});
