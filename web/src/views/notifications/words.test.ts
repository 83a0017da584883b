import assert from 'node:assert/strict';
import test from 'node:test';
import { silencedName, targetOf, tellingWords } from './words.ts';

const telling = { channel: 'ops', toldAt: null, lastAt: null, by: null, why: '', until: null };

test('who was told is told, and why nothing more is said stands beside it', () => {
  assert.deepEqual(tellingWords({ ...telling, toldAt: 5, by: 'told', why: 'told' }), {
    text: 'told',
    isTold: true,
    held: '',
  });
  assert.deepEqual(tellingWords({ ...telling, toldAt: 5, by: 'snooze', why: 'a switch is replaced' }), {
    text: 'told',
    isTold: true,
    held: 'held: snoozed (a switch is replaced)',
  });
});

test('who was not told is said with the reason', () => {
  assert.equal(tellingWords(telling).text, 'not yet');
  assert.equal(
    tellingWords({ ...telling, by: 'quiet', why: 'backup' }).text,
    'held: a quiet window (backup)',
  );
  assert.equal(tellingWords({ ...telling, by: 'of-later', why: '' }).text, 'held: of-later');
});

test('what is known twice is said once', () => {
  const { text } = tellingWords({ ...telling, by: 'group', why: 'waits for what else the message can say' });
  assert.equal(text, 'in a moment: it waits for what else the message can say');
});

test('an incident of a watch is snoozed as the watch, others as the service', () => {
  assert.equal(targetOf({ service: 'web', subject: 'alive' }, ['alive']), 'web/alive');
  assert.equal(targetOf({ service: 'web', subject: 'lane' }, ['alive']), 'web');
  assert.equal(targetOf({ service: 'job/dump', subject: 'job' }, []), 'job/dump');
});

test('a silence is of everything, a service, or a watch', () => {
  assert.equal(silencedName({ by: 'quiet', service: null, watch: null }), 'everything');
  assert.equal(silencedName({ by: 'ack', service: 'web', watch: null }), 'web');
  assert.equal(silencedName({ by: 'ack', service: 'web', watch: 'alive' }), 'web/alive');
});
