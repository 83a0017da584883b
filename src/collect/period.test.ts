import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { partName, readPartName } from './layout.ts';
import { isSizedKey, PART_LENGTHS, periodAt, sizedKey } from './period.ts';

test('parts are named by the UTC minute, hour and day of their events', () => {
  const time = Date.UTC(2026, 6, 4, 14, 38, 7, 123);
  assert.equal(periodAt(time, 'minute').key, '2026-07-04T1438');
  assert.equal(periodAt(time, 'hour').key, '2026-07-04T14');
  assert.equal(periodAt(time, 'day').key, '2026-07-04');
});

test('a period holds its time, ends where the next one begins, and its name sorts by time', () => {
  // The last day has none behind it.
  const times = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) - 1 });
  fc.assert(
    fc.property(times, fc.constantFrom(...PART_LENGTHS), (time, length) => {
      const period = periodAt(time, length);
      assert.ok(period.start <= time && time < period.end);
      const following = periodAt(period.end, length);
      assert.equal(following.start, period.end);
      assert.ok(following.key > period.key);
    }),
  );
});

test('a part cut by size is named by its beginning', () => {
  const key = sizedKey(Date.UTC(2026, 6, 4, 14, 38, 7), 1_200);
  assert.equal(key, '2026-07-04T143807-k1200');
  assert.deepEqual(readPartName(partName({ key, epoch: 3, late: 0 })), { key, epoch: 3, late: 0 });
  assert.ok(isSizedKey(key) && !isSizedKey('2026-07-04T1438'));
});

test('times that no calendar can name count as its nearest end', () => {
  assert.equal(periodAt(-1, 'day').key, '1970-01-01');
  assert.equal(periodAt(8.64e15, 'day').key, '9999-12-31');
});

test('the name of a part can be read back, and no other name passes for one', () => {
  for (const length of PART_LENGTHS) {
    for (const [epoch, late] of [
      [1, 0],
      [1, 12],
      [2, 0],
      [11, 3],
    ] as const) {
      const { key } = periodAt(Date.UTC(2026, 1, 3, 4, 5), length);
      assert.deepEqual(readPartName(partName({ key, epoch, late })), { key, epoch, late });
    }
  }
  for (const name of [
    '2026-02-03/2026-02-04T05',
    'x/2026-02-03',
    '2026-02-03/notes',
    '2026-02-03/2026-02-03T04-late-',
  ]) {
    assert.equal(readPartName(name), undefined, name);
  }
});
