import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseName, countOf, doneOf, fileChips, shortError, taskChips, totalsOf } from './states.ts';

test('chips say what is not over and what has failed, and only what there is', () => {
  assert.deepEqual(
    taskChips({ done: 9, failed: 2, parked: 1, ready: 0, gathering: 3, deferred: 4 }).map(
      ({ label, count }) => `${count} ${label}`,
    ),
    ['3 failed', '7 waiting'],
  );
  assert.deepEqual(
    fileChips({ ready: 2, done: 4 }).map(({ label }) => label),
    ['in work'],
  );
  assert.equal(doneOf({ done: 3, warned: 2, skipped: 9 }), 5);
});

test('an error in a line: how it ended, and what it said last', () => {
  assert.equal(
    shortError('exit code 4: reads a\nTraceback\nValueError: no\n'),
    'exit code 4: ValueError: no',
  );
  assert.equal(shortError('exit code 4: no'), 'exit code 4: no');
  assert.equal(shortError('took longer than 30m'), 'took longer than 30m');
  assert.equal(shortError('L0: exit code 4: reads a\nno'), 'L0: exit code 4: no');
  assert.equal(baseName('/a/b.xml'), 'b.xml');
});

const STEP = {
  name: 'L0',
  level: 1,
  from: ['inbox'],
  each: 'file' as const,
  enabled: true,
  at: null,
  nextAt: null,
  timeoutMs: 1,
  concurrency: 1,
  tasks: { failed: 2, parked: 1 },
  minute: 1,
  hour: 9,
};

test('what has failed are tasks, and files that no step has had', () => {
  const { failed } = totalsOf({ steps: [STEP], running: [], moreRunning: 0, badFiles: 4 });
  assert.equal(failed, 7);
  assert.equal(totalsOf({ steps: [STEP], running: [], moreRunning: 0 }).failed, 3);
});

test('how many failed for a reason is not known where the report leaves reasons out', () => {
  const whole = {
    steps: [STEP],
    failures: [{ of: 'L0', reason: 'exit code 4', count: 2, last: 1 }],
    moreFailures: 0,
    failuresCut: false,
  };
  assert.equal(countOf(whole, 'L0', 'exit code 4'), 2);
  assert.equal(countOf(whole, 'L0', 'exit code 5'), 0);
  assert.equal(countOf({ ...whole, moreFailures: 3 }, 'L0', 'exit code 5'), undefined);
  assert.equal(countOf({ ...whole, failuresCut: true }, 'L0', 'exit code 5'), undefined);
  assert.equal(
    countOf({ ...whole, steps: [{ ...STEP, tasks: {} }], moreFailures: 3 }, 'L0', 'exit code 5'),
    0,
  );
});
