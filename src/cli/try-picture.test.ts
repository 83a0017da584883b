import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Span } from '../watch/replay/tally.ts';
import { stateLines } from './try-picture.ts';

const HOUR = 3_600_000;
const T0 = Date.parse('2026-11-22T00:00:00Z');

test('a day is a line of half hours, with the worst state of each; what is outside of the range is blank', () => {
  const spans: Span[] = [
    { from: T0 + 12 * HOUR, to: T0 + 30 * HOUR, state: 'ok' },
    { from: T0 + 30 * HOUR, to: T0 + 30 * HOUR + 1000, state: 'bad' },
    { from: T0 + 30 * HOUR + 1000, to: T0 + 32 * HOUR, state: 'late' },
    { from: T0 + 32 * HOUR, to: T0 + 40 * HOUR, state: null },
    { from: T0 + 40 * HOUR, to: T0 + 60 * HOUR, state: 'unknown' },
  ];
  assert.deepEqual(stateLines(spans, { since: T0 + 12 * HOUR, until: T0 + 60 * HOUR }, false), [
    '           00:00       06:00       12:00       18:00',
    `2026-11-22 ${' '.repeat(24)}${'▁'.repeat(24)}`,
    `2026-11-23 ${'▁'.repeat(12)}█▄▄▄${' '.repeat(16)}${'?'.repeat(16)}`,
    `2026-11-24 ${'?'.repeat(24)}`,
    '           (blank) nobody looked   ▁ ok   ? could not look   ▄ late   █ bad',
  ]);
});

test('a short range has lines of hours, or of minutes; with colour where that is wanted', () => {
  const spans: Span[] = [{ from: T0, to: T0 + 2 * HOUR, state: 'flapping' }];
  const hours = stateLines(spans, { since: T0, until: T0 + 2 * HOUR }, false);
  assert.deepEqual(hours.slice(1, 3), [
    `2026-11-22T00h ${'▒'.repeat(60)}`,
    `2026-11-22T01h ${'▒'.repeat(60)}`,
  ]);
  const minutes = stateLines(spans, { since: T0, until: T0 + 90_000 }, false);
  assert.deepEqual(minutes.slice(1, 3), [
    `2026-11-22T00:00 ${'▒'.repeat(60)}`,
    `2026-11-22T00:01 ${'▒'.repeat(30)}`,
  ]);
  const coloured = stateLines(spans, { since: T0, until: T0 + 1000 }, true);
  assert.match(coloured[1] ?? '', /\[31m▒/);
});
