import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchedLife } from '../judgement.ts';
import type { Signal } from './beat.ts';
import { judgeBeats } from './judge.ts';
import { type BeatState, every, FRESH_BEATS, promised, taken } from './promise.ts';

const MINUTE = 60_000;
const NOON = Date.parse('2026-11-22T12:00:00Z');
const GRACE = 10_000;
const RULES = { timetable: every(2 * MINUTE), maxRunMs: 30_000 };
const LIFE: WatchedLife = { id: 'a', pid: 42, startedAt: NOON - MINUTE };

function signal(word: Signal['word'], more: Partial<Signal> = {}): Signal {
  return { word, code: null, message: '', rid: '', ...more };
}

/** Judges so many milliseconds after noon what the life said by then. */
function judged(said: readonly (readonly [number, Signal])[], ms: number) {
  let state: BeatState = FRESH_BEATS;
  for (const [after, each] of said) state = taken(state, each, { at: NOON + after, life: 'a' }, RULES);
  const moment = { now: NOON + ms, life: LIFE };
  return judgeBeats(promised(state, moment, GRACE, RULES), moment, GRACE, RULES);
}

test('what a life said is judged: word by word, to the second', () => {
  const success = [0, signal('success', { message: 'all | fine\nand more' })] as const;
  for (const [what, said, ms, verdict, value, reason] of [
    [
      'nothing yet',
      [],
      0,
      'unknown',
      null,
      'no beat of this life yet; the next is due by 2026-11-22T12:01:00Z',
    ],
    [
      'a success',
      [success],
      MINUTE,
      'ok',
      'all | fine',
      'it beat at 2026-11-22T12:00:00Z; the next is due by 2026-11-22T12:02:00Z',
    ],
    [
      'late',
      [success],
      120_000,
      'late',
      'all | fine',
      'no beat came by 2026-11-22T12:02:00Z, when it was due; it is bad from 2026-11-22T12:02:10Z on',
    ],
    [
      'bad',
      [success],
      130_000,
      'bad',
      'all | fine',
      'no beat came by 2026-11-22T12:02:00Z, when it was due, nor by 2026-11-22T12:02:10Z',
    ],
    [
      'a failure',
      [success, [9, signal('fail')]],
      9,
      'bad',
      '2026-11-22T12:00:00Z',
      'it failed at 2026-11-22T12:00:00Z',
    ],
    [
      'a code',
      [[0, signal('fail', { code: 3, message: ' no\rdisk ' })]],
      0,
      'bad',
      'no\rdisk',
      'it exited with 3 at 2026-11-22T12:00:00Z: no\rdisk',
    ],
    [
      'a failure, long ago',
      [[0, signal('fail')]],
      9 * MINUTE,
      'bad',
      '2026-11-22T12:00:00Z',
      'it failed at 2026-11-22T12:00:00Z',
    ],
    [
      'a word after it',
      [
        [0, signal('fail')],
        [1, signal('log', { message: 'x' })],
      ],
      1,
      'bad',
      '2026-11-22T12:00:00Z',
      'it failed at 2026-11-22T12:00:00Z',
    ],
    [
      'a start after it',
      [
        [0, signal('fail')],
        [1, signal('start')],
      ],
      1,
      'bad',
      '2026-11-22T12:00:00Z',
      'it failed at 2026-11-22T12:00:00Z',
    ],
    [
      'a success after it',
      [
        [0, signal('fail')],
        [1, signal('success')],
      ],
      1,
      'ok',
      '2026-11-22T12:00:00Z',
      'it beat at 2026-11-22T12:00:00Z; the next is due by 2026-11-22T12:02:00Z',
    ],
    [
      'a start',
      [[0, signal('start')]],
      1,
      'unknown',
      '2026-11-22T12:00:00Z',
      'no success of this life yet; the run has to end by 2026-11-22T12:00:30Z',
    ],
    [
      'a run',
      [success, [0, signal('start', { rid: 'r1' })]],
      29_999,
      'ok',
      '2026-11-22T12:00:00Z',
      'it beat at 2026-11-22T12:00:00Z; the run r1 has to end by 2026-11-22T12:00:30Z',
    ],
    [
      'a run too long',
      [success, [0, signal('start', { rid: 'r1' })]],
      40_000,
      'bad',
      '2026-11-22T12:00:00Z',
      'the run r1 that began at 2026-11-22T12:00:00Z has not ended by 2026-11-22T12:00:30Z, nor by 2026-11-22T12:00:40Z',
    ],
    [
      'a run that ended',
      [
        [0, signal('start')],
        [20_000, signal('success', { code: 0 })],
      ],
      20_000,
      'ok',
      '2026-11-22T12:00:20Z',
      'it beat at 2026-11-22T12:00:20Z after 20s; the next is due by 2026-11-22T12:02:20Z',
    ],
  ] as const) {
    const found = judged(said, ms);
    assert.deepEqual([found.verdict, found.value, found.reason], [verdict, value, reason], what);
  }
});

test('of a long message the line is cut, and the whole is kept as evidence', () => {
  const detailOf = (message: string) => {
    const { value, detail } = judged([[0, signal('fail', { message })]], 0);
    return { value, detail };
  };
  const long = `${'x'.repeat(300)}\nTraceback`;
  assert.deepEqual(detailOf(long), { value: `${'x'.repeat(200)}…`, detail: long });
  assert.deepEqual(detailOf('a\nb'), { value: 'a', detail: 'a\nb' });
  assert.deepEqual(detailOf('a'), { value: 'a', detail: undefined });
});
