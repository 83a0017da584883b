import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hubStore, someBatches, type HubStore } from '../../../test/rig/hub-store.ts';
import { hubMatches, hubNewest } from '../../../test/rig/hub-model.ts';
import { HUB_NOW } from '../../../test/rig/hub-rows.ts';
import type { HubFilter, Place } from './query.ts';
import type { HubRow } from './row.ts';

const someFilter: fc.Arbitrary<HubFilter> = fc.record(
  {
    agents: fc.subarray(['a1', 'a2', 'ä']),
    since: fc.integer({ min: HUB_NOW - 600, max: HUB_NOW + 600 }),
    until: fc.integer({ min: HUB_NOW - 600, max: HUB_NOW + 600 }),
    services: fc.subarray(['clock', 'firehose', 'job/x']),
    kinds: fc.subarray(['log', 'flip', 'notification'] as const),
    senders: fc.subarray(['stdout', 'stderr', 'daemon']),
    levelAtLeast: fc.integer({ min: 1, max: 24 }),
    levelAtMost: fc.integer({ min: 1, max: 24 }),
    text: fc.constantFrom('', 'ALPHA', 'pha b', '7f3', 'id=7F3A', 'äö', 'beta id=7f3a a', '%'),
    words: fc.constantFrom('', 'beta', 'id 42', '7f3', 'äö'),
    matches: fc.constantFrom('^Alpha', '42$', 'b.ta'),
    fields: fc.constantFrom([{ path: 'a', value: '1' }], [{ path: 'user', value: 'x' }]),
  },
  { requiredKeys: [] },
);

/** Turns the pages of an answer. */
function pages(store: HubStore, filter: HubFilter, limit: number, ms: number): HubRow[] {
  const rows: HubRow[] = [];
  let behind: Place | undefined;
  for (let calls = 0; calls < 500; calls++) {
    const page = store.newest({ ...filter, limit, ...(behind === undefined ? {} : { behind }) }, ms);
    assert.ok(page.rows.length <= limit);
    rows.push(...page.rows);
    if (page.next === null) return rows;
    behind = page.next;
  }
  throw new Error('it never ends');
}

const DAY = 86_400_000;

test('an answer is what a filter means, page by page, before and after blocks are merged, whatever the budget', () => {
  fc.assert(
    fc.property(
      fc.array(someBatches, { minLength: 1, maxLength: 6 }),
      fc.array(someFilter, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 12 }),
      fc.nat(6),
      (times, filters, limit, mergeAt) => {
        const store = hubStore();
        const all: HubRow[] = [];
        for (const [index, batches] of times.entries()) {
          all.push(...store.append(batches));
          if (index === mergeAt) store.mergeAll();
          store.pass(700);
        }
        for (const filter of filters) {
          const expected = hubNewest(all, filter, Infinity);
          assert.deepEqual(pages(store, filter, limit, 60_000), expected);
          assert.deepEqual(
            pages(store, filter, limit, 0),
            expected,
            'without any budget it goes on block by block',
          );
        }
        store.close();
      },
    ),
    { numRuns: 15 },
  );
});

test('whoever follows gets each record once, in the order of receipt, over groups, merges and new starts', () => {
  fc.assert(
    fc.property(
      fc.array(someBatches, { minLength: 1, maxLength: 8 }),
      someFilter,
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      (times, filter, turns) => {
        const store = hubStore();
        const got: HubRow[] = [];
        const all: HubRow[] = [];
        let position = 0;
        const read = (): void => {
          const followed = store.behind(filter, position);
          got.push(...followed.rows);
          assert.ok(followed.position >= position);
          position = followed.position;
        };
        for (const [index, batches] of times.entries()) {
          all.push(...store.append(batches));
          if (turns[index] === true) read();
          if (index % 3 === 1) store.mergeAll();
          if (index % 4 === 2) store.restart();
          store.pass(700);
        }
        read();
        assert.deepEqual(
          got,
          all.filter((row) => hubMatches(row, filter)),
        );
        store.close();
      },
    ),
    { numRuns: 15 },
  );
});

test('what is sent again is stored once, also behind a new start, and in part', () => {
  const store = hubStore();
  const batch = (from: number, to: number) => ({
    agent: 'a1',
    records: Array.from({ length: to - from + 1 }, (_, index) =>
      store.record({ seq: from + index, kind: (from + index) % 2 === 0 ? 'log' : 'notification' }),
    ),
  });
  assert.deepEqual(store.taken([batch(1, 10)]), [{ stored: 10, doubled: 0 }]);
  assert.deepEqual(store.taken([batch(1, 10), batch(8, 12)]), [
    { stored: 0, doubled: 10 },
    { stored: 2, doubled: 3 },
  ]);
  store.restart();
  store.pass(3_600_000);
  assert.deepEqual(store.taken([batch(11, 13)]), [{ stored: 1, doubled: 2 }]);
  assert.equal(store.lastOf('a1'), 13);
  const seqs = store.newest({ limit: 100 }, 1000).rows.map(({ seq }) => seq);
  assert.deepEqual(
    seqs.toSorted((a, b) => a - b),
    Array.from({ length: 13 }, (_, index) => index + 1),
  );
  store.close();
});

