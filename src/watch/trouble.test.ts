import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Course, WatchSettings } from './course.ts';
import { freshGate, type GateState } from './gate.ts';
import { FRESH_LADDER } from './ladder.ts';
import { troubleOf } from './trouble.ts';

const SECOND = 1000;
const NOW = 1_000_000;
const SETTINGS: WatchSettings = {
  name: 'alive',
  kind: 'test',
  everyMs: 10 * SECOND,
  timeoutMs: 5 * SECOND,
  gate: { fail: { times: 3, of: 3 }, ok: 2, graceMs: 10 * SECOND },
  steps: [],
};
const LIFE = { id: 'a', pid: 1, startedAt: 0, from: 0 };

function courseOf(gate: Partial<GateState>, evidenceAt: number | undefined = NOW - SECOND): Course {
  const whole: GateState = { ...freshGate(0), life: 'a', ...gate };
  return { gate: whole, ladder: FRESH_LADDER, judgement: undefined, lookedAt: evidenceAt, evidenceAt };
}

const said = (course: Course, life: typeof LIFE | undefined = LIFE): string | undefined =>
  troubleOf(SETTINGS, course, life, NOW)?.what;

test('what fails is in trouble, what fails a little may be, and all else is not', () => {
  for (const [gate, expected] of [
    [{ state: 'bad' }, 'alive is bad'],
    [{ state: 'late' }, 'alive is late'],
    [{ state: 'flapping', looks: ['ok'] }, 'alive is flapping'],
    [{ state: 'ok', looks: ['ok', 'bad'] }, 'alive may be bad'],
    [{ state: 'new', looks: ['late'] }, 'alive may be late'],
    [{ state: 'ok', looks: ['bad', 'ok'] }, undefined],
    [{ state: 'ok', looks: ['bad'], life: 'the one before' }, undefined],
    [{ state: 'ok', looks: ['bad'], unknown: 1 }, undefined],
    [{ state: 'unknown', unknown: 3 }, undefined],
    [{ state: 'new' }, undefined],
  ] as const)
    assert.equal(said(courseOf(gate)), expected, JSON.stringify(gate));
  assert.equal(troubleOf(SETTINGS, courseOf({ state: 'ok', looks: ['bad'] }), LIFE, NOW)?.isSure, false);
});

test('what nobody can see any more is no trouble for others', () => {
  const bad = { state: 'bad' } as const;
  assert.equal(said(courseOf(bad, NOW - 46 * SECOND)), 'alive is bad', 'four looks and their time');
  assert.equal(said(courseOf(bad, NOW - 47 * SECOND)), undefined, 'its looks do not come back');
  assert.equal(said(courseOf({ ...bad, unknown: 3 })), undefined, 'it could not look');
  assert.equal(troubleOf(SETTINGS, courseOf(bad), undefined, NOW), undefined, 'it does not look');
});

test('what was bad in the life before is bad until the new life had its grace, and time for looks', () => {
  const bad = courseOf({ state: 'bad', life: 'the one before' }, 0);
  const young = (ago: number) => ({ ...LIFE, startedAt: NOW - ago, from: NOW - ago });
  assert.equal(said(bad, young(SECOND)), 'alive is bad');
  assert.equal(said(bad, young(56 * SECOND)), 'alive is bad');
  assert.equal(said(bad, young(57 * SECOND)), undefined);
});
