import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Candidate, choose, inOrder } from './selection.ts';

const NOW = 1_000_000;

const candidate: fc.Arbitrary<Candidate> = fc
  .record({
    level: fc.constantFrom('L0', 'L1', 'L2', null),
    kind: fc.constantFrom('ql', 'hk', 'sci'),
    version: fc.constantFrom(1, 2, 3, null),
    changed: fc.integer({ min: NOW - 100, max: NOW + 10 }),
    number: fc.nat({ max: 1000 }),
    complete: fc.boolean(),
  })
  .map(({ level, kind, version, changed, number, complete }) => ({
    path: `${level}/${kind}-${number}-V${version}.fits`,
    values: { product: kind },
    level,
    version,
    product: `${level} ${kind} ${number}`,
    bytes: number,
    mtimeNs: String(changed),
    changed,
    complete,
  }));
const candidates = fc.uniqueArray(candidate, { selector: ({ path }) => path, maxLength: 40 });

test('E3 the order is the same whatever they come in, and the batch is its beginning', () => {
  const options = fc.record({
    order: fc.constantFrom('oldest', 'newest', 'name' as const),
    batch: fc.integer({ min: -1, max: 45 }),
  });
  fc.assert(
    fc.property(candidates, options, fc.infiniteStream(fc.nat()), (all, { order, batch }, chance) => {
      const hasFailed = ({ bytes }: Candidate): boolean => bytes % 5 === 0;
      const shuffled = all.map((each) => [chance.next().value, each] as const).toSorted(([a], [b]) => a - b);
      const cut = inOrder(
        shuffled.map(([, each]) => each),
        { order, batch },
        hasFailed,
      );
      const whole = inOrder(all, { order }, hasFailed);
      assert.deepEqual(cut, whole.slice(0, batch < 0 ? undefined : batch));
      assert.deepEqual(new Set(whole), new Set(all), 'nothing is lost, nothing comes twice');
      for (const [index, each] of whole.entries()) {
        const next = whole[index + 1];
        if (next === undefined || hasFailed(each) !== hasFailed(next)) continue;
        if (order === 'oldest') assert.ok(each.changed <= next.changed);
        if (order === 'newest') assert.ok(each.changed >= next.changed);
        if (order === 'name') assert.ok(each.path < next.path);
      }
      const firstFailed = whole.findIndex(hasFailed);
      assert.ok(firstFailed < 0 || whole.slice(firstFailed).every(hasFailed), 'what failed comes last');
    }),
    { numRuns: 200 },
  );
});

test('E1 E2 what is chosen fits all wishes, what waits is too young, and nothing else is left out', () => {
  const wishes = fc.record(
    {
      levels: fc.subarray(['L0', 'L1', 'L2', '*'], { minLength: 1 }),
      products: fc.subarray(['ql', 'h*', 'sci'], { minLength: 1 }),
      versions: fc.oneof(
        fc.constantFrom('*' as const, 'latest' as const),
        fc.subarray([1, 2, 3], { minLength: 1 }),
      ),
      exclude: fc.constant<string[]>(['**/*-1-*']),
      wait: fc.integer({ min: 1, max: 90 }),
      'wait-of': fc.constant({ L1: 5 }),
      incomplete: fc.constantFrom('publish' as const, 'wait' as const),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(candidates, wishes, (all, wish) => {
      const { ready, waiting } = choose(all, wish, NOW);
      const isIn = new Set([...ready, ...waiting]);
      assert.equal(isIn.size, ready.length + waiting.length);
      for (const each of all) {
        const newest = Math.max(
          ...all.flatMap((other) => (other.product === each.product ? (other.version ?? []) : [])),
        );
        const { versions = '*' } = wish;
        const fits =
          (wish.levels?.includes('*') !== false || wish.levels.includes(each.level ?? '')) &&
          (wish.products?.some(
            (word) => word === each.values['product'] || (word === 'h*' && each.values['product'] === 'hk'),
          ) ??
            true) &&
          (versions === '*' ||
            (versions === 'latest' && (each.version === null || each.version === newest)) ||
            (typeof versions === 'object' && each.version !== null && versions.includes(each.version))) &&
          !(wish.exclude !== undefined && each.path.includes('-1-'));
        assert.equal(isIn.has(each), fits, JSON.stringify(each));
      }
      const isOver = (each: Candidate): boolean => {
        const least = (each.level === 'L1' && wish['wait-of'] !== undefined ? 5 : wish.wait) ?? 10_000;
        return NOW - each.changed >= least && (each.complete || wish.incomplete !== 'wait');
      };
      assert.ok(ready.every(isOver));
      assert.ok(!waiting.some(isOver));
    }),
    { numRuns: 200 },
  );
});
