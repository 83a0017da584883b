import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hubMatches } from '../../../test/rig/hub-model.ts';
import { HUB_NOW } from '../../../test/rig/hub-rows.ts';
import { hubStore, someBatches, type HubStore } from '../../../test/rig/hub-store.ts';
import type { HubFilter, Place } from './query.ts';
import { VALUE_COLUMNS, type ValueColumn } from './read-values.ts';
import type { HubRow } from './row.ts';

const MINUTE = 60_000_000;

const PARTS: { readonly [K in keyof HubFilter]: fc.Arbitrary<NonNullable<HubFilter[K]>> } = {
  agents: fc.subarray(['a1', 'a2', 'ä'], { minLength: 1 }),
  since: fc.constantFrom(HUB_NOW - 300, HUB_NOW - 2 * MINUTE, HUB_NOW, HUB_NOW - 90_000_000),
  until: fc.constantFrom(HUB_NOW + 300, HUB_NOW + MINUTE, HUB_NOW + 1, HUB_NOW + 45_000_000),
  services: fc.subarray(['clock', 'firehose', 'job/x'], { minLength: 1 }),
  kinds: fc.subarray(['log', 'flip', 'notification'] as const),
  hosts: fc.constantFrom(['box'], ['']),
  lives: fc.constantFrom(['l1', 'l2'], ['']),
  levelAtLeast: fc.integer({ min: 1, max: 24 }),
  text: fc.constantFrom('alpha', 'beta', 'BETA', 'a b', 'a.', '[', '\\d', '(a|b)', 'é', 'Ä'),
  words: fc.constantFrom('beta', '42'),
  matches: fc.constantFrom('^Alpha', '42$'),
  fields: fc.constant([{ path: 'a', value: '1' }]),
};

/** Of few parts, so that many records match. */
const someFilter = fc
  .subarray(Object.keys(PARTS) as (keyof HubFilter)[], { maxLength: 2 })
  .chain((keys) =>
    fc.record(Object.fromEntries(keys.map((key) => [key, PARTS[key] as fc.Arbitrary<unknown>]))),
  )
  .map((filter) => filter as HubFilter);

/** A store that had appends, merges and new files, and what it has. Records are within a moment of each other, or within minutes. */
const someStore = fc.record({
  times: fc.array(someBatches, { minLength: 1, maxLength: 6 }),
  mergeAt: fc.nat(6),
  gap: fc.constantFrom(700, 3_700_000),
  spread: fc.constantFrom(1, 300_000),
});

function filled({
  times,
  mergeAt,
  gap,
  spread,
}: typeof someStore extends fc.Arbitrary<infer T> ? T : never): {
  readonly store: HubStore;
  readonly all: readonly HubRow[];
} {
  const store = hubStore();
  const all: HubRow[] = [];
  for (const [index, batches] of times.entries()) {
    const spreadOut = batches.map(({ agent, records }) => ({
      agent,
      records: records.map((record) => ({ ...record, time: HUB_NOW + (record.time - HUB_NOW) * spread })),
    }));
    all.push(...store.append(spreadOut));
    if (index === mergeAt) store.mergeAll();
    store.pass(gap);
  }
  return { store, all };
}

test('counts, values, neighbours, followers and the pump give what the records say, whole or piece by piece', () => {
  fc.assert(
    fc.property(
      someStore,
      fc.array(someFilter, { minLength: 6, maxLength: 6 }),
      fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
      (given, filters, places) => {
        const { store, all } = filled(given);
        const asked = [{}, { until: HUB_NOW + 100 }, { since: HUB_NOW - 100 }, ...filters];
        for (const filter of asked) {
          for (const step of [MINUTE, 5 * MINUTE, 1_000_000]) checkCounts(store, all, filter, step);
          checkValues(store, all, filter);
          checkFollowing(store, all, filter, places[0] as number);
        }
        for (const [index, place] of places.entries())
          checkNeighbours(
            store,
            all,
            all[place % all.length] as HubRow,
            asked[index] as HubFilter,
            place % 5,
          );
        for (const ms of [0, 60_000]) checkPump(store, all, asked, ms);
        store.close();
      },
    ),
    { numRuns: 12 },
  );
});

