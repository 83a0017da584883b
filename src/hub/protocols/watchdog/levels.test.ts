import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fromOldLevel, oldLevelFields, oldLevelOf } from './levels.ts';

const int4 = fc.oneof(
  fc.integer({ min: -3, max: 60 }),
  fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
);

test('an old level comes back as it was, and a query by ours leaves out nothing that theirs asks for', () => {
  fc.assert(
    fc.property(int4, int4, (given, most) => {
      const level = fromOldLevel(given);
      const fields = oldLevelFields(given);
      assert.equal(oldLevelOf(level, fields === undefined ? '' : JSON.stringify(fields)), given);
      if (given <= most) assert.ok(level >= fromOldLevel(most));
    }),
  );
  for (let level = 1; level <= 24; level++) {
    const old = oldLevelOf(level, '');
    assert.ok([0, 10, 20, 30, 40, 50].includes(old));
    assert.ok(level >= fromOldLevel(old));
    assert.ok(level === 1 || oldLevelOf(level - 1, '') >= old);
    // A field that does not fit is somebody else's.
    assert.equal(oldLevelOf(level, '{"watchdog_level":"x"}'), old);
    assert.equal(oldLevelOf(level, `{"watchdog_level":${level >= 17 ? 45 : -1}}`), old);
  }
});
