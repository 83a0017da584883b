import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import * as v from 'valibot';
import { complaints, openWatch } from '../../../test/rig/watching.ts';
import { judgeLag, lag } from './lag.ts';

const S = 1000;

test('a lag is judged; none is unknown first, then late', () => {
  for (const [startedAgo, behind, verdict, value, reason] of [
    [3600 * S, 2 * S, 'ok', '2s behind', 'the latest event is 2s behind the clock'],
    [3600 * S, 300 * S, 'ok', '5m behind', 'the latest event is 5m behind the clock'],
    [3600 * S, 301 * S, 'late', '5m1s behind', 'the latest event is 5m1s behind the clock, 5m at most'],
    // Of an old event in a young life there is no doubt: this life wrote it.
    [S, 3600 * S, 'late', '1h behind', 'the latest event is 1h behind the clock, 5m at most'],
    [S, -30 * S, 'ok', '0ms behind', 'the latest event is 0ms behind the clock'],
    [S, -3600 * S, 'unknown', '1h ahead', 'the latest event has a time 1h ahead of the clock'],
    [S, undefined, 'unknown', null, 'nothing; it has 5m for it, 1s are over'],
    [301 * S, undefined, 'late', null, 'nothing, 5m1s after its start, 5m at most'],
  ] as const)
    assert.deepEqual(
      judgeLag({ now: 1e12, startedAt: 1e12 - startedAgo, maxMs: 300 * S, lag: behind, none: 'nothing' }),
      { verdict, value, reason },
    );
});

test('the latest record with the field tells, in a file or in the output', async (t) => {
  const now = Date.now();
  const { folder, look } = openWatch(t, lag, { file: 'raw.ndjson', field: 'commit.time', max: '5m' });
  const add = (record: object) => fs.appendFileSync(`${folder}/raw.ndjson`, `${JSON.stringify(record)}\n`);
  assert.match((await look({ now })).reason, /^there is no file raw\.ndjson, 1h after/);
  add({ commit: { time: new Date(now - 10_000).toISOString() } });
  assert.deepEqual(await look({ now }), {
    verdict: 'ok',
    value: '10s behind',
    reason: 'the latest event is 10s behind the clock',
  });
  add({ commit: { time: (now - 3_600_000) * 1000 } });
  add({ commit: {} });
  assert.deepEqual((await look({ now })).value, '1h behind');
  const output = openWatch(t, lag, { field: 'time', pattern: '^(?<time>\\S+) ', max: '5m' });
  fs.writeFileSync(output.capturedLog, `${new Date(now).toISOString()} stdout 2020-01-01T00:00:00Z x\n`);
  assert.equal((await output.look({ now: now + 5 })).verdict, 'late');
});

test('without a field the figures of a built-in kind tell', async (t) => {
  let figures: Record<string, unknown> | undefined = { lag: 4000 };
  const { look } = openWatch(t, lag, { max: '5m' }, { context: { figures: () => Promise.resolve(figures) } });
  assert.equal((await look()).value, '4s behind');
  figures = { lag: 400_000 };
  assert.equal((await look()).verdict, 'late');
  figures = { lag: null };
  assert.equal((await look({ now: Date.now(), life: { startedAt: Date.now() } })).verdict, 'unknown');
  assert.equal((await look()).verdict, 'late');
  figures = undefined;
  assert.match((await look()).reason, /gives no figures/);
});

test('a file without a field is refused', () => {
  const options = v.parse(lag.options, { max: '5m', file: 'a' });
  const none = 'cannot find the time of an event without "field", the field that has it';
  assert.deepEqual(lag.problems?.(options, { folder: '/', figures: ['lag'] }), [none]);
  assert.deepEqual(lag.problems?.(options, { folder: '/', figures: [] }), [none]);
  const bare = v.parse(lag.options, { max: '5m' });
  assert.deepEqual(lag.problems?.(bare, { folder: '/', figures: ['lag'] }), []);
  assert.deepEqual(lag.problems?.(bare, { folder: '/', figures: [] }), [
    `${none}; only a collector knows its lag by itself`,
  ]);
  assert.equal(complaints(lag, { max: '5m', field: 'a b' }).length, 1);
});
