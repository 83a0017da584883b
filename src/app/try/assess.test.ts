import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alarm } from '../../watch/replay/tally.ts';
import { assess, type Beside } from './assess.ts';
import type { Known } from './known.ts';

const MIN = 60_000;
const T0 = 1e12;

function alarm(from: number, to: number | null): Alarm {
  const at = (minutes: number): number => T0 + minutes * MIN;
  return {
    from: at(from),
    to: to === null ? null : at(to),
    worst: 'late',
    reason: 'x',
    life: 'l',
    actions: [],
    heldBy: null,
  };
}

const KNOWN: Known = {
  signs: [
    { at: T0 + 95 * MIN, text: 'exited with code 3' },
    { at: T0 + 300 * MIN, text: 'restart by a person' },
  ],
  alarms: [
    { from: T0 + 101 * MIN, to: T0 + 102 * MIN, worst: 'bad' },
    { from: T0 + 200 * MIN, to: T0 + 210 * MIN, worst: 'late' },
  ],
  others: [],
  ownRestarts: [],
  printed: (from) => (from > T0 + 400 * MIN ? { at: from, text: 'it said: ERROR' } : undefined),
};

const BESIDE: Beside = {
  known: KNOWN,
  printed: (from, to) => KNOWN.printed(from, to),
  isLive: true,
  until: T0 + 600 * MIN,
  toleranceMs: 2 * MIN,
};

test('alarms are set beside what is known: what nobody else told of may be false', () => {
  const alarms = [alarm(10, 20), alarm(99, 100), alarm(500, null)];
  const { alarms: assessed, gone, unseen } = assess(alarms, { ...BESIDE, until: T0 + 600 * MIN });
  assert.deepEqual(
    assessed.map(({ live, signs }) => [live, signs.map(({ text }) => text)]),
    [
      [false, []],
      [true, ['exited with code 3']],
      [false, ['it said: ERROR']],
    ],
  );
  assert.deepEqual(
    gone.map(({ from }) => (from - T0) / MIN),
    [200],
  );
  assert.deepEqual(
    unseen.map(({ text }) => text),
    ['restart by a person'],
  );
});

test('where there is no such watch, or no time line, nothing is said of what was live', () => {
  assert.equal(assess([alarm(99, 100)], { ...BESIDE, isLive: false }).alarms[0]?.live, null);
  const { alarms, gone, unseen } = assess([alarm(99, 100)], {
    ...BESIDE,
    known: undefined,
    printed: undefined,
  });
  assert.deepEqual([alarms[0]?.live, gone, unseen], [null, [], []]);
});
