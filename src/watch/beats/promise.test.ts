import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSchedule } from '../../core/schedule.ts';
import type { WatchedLife } from '../judgement.ts';
import type { Signal } from './beat.ts';
import { judgeBeats } from './judge.ts';
import {
  type BeatRules,
  type BeatState,
  deadlineOf,
  every,
  FRESH_BEATS,
  promised,
  scheduled,
  taken,
} from './promise.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const NOON = Date.parse('2026-11-22T12:00:00Z');
const GRACE = 10 * SECOND;
const RULES: BeatRules = { timetable: every(2 * MINUTE), maxRunMs: undefined };

function life(id: string, from: number): WatchedLife {
  return { id, pid: 42, startedAt: from, from };
}

function signal(word: Signal['word'], more: Partial<Signal> = {}): Signal {
  return { word, code: null, message: '', rid: '', ...more };
}

function nightly(text: string): BeatRules {
  const parsed = parseSchedule(text);
  assert.ok(parsed.ok);
  return { timetable: scheduled(parsed.value), maxRunMs: undefined };
}

/** A success of the life `a`, so long before noon. */
function beatenAt(before: number, rules = RULES): BeatState {
  return taken(FRESH_BEATS, signal('success'), { at: NOON - before, life: 'a' }, rules);
}

test('what is promised outlives lives: due at noon stays due at noon, and only what was broken before a life begins anew', () => {
  // The last beat was at 11:58, so the next is due at 12:00.
  for (const [what, state, begin, now, dueAt] of [
    ['the first life ever', FRESH_BEATS, NOON - MINUTE, NOON - MINUTE, NOON + MINUTE],
    ['the same life', beatenAt(2 * MINUTE), NOON - 9 * MINUTE, NOON - SECOND, NOON],
    ['the same life, long after', beatenAt(2 * MINUTE), NOON - 9 * MINUTE, NOON + MINUTE, NOON],
    ['a life that began before it was due', beatenAt(2 * MINUTE), NOON - SECOND, NOON, NOON],
    ['a life that began within the grace', beatenAt(2 * MINUTE), NOON + 9 * SECOND, NOON + 9 * SECOND, NOON],
    [
      'a life that began when it was bad',
      beatenAt(2 * MINUTE),
      NOON + GRACE,
      NOON + GRACE,
      NOON + GRACE + 2 * MINUTE,
    ],
    [
      'a wall clock that was set back',
      beatenAt(2 * MINUTE),
      NOON - 9 * MINUTE,
      NOON - 60 * MINUTE,
      NOON - 58 * MINUTE,
    ],
  ] as const) {
    const { dueAt: found } = promised(state, { now, life: life('b', begin) }, GRACE, RULES);
    assert.equal(new Date(found ?? 0).toISOString(), new Date(dueAt).toISOString(), what);
  }
});

test('any life has at least its grace, however soon after its begin a beat was promised', () => {
  for (const [begin, badAt] of [
    [NOON - MINUTE, NOON + GRACE],
    [NOON, NOON + GRACE],
    [NOON + 9 * SECOND, NOON + 9 * SECOND + GRACE],
  ] as const)
    assert.deepEqual(deadlineOf(beatenAt(2 * MINUTE), life('b', begin), GRACE, RULES), {
      at: NOON,
      badAt,
      run: undefined,
    });
});

test('a life that went on without a daemon has its grace from when there is one again', () => {
  const a = life('a', NOON - 9 * MINUTE);
  const rules = { ...RULES, maxRunMs: MINUTE, openSince: NOON + 5 * MINUTE };
  const badAt = NOON + 5 * MINUTE + GRACE;
  assert.equal(deadlineOf(beatenAt(2 * MINUTE), a, GRACE, rules).badAt, badAt);
  const run = taken(beatenAt(2 * MINUTE), signal('start'), { at: NOON, life: 'a' }, rules);
  assert.equal(deadlineOf(run, a, GRACE, rules).badAt, badAt);
});

test('nothing changes where nothing is new, so that nothing is stored', () => {
  const moment = { now: NOON - SECOND, life: life('a', NOON - 9 * MINUTE) };
  const state = promised(beatenAt(2 * MINUTE), moment, GRACE, RULES);
  assert.equal(promised(state, moment, GRACE, RULES), state);
});

test('another timetable counts from the last beat; what would be over by then, from now on', () => {
  const state = beatenAt(2 * MINUTE);
  const moment = { now: NOON - MINUTE, life: life('a', NOON - 9 * MINUTE) };
  for (const [within, dueAt] of [
    [5 * MINUTE, NOON + 3 * MINUTE],
    [90 * SECOND, NOON - 30 * SECOND],
    [30 * SECOND, NOON - 30 * SECOND],
  ] as const) {
    const rules = { ...RULES, timetable: every(within) };
    const changed = promised(state, moment, GRACE, rules);
    assert.equal(changed.dueAt, dueAt, String(within));
    // And not again at the next look.
    assert.equal(promised(changed, { ...moment, now: moment.now + SECOND }, GRACE, rules), changed);
  }
});

test('a schedule: due at its next time after the last end, in its zone, whatever came between', () => {
  const rules = nightly('30 3 * * * Europe/Helsinki');
  const at = (text: string): number => Date.parse(text);
  const state = taken(FRESH_BEATS, signal('success'), { at: at('2026-03-28T01:31:00Z'), life: 'a' }, rules);
  // In that night clocks skip from 03:00 to 04:00.
  assert.equal(state.dueAt, at('2026-03-29T01:00:00Z'));
  const early = taken(state, signal('success'), { at: at('2026-03-29T00:59:59Z'), life: 'a' }, rules);
  assert.equal(early.dueAt, at('2026-03-29T01:00:00Z'), 'a beat before its time is not the one that is due');
  const next = taken(state, signal('fail'), { at: at('2026-03-29T01:00:01Z'), life: 'a' }, rules);
  assert.equal(next.dueAt, at('2026-03-30T00:30:00Z'));
});

