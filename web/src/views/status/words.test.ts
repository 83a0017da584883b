import assert from 'node:assert/strict';
import test from 'node:test';
import { barSince, barWords, overall, upText } from './words.ts';

test('the sentence says the worst of all, and of how many', () => {
  assert.equal(overall(['ok', 'ok']), 'Everything works.');
  assert.equal(overall(['ok', 'bad', 'late']), '1 of 3 does not work.');
  assert.equal(overall(['bad', 'bad', 'late']), '2 of 3 do not work.');
  assert.equal(overall(['bad', 'bad']), 'Nothing works.');
  assert.equal(overall(['bad']), 'It does not work.');
  assert.equal(overall(['ok', 'late', 'unknown']), '1 of 3 is late.');
  assert.equal(overall(['ok', 'unknown']), 'Of 1 of 2 it is not known how it stands.');
  assert.equal(overall(['unknown']), 'It is not known how things stand.');
  assert.equal(overall(['ok', 'stopped']), 'Everything that should run works; 1 is stopped on purpose.');
  assert.equal(overall(['stopped']), 'Everything is stopped on purpose.');
  assert.equal(overall([]), 'There is nothing to show yet.');
});

test('a bar ends with today', () => {
  const now = Date.UTC(2026, 10, 22, 18, 40);
  assert.equal(barSince('o'.repeat(90), now), Date.UTC(2026, 7, 25));
  assert.equal(barSince('o', now), Date.UTC(2026, 10, 22));
});

test('an outage is never rounded away', () => {
  assert.equal(upText(1), '100 %');
  assert.equal(upText(0.999_999), '99.99 %');
  assert.equal(upText(0.995), '99.5 %');
  assert.equal(upText(0), '0.00 %');
});

test('a bar is said by its days with trouble', () => {
  const since = Date.UTC(2026, 10, 1);
  assert.equal(barWords('-oosu', since), 'no trouble');
  assert.equal(barWords('--', since), 'nothing known');
  assert.equal(barWords('', since), 'nothing known');
  assert.equal(barWords('olob', since), '2 days with trouble: 2026-11-02 late, 2026-11-04 trouble');
  assert.match(barWords('b'.repeat(90), since), /^90 days with trouble: 2027-01-20 .*2027-01-29 trouble$/);
});
