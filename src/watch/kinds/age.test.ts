import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { judgeAge } from './age.ts';

const NOW = 1_800_000_000_000;
const S = 1000;

function judge(startedAgo: number, agoMs: number | undefined, withinMs = 90 * S) {
  return judgeAge({
    now: NOW,
    startedAt: NOW - startedAgo,
    at: agoMs === undefined ? undefined : NOW - agoMs,
    withinMs,
    subject: 'a.txt',
    did: 'was written',
    none: 'there is no file',
  });
}

test('a sign is judged by its age, and only when it is of this life', () => {
  for (const [startedAgo, ago, verdict, value, reason] of [
    [3600 * S, 12 * S, 'ok', '12s old', 'a.txt was written 12s ago'],
    [3600 * S, 90 * S, 'ok', '1m30s old', 'a.txt was written 1m30s ago'],
    [3600 * S, 90 * S + 1, 'late', '1m30s old', 'a.txt was written 1m30s ago, 1m30s at most'],
    [3600 * S, 192 * S, 'late', '3m12s old', 'a.txt was written 3m12s ago, 1m30s at most'],
    [3600 * S, -30 * S, 'ok', '0ms old', 'a.txt was written 0ms ago'],
    // Missing: time to begin with, then late.
    [5 * S, undefined, 'unknown', null, 'there is no file; it has 1m30s for it, 5s are over'],
    [90 * S, undefined, 'unknown', null, 'there is no file; it has 1m30s for it, 1m30s are over'],
    [91 * S, undefined, 'late', null, 'there is no file, 1m31s after its start, 1m30s at most'],
    // Of an earlier life: no evidence, however young.
    [
      5 * S,
      6 * S,
      'unknown',
      null,
      'a.txt was written last before this life began; it has 1m30s for it, 5s are over',
    ],
    [
      5 * S,
      900 * S,
      'unknown',
      null,
      'a.txt was written last before this life began; it has 1m30s for it, 5s are over',
    ],
    [
      100 * S,
      101 * S,
      'late',
      '1m41s old',
      'a.txt was written last before this life began, 1m40s after its start, 1m30s at most',
    ],
    // The very moment of the start is of this life.
    [5 * S, 5 * S, 'ok', '5s old', 'a.txt was written 5s ago'],
    // A time in the future proves nothing.
    [
      5 * S,
      -3600 * S,
      'unknown',
      null,
      'a.txt has a time 1h ahead of the clock; it has 1m30s for it, 5s are over',
    ],
    [
      600 * S,
      -3600 * S,
      'late',
      '0ms old',
      'a.txt has a time 1h ahead of the clock, 10m after its start, 1m30s at most',
    ],
    // A wall clock that stepped back behind the start: no alarm.
    [-600 * S, undefined, 'unknown', null, 'there is no file; it has 1m30s for it, 0ms are over'],
  ] as const)
    assert.deepEqual(judge(startedAgo, ago), { verdict, value, reason });
});

test('no sign is late before its time has passed since the start, and none is ok that is older than allowed', () => {
  const ms = fc.integer({ min: 0, max: 1e9 });
  fc.assert(
    fc.property(ms, fc.option(ms, { nil: undefined }), ms, (startedAgo, ago, withinMs) => {
      const { verdict } = judge(startedAgo, ago, withinMs);
      if (startedAgo <= withinMs) assert.notEqual(verdict, 'late');
      else assert.notEqual(verdict, 'unknown');
      assert.equal(verdict === 'ok', ago !== undefined && ago <= withinMs && ago <= startedAgo);
    }),
  );
});