test('a start fulfils nothing; with a limit the run has to end in time, and the time of the beat waits for it', () => {
  const limited = { ...RULES, maxRunMs: 5 * MINUTE };
  const a = life('a', NOON - 9 * MINUTE);
  const begin = (at: number, rid = '', state = beatenAt(2 * MINUTE)) =>
    taken(state, signal('start', { rid }), { at, life: 'a' }, limited);
  assert.equal(begin(NOON - SECOND).dueAt, NOON);
  const due = (state: BeatState, rules: BeatRules = limited, of = a) => deadlineOf(state, of, GRACE, rules);
  assert.deepEqual([due(begin(NOON), RULES).at, due(begin(NOON), RULES).run], [NOON, undefined]);
  assert.equal(due(begin(NOON + 9 * SECOND)).at, NOON + 9 * SECOND + 5 * MINUTE, 'begun within the grace');
  assert.equal(due(begin(NOON + GRACE)).at, NOON, 'begun too late');
  assert.equal(due(begin(NOON), limited, life('b', NOON + SECOND)).at, NOON, 'its life is gone');
  const again = begin(NOON + MINUTE, '', begin(NOON));
  assert.equal(due(again).at, NOON + 5 * MINUTE, 'a run that is begun anew does not get more time');
  const two = begin(NOON + MINUTE, 'second', begin(NOON, 'first'));
  assert.equal(due(two).run?.rid, 'first');
  const ended = taken(
    two,
    signal('success', { rid: 'first' }),
    { at: NOON + 2 * MINUTE, life: 'a' },
    limited,
  );
  assert.deepEqual([ended.ended?.ms, due(ended).run?.rid], [2 * MINUTE, 'second']);
});

test('a run is measured from its start; a success settles runs that are over, a failure only its own', () => {
  const limited = { ...RULES, maxRunMs: MINUTE };
  const at = (ms: number) => ({ at: NOON + ms, life: 'a' });
  let state = taken(FRESH_BEATS, signal('start', { rid: 'lost' }), at(0), limited);
  state = taken(state, signal('start'), at(10 * SECOND), limited);
  state = taken(state, signal('start'), at(30 * SECOND), limited);
  const failed = taken(state, signal('fail', { code: 3 }), at(90 * SECOND), limited);
  assert.deepEqual([failed.ended?.ms, failed.runs.map(({ rid }) => rid)], [MINUTE, ['lost']]);
  const fine = taken(state, signal('success', { rid: 'other' }), at(60 * SECOND), limited);
  assert.deepEqual([fine.ended?.ms, fine.runs.map(({ rid }) => rid)], [null, ['']]);
  const told = taken(state, signal('log', { message: 'x' }), at(99 * SECOND), limited);
  assert.deepEqual([told.last?.message, told.runs.length, told.ended], ['x', 2, null]);
});

test('runs are bounded: without a limit the newest stay, with one the oldest, which is missed first', () => {
  for (const [maxRunMs, first, last] of [
    [undefined, '10', '29'],
    [MINUTE, '0', '19'],
  ] as const) {
    const rules = { ...RULES, maxRunMs };
    let state = taken(FRESH_BEATS, signal('start', { rid: 'old' }), { at: NOON, life: 'a' }, rules);
    for (let run = 0; run < 30; run++)
      state = taken(state, signal('start', { rid: String(run) }), { at: NOON + run, life: 'b' }, rules);
    assert.deepEqual([state.runs.length, state.runs[0]?.rid, state.runs.at(-1)?.rid], [20, first, last]);
  }
});

/** What may happen, and how long after what was before. */
const step = fc.record({
  ms: fc.integer({ min: 0, max: 3 * MINUTE }),
  what: fc.constantFrom('success', 'start', 'fail', 'log', 'life', 'daemon', 'look', 'look'),
});

test('over any course of beats, lives and daemons: never bad without a reason, never silent about one', () => {
  const within = 2 * MINUTE;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let now = NOON;
      let lives = 0;
      let present = life('0', now);
      let state = FRESH_BEATS;
      let ended: { at: number; word: string; life: number } | undefined;
      for (const { ms, what } of steps) {
        now += ms;
        if (what === 'life') present = life(String(++lives), now);
        else if (what === 'daemon') state = JSON.parse(JSON.stringify(state)) as BeatState;
        else if (what === 'look') {
          state = promised(state, { now, life: present }, GRACE, RULES);
          const judged = judgeBeats(state, { now, life: present }, GRACE, RULES);
          const from = present.startedAt;
          const silent = now - Math.max(ended?.at ?? from, from);
          const failed = ended?.word === 'fail' && ended.life === lives;
          if (failed) assert.equal(judged.verdict, 'bad');
          else if (ended !== undefined && now < ended.at + within)
            assert.equal(judged.verdict, ended.life === lives ? 'ok' : 'unknown', 'it beat in time');
          else if (silent >= within + GRACE) assert.equal(judged.verdict, 'bad', 'long silence of one life');
          else if (now - from < GRACE)
            assert.notEqual(judged.verdict, 'bad', 'a life has at least its grace');
          assert.equal(judged.undecided === true, judged.verdict === 'unknown' || judged.verdict === 'late');
        } else {
          state = taken(state, signal(what), { at: now, life: String(lives) }, RULES);
          if (what === 'success' || what === 'fail') {
            ended = { at: now, word: what, life: lives };
            assert.equal(state.dueAt, now + within);
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});