/** Piece by piece. */
function pieces<T extends { readonly next: Place | null }>(ask: (behind?: Place) => T): T[] {
  const found: T[] = [];
  for (let behind: Place | undefined; found.length < 1000; ) {
    const page = ask(behind);
    found.push(page);
    if (page.next === null) return found;
    behind = page.next;
  }
  throw new Error('it never ends');
}

function checkCounts(store: HubStore, all: readonly HubRow[], filter: HubFilter, step: number): void {
  const expected = new Map<string, number>();
  for (const { time, level } of all.filter((row) => hubMatches(row, filter))) {
    const key = `${Math.floor(time / step) * step} ${level}`;
    expected.set(key, (expected.get(key) ?? 0) + 1);
  }
  for (const ms of [60_000, 0]) {
    const sums = new Map<string, number>();
    for (const { counts } of pieces((behind) =>
      store.counts({ filter, step, ...(behind && { behind }) }, ms),
    ))
      for (const { time, level, count } of counts)
        sums.set(`${time} ${level}`, (sums.get(`${time} ${level}`) ?? 0) + count);
    assert.deepEqual(sums, expected);
  }
}

function checkValues(store: HubStore, all: readonly HubRow[], { agents, since, until }: HubFilter): void {
  const filter = {
    ...(agents && { agents }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
  const meant = all.filter((row) => hubMatches(row, filter));
  for (const ms of [60_000, 0]) {
    const found = new Map<ValueColumn, Set<string>>(VALUE_COLUMNS.map((column) => [column, new Set()]));
    for (const { values } of pieces((behind) => store.values({ filter, ...(behind && { behind }) }, ms)))
      for (const column of VALUE_COLUMNS) for (const value of values[column]) found.get(column)?.add(value);
    for (const column of VALUE_COLUMNS)
      assert.deepEqual(found.get(column), new Set(meant.map((row) => row[column])));
  }
}

function checkNeighbours(
  store: HubStore,
  all: readonly HubRow[],
  row: HubRow,
  { agents }: HubFilter,
  count: number,
): void {
  const sameService = count % 2 === 0;
  const around = {
    position: row.position,
    before: count,
    after: 4 - count,
    sameService,
    ...(agents && { agents }),
  };
  const found = store.context(around, 60_000);
  assert.equal(store.context({ ...around, position: all.length + 1 }, 60_000), null);
  if (agents?.includes(row.agent) === false) return assert.equal(found, null);
  const near = all.filter(
    (each) => each.agent === row.agent && (!sameService || each.service === row.service),
  );
  const at = near.indexOf(row);
  assert.deepEqual(found, {
    row,
    before: near.slice(Math.max(0, at - count), at),
    after: near.slice(at + 1, at + 5 - count),
    cut: false,
  });
}

function checkFollowing(store: HubStore, all: readonly HubRow[], filter: HubFilter, place: number): void {
  const [from, limit] = [place % 10, 1 + (place % 3)];
  const expected = all.filter((row) => row.position > from && hubMatches(row, filter));
  const got: HubRow[] = [];
  for (let at = from; at < all.length; ) {
    const page = store.behind(filter, at, 0, limit);
    assert.ok(page.position > at && page.rows.length <= limit);
    got.push(...page.rows);
    at = page.position;
  }
  assert.deepEqual(got, expected);
  let count = 0;
  for (let at = from; at < all.length; ) {
    const piece = store.countBehind(filter, at, 0);
    assert.ok(piece.position > at);
    count += piece.count;
    at = piece.position;
  }
  assert.equal(count, expected.length);
}

function checkPump(store: HubStore, all: readonly HubRow[], filters: readonly HubFilter[], ms: number): void {
  const got = filters.map((): HubRow[] => []);
  const late = new Set<number>();
  for (const [tail, filter] of filters.entries()) store.watch(tail, filter);
  for (let at = 0; at < all.length; ) {
    const pumped = store.pump(at, ms);
    assert.ok(pumped.from === at && pumped.position > at && pumped.newest === filters.length - 1);
    for (const tail of pumped.late) late.add(tail);
    for (const [tail, places] of pumped.hits)
      for (const place of places) got[tail]?.push(pumped.rows[place] as HubRow);
    at = pumped.position;
  }
  for (const [tail, filter] of filters.entries()) {
    if (late.has(tail)) assert.ok(filter.matches !== undefined && ms === 0);
    else
      assert.deepEqual(
        got[tail],
        all.filter((row) => hubMatches(row, filter)),
      );
  }
}
