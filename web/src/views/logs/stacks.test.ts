import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, columnText, pathsOf } from './stacks.ts';

const MINUTE = 60_000;
const stretch = { from: 10 * MINUTE, to: 14 * MINUTE, step: MINUTE };
const counted = {
  step: MINUTE * 1000,
  counts: [
    { time: 11 * MINUTE * 1000, total: 104, levels: { 9: 100, 13: 1, 17: 2, 21: 1 } },
    { time: 13 * MINUTE * 1000, total: 5, levels: { 1: 2, 5: 3 } },
    { time: 99 * MINUTE * 1000, total: 5, levels: { 9: 5 } },
  ],
};

test('a column for each step, by level; what lies outside is not drawn', () => {
  const columns = columnsOf(counted, stretch);
  assert.deepEqual(
    columns.map(({ total }) => total),
    [0, 104, 0, 5],
  );
  const [quiet, busy] = columns;
  assert.ok(quiet !== undefined && busy !== undefined);
  assert.deepEqual(busy.groups, { error: 3, warn: 1, info: 100, debug: 0 });
  assert.deepEqual(columns[3]?.groups, { error: 0, warn: 0, info: 0, debug: 5 });
  const words = columnText(busy, MINUTE, (ms) => String(ms / MINUTE));
  assert.equal(words, '11 – 12: 3 error and worse, 1 warn, 100 info');
  assert.match(columnText(quiet, MINUTE, String), /nothing$/);
});

test('what is worst stands on the ground and is seen, however few', () => {
  const paths = pathsOf(columnsOf(counted, stretch), 50);
  assert.match(paths.error, /^M1\.08 50\.00h0\.84v-2\.00/);
  assert.match(paths.warn, /^M1\.08 48\.00/);
  assert.equal(pathsOf(columnsOf({ ...counted, counts: [] }, stretch), 50).info, '');
});
