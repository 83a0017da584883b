import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputMoment, ownMoment, snoozeChoices } from './snoozes.ts';

test('tomorrow at eight is tomorrow at eight, by the clock of whoever reads', () => {
  const evening = new Date(2026, 10, 22, 23, 59).getTime();
  const [half, two, morning] = snoozeChoices(evening);
  assert.equal(half?.until, evening + 30 * 60_000);
  assert.equal(two?.until, evening + 120 * 60_000);
  assert.equal(morning?.until, new Date(2026, 10, 23, 8).getTime());
  assert.equal(
    snoozeChoices(new Date(2026, 11, 31, 1).getTime())[2]?.until,
    new Date(2027, 0, 1, 8).getTime(),
  );
});

test('an own moment is read as it is shown; what is over or none is refused', () => {
  const at = new Date(2026, 10, 22, 12, 30).getTime();
  assert.equal(inputMoment(at), '2026-11-22T12:30');
  assert.equal(ownMoment(inputMoment(at), at - 1000), at);
  assert.equal(ownMoment(inputMoment(at), at), undefined);
  assert.equal(ownMoment('', at), undefined);
  assert.equal(ownMoment('soon', at), undefined);
});
