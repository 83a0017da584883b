import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonOf } from './reasons.ts';

test('failures that differ in their file alone have one reason', () => {
  const reasons = ['a-17.xml', 'solo_L0_2034.xml'].map((name) =>
    reasonOf(
      `exit code 4: reads /data/in/${name}\nTraceback (most recent call last):\nValueError: bad packet 12${name.length} in ${name}`,
    ),
  );
  assert.deepEqual(new Set(reasons), new Set(['exit code 4: ValueError: bad packet N in …']));
});

test('how a run ended stays in its reason, and other words do', () => {
  assert.equal(reasonOf('exit code 3'), 'exit code 3');
  assert.notEqual(reasonOf('exit code 3: no'), reasonOf('exit code 4: no'));
  assert.equal(reasonOf('ended by SIGKILL: 12 of 40'), 'ended by SIGKILL: N of N');
  assert.equal(reasonOf('took longer than 30m'), 'took longer than 30m');
  assert.equal(
    reasonOf('2026-11-22T10:00:00Z ERROR cannot open /a/b.fits: Permission denied'),
    '… ERROR cannot open …: Permission denied',
  );
});

test('nothing is no reason, and a long one is cut', () => {
  for (const error of [null, '', ' \n']) assert.equal(reasonOf(error), 'no reason is known');
  assert.equal(reasonOf('x'.repeat(5000)).length, 300);
});
