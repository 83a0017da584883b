import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepingOf } from './keeping.ts';

const PLANNED = {
  cleanUpMs: 60_000,
  keep: {
    rules: [
      { name: 'logs-a', keepMs: 1, kinds: ['log'], services: ['a'] },
      { name: 'logs', keepMs: 2, kinds: ['log'] },
      { name: 'notifications', keepMs: 3, kinds: ['notification'] },
      { name: 'other', keepMs: 4 },
    ],
    bytes: 10,
    free: 5,
  },
} as const;

test('without variables the config holds', () => {
  assert.deepEqual(keepingOf(PLANNED, {}), { ok: true, value: PLANNED });
  assert.deepEqual(keepingOf(PLANNED, { CLEANUP_INTERVAL: ' ' }), { ok: true, value: PLANNED });
});

test('CLEANUP_INTERVAL and LOGS_TIMEWINDOW are seconds, for log lines alone', () => {
  const found = keepingOf(PLANNED, { CLEANUP_INTERVAL: '5', LOGS_TIMEWINDOW: '60' });
  assert.ok(found.ok);
  assert.equal(found.value.cleanUpMs, 5000);
  assert.deepEqual(
    found.value.keep.rules.map(({ name, keepMs }) => `${name} ${keepMs}`),
    ['logs-a 60000', 'logs 60000', 'notifications 3', 'other 4'],
  );
});

test('what is no number of seconds is told, not guessed', () => {
  for (const written of ['5m', '0', '-1', '1.5', '99999999999', 'abc']) {
    const found = keepingOf(PLANNED, { LOGS_TIMEWINDOW: written });
    assert.ok(!found.ok, written);
    assert.match(found.error, new RegExp(`^cannot use LOGS_TIMEWINDOW=${written}: write whole seconds`));
  }
});
