import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRecent } from './jetstream-recent.ts';

test('it remembers the highest times, in whatever order they come, and says from where on', () => {
  const property = fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 200 }), (times) => {
    const recent = createRecent(8);
    let model: number[] = [];
    let forgotten = 0;
    for (const time of times) {
      const isNew = time > forgotten && !model.includes(time);
      assert.equal(recent.add(time), isNew);
      if (!isNew) continue;
      model = [...model, time].sort((a, b) => a - b);
      if (model.length > 8) forgotten = model.shift() ?? 0;
    }
    assert.equal(recent.forgotten(), forgotten);
    for (let time = 0; time <= 61; time++) {
      assert.equal(recent.has(time), model.includes(time));
      assert.equal(recent.countFrom(time), model.filter((each) => each >= time).length);
    }
  });
  fc.assert(property, { numRuns: 300 });
});
