import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseName, doneOf, fileChips, shortError, taskChips } from './states.ts';

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