test('what is past its window is gone at once, and its bytes a bucket later; groups have windows of their own', () => {
  const store = hubStore({ logs: 16_000, other: 160_000 });
  for (let second = 0; second < 40; second++) {
    store.append([
      {
        agent: 'a1',
        records: [store.record({ seq: 2 * second + 1 }), store.record({ seq: 2 * second + 2, kind: 'flip' })],
      },
    ]);
    store.pass(1000);
    const kinds = store.newest({ limit: 1000 }, 1000).rows.map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'log').length, Math.min(second + 1, 16), `second ${second}`);
    assert.equal(kinds.filter((kind) => kind === 'flip').length, second + 1);
    store.purge();
    assert.ok(store.files('logs') <= 18);
  }
  store.close();
});

test('over its bytes, or with a full disk, the oldest log lines go first, never what is written now', () => {
  const store = hubStore({ logs: 160_000, other: 160_000 });
  for (let second = 0; second < 100; second++) {
    store.append([
      {
        agent: 'a1',
        records: [store.record({ seq: 2 * second + 1 }), store.record({ seq: 2 * second + 2, kind: 'flip' })],
      },
    ]);
    store.pass(1000);
  }
  assert.deepEqual(store.purge(), []);
  const [logs, other] = [store.files('logs'), store.files('other')];
  assert.ok(logs >= 10 && other >= 10);
  assert.deepEqual(store.purge({ bytes: store.bytes() - 1 }), ['bytes']);
  assert.deepEqual([store.files('logs'), store.files('other')], [logs - 1, other]);
  const reasons = store.purge({ free: 1 }, () => 0);
  assert.ok(reasons.length > 0 && reasons.every((why) => why === 'free'));
  assert.ok(store.files('logs') <= 1 && store.files('other') <= 1);
  store.append([{ agent: 'a1', records: [store.record({ seq: 1000 })] }]);
  assert.equal(store.newest({ limit: 1 }, 1000).rows[0]?.seq, 1000);
  store.close();
});

test('what was purged does not come again: how far an agent has sent outlives all that it sent', () => {
  const store = hubStore({ logs: 16_000, other: 16_000 });
  store.append([
    { agent: 'a1', records: [store.record({ seq: 1 }), store.record({ seq: 2, kind: 'flip' })] },
  ]);
  store.pass(3_600_000);
  store.restart();
  assert.ok(store.purge().length > 0);
  assert.deepEqual([store.files('logs'), store.files('other')], [1, 1]);
  store.pass(3_600_000);
  store.purge();
  store.restart();
  assert.deepEqual(
    store.taken([
      { agent: 'a1', records: [store.record({ seq: 1 }), store.record({ seq: 2, kind: 'flip' })] },
    ]),
    [{ stored: 0, doubled: 2 }],
  );
  assert.deepEqual(store.newest({ limit: 10 }, 1000).rows, []);
  store.close();
});

test('a damaged bucket is set aside and told, and all else goes on', () => {
  const store = hubStore();
  store.append([{ agent: 'a1', records: [store.record({ seq: 1 })] }]);
  store.pass(86_400_000);
  store.append([{ agent: 'a1', records: [store.record({ seq: 2 })] }]);
  store.close();
  store.damageOldest();
  store.open();
  assert.deepEqual(
    store.newest({ limit: 10 }, 1000).rows.map(({ seq }) => seq),
    [2],
  );
  assert.match(store.notes().join('\n'), /is damaged .* set aside as .*damaged/);
  assert.deepEqual(
    store.taken([{ agent: 'a1', records: [store.record({ seq: 2 }), store.record({ seq: 3 })] }]),
    [{ stored: 1, doubled: 1 }],
  );
  store.close();
});

test('a series of which nothing was heard for 90 days is forgotten, others are known in every new file', () => {
  const store = hubStore();
  const send = (series: string, seq: number): void =>
    void store.taken([{ agent: 'a1', series, records: [store.record({ seq })] }]);
  send('page-1', 7);
  for (let step = 0; step < 10; step++) {
    send('machine', step + 1);
    if (step === 8) assert.equal(store.lastOf('page-1'), 7);
    store.pass(10 * DAY);
  }
  send('machine', 11);
  assert.deepEqual([store.lastOf('page-1'), store.lastOf('machine')], [0, 11]);
  store.restart();
  // Files of that time are there still where nobody purges.
  store.purge();
  store.restart();
  assert.deepEqual([store.lastOf('page-1'), store.lastOf('machine')], [0, 11]);
  store.close();
});

test('a damaged block is left out of answers, and told once for each of them', () => {
  const store = hubStore();
  store.append([{ agent: 'a1', records: [1, 2, 3].map((seq) => store.record({ seq })) }]);
  store.append([{ agent: 'a1', records: [4, 5].map((seq) => store.record({ seq })) }]);
  const blocks = store.damageBlocks();
  assert.equal(blocks, 2);
  assert.deepEqual(store.newest({ limit: 10 }, 1000).rows, []);
  assert.equal(store.notes().length, blocks);
  assert.deepEqual(store.behind({}, 0), { rows: [], position: 5 });
  assert.match(
    store.notes()[0] ?? '',
    /^cannot read a block: its bytes make no sense: 2 records from position 4 of /,
  );
  store.close();
});
