import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { drafts, KINDS, model, NOW, seqs, SERVICES, someDraft, using } from '../../../test/rig/store.ts';
import type { RecordQuery } from '../../core/record.ts';
import { SPAN } from './sqlite-query.ts';

const subset = <T>(values: readonly T[]): fc.Arbitrary<T[] | undefined> =>
  fc.option(fc.subarray([...new Set(values)]), { nil: undefined });

const someQuery: fc.Arbitrary<RecordQuery> = fc
  .record({
    after: fc.option(fc.nat(80), { nil: undefined }),
    before: fc.option(fc.nat(80), { nil: undefined }),
    since: fc.option(fc.integer({ min: NOW - 60, max: NOW + 60 }), { nil: undefined }),
    until: fc.option(fc.integer({ min: NOW - 60, max: NOW + 60 }), { nil: undefined }),
    services: subset(SERVICES),
    life: fc.option(fc.constantFrom('', 'l1'), { nil: undefined }),
    kinds: subset(KINDS),
    senders: subset(['stdout', 'daemon']),
    level: fc.option(fc.constantFrom(1, 9, 13, 17, 22), { nil: undefined }),
    text: fc.option(fc.string({ unit: fc.constantFrom('A', 'b', '%', '_', '\\', 'ä'), maxLength: 2 }), {
      nil: undefined,
    }),
    limit: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    take: fc.constantFrom('newest', 'oldest', undefined),
  })
  .map(
    (query) =>
      Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as RecordQuery,
  );

test('any query answers as a plain search through all records does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(someDraft, { maxLength: 25 }), { maxLength: 4 }),
      fc.array(someQuery, { minLength: 20, maxLength: 20 }),
      (batches, queries) => {
        using({}, (store) => {
          const stored = batches.flatMap((batch) => store.append(batch));
          assert.deepEqual(
            seqs(stored),
            stored.map((_, index) => index + 1),
          );
          for (const query of queries) assert.deepEqual(store.query(query), model(stored, query));
        });
      },
    ),
    { numRuns: 40 },
  );
});

test('queries by time find stragglers and leaps of the clock in a store of many spans', () => {
  using({}, (store) => {
    const time = (index: number): number =>
      NOW + index * 1000 + (index % 997 === 0 ? -3_000_000 : 0) + (index === 1500 ? 1e12 : 0);
    const stored = store.append(
      drafts(4 * SPAN, (index) => ({ time: time(index), service: SERVICES[index % 3] ?? '' })),
    );
    const windows = [
      [0, 1],
      [0, 1e9],
      [500_000, 600_000],
      [-3_000_000, 0],
      [3_000_000, 1e13],
      [1e12, 1e13],
    ] as const;
    for (const [since, until] of windows)
      for (const take of ['newest', 'oldest'] as const)
        for (const services of [undefined, ['clock'], ['clock', 'firehose']]) {
          const query = {
            since: NOW + since,
            until: NOW + until,
            take,
            limit: 50,
            ...(services && { services }),
          };
          assert.deepEqual(store.query(query), model(stored, query));
        }
  });
});

test('more services than are searched one by one are found all the same', () => {
  using({}, (store) => {
    const stored = store.append(drafts(100, (index) => ({ service: `s${index % 40}` })));
    const query = { services: Array.from({ length: 30 }, (_, i) => `s${i}`), limit: 25 };
    assert.deepEqual(store.query(query), model(stored, query));
  });
});

test('a limit or a text beyond what is allowed is refused', () => {
  using({}, (store) => {
    for (const limit of [0, 10_001, 1.5]) assert.throws(() => store.query({ limit }), /cannot take/);
    assert.throws(() => store.query({ text: 'x'.repeat(10_001) }), /cannot search/);
  });
});
