import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSample, readSample } from './jetstream-sample.ts';

const AT = 1_783_175_888_000_000;

test('of every time it says the truth or nothing, in a short text; of a few it says all', () => {
  const times = fc.uniqueArray(fc.integer({ min: AT, max: AT + 10_000 }), { maxLength: 400 });
  fc.assert(
    fc.property(times, (taken) => {
      const sample = createSample();
      for (const time of taken) sample.add(time);
      const says = readSample(sample.text());
      assert.ok(says !== undefined);
      for (let time = AT; time <= AT + 10_000; time += 1) {
        const answer: boolean | undefined = says(time);
        if (answer !== undefined) assert.equal(answer, taken.includes(time));
        else assert.ok(taken.length > 16, 'nothing of a time, where few were taken');
      }
      assert.ok(sample.text().length < 250);
    }),
    { numRuns: 20 },
  );
});

test('what lies behind is let go, and what is no sample is none', () => {
  const sample = createSample();
  for (const time of [1, 2, 3]) sample.add(AT + time);
  sample.dropBefore(AT + 2);
  const says = readSample(sample.text());
  assert.deepEqual(
    [1, 2, 3].map((time) => says?.(AT + time)),
    [false, true, true],
  );
  for (const text of ['', '0', '!', '-5']) assert.equal(readSample(text), undefined, text);
});
