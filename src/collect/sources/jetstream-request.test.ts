import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDictionary } from '../../../test/rig/jetstream.ts';
import { addressOf, isFiltered, requestProblems } from './jetstream-request.ts';

const ADDRESS = 'wss://jetstream.example/subscribe';
const NOW = 1_783_175_888_085_434;

test('the cursor: none for live, 0 for the oldest, else ten seconds before the position', () => {
  const cursor = (position: number | 'live' | 'oldest'): unknown => {
    const { url, cursor: said } = addressOf({ url: `${ADDRESS}?cursor=5` }, position);
    assert.equal(new URL(url).searchParams.get('cursor'), said === undefined ? null : String(said));
    return said;
  };
  assert.equal(cursor('live'), undefined);
  assert.equal(cursor('oldest'), 0);
  assert.equal(cursor(NOW), NOW - 10_000_000);
  // Below 10^15 servers of version 2 take it for one of their own numbers.
  assert.equal(cursor(1e15 + 1), 1e15);
  assert.equal(cursor(12_345), 12_345);
});

test('options stand in the address, together with those that were there', () => {
  const request = {
    url: `${ADDRESS}?wantedDids=did:plc:a&compress=true&token=x`,
    wantedCollections: ['a.b.c', 'd.e.*'],
    maxMessageSizeBytes: 1_000,
  };
  const { url, hello } = addressOf(request, 'live');
  assert.equal(hello, undefined);
  assert.equal(
    decodeURIComponent(url),
    `${ADDRESS}?token=x&wantedCollections=a.b.c&wantedCollections=d.e.*&wantedDids=did:plc:a&maxMessageSizeBytes=1000`,
  );
  const packed = addressOf({ ...request, dictionary: testDictionary() }, 'live');
  assert.equal(new URL(packed.url).searchParams.get('compress'), 'true');
});

test('options that are too long for an address are said in a message, and so are those that shall be', () => {
  const dids = Array.from({ length: 10_000 }, (_, i) => `did:plc:${String(i).padStart(24, 'a')}`);
  for (const request of [
    { url: `${ADDRESS}?wantedCollections=a.b.c`, wantedDids: dids },
    { url: `${ADDRESS}?wantedCollections=a.b.c`, wantedDids: dids.slice(0, 1), requireHello: true },
    { url: `${ADDRESS}?wantedCollections=a.b.c&requireHello=true`, wantedDids: dids.slice(0, 1) },
  ]) {
    const { url, hello } = addressOf(request, NOW);
    assert.equal(url, `${ADDRESS}?cursor=${NOW - 10_000_000}&requireHello=true`);
    assert.deepEqual(JSON.parse(hello ?? ''), {
      type: 'options_update',
      payload: { wantedCollections: ['a.b.c'], wantedDids: request.wantedDids, maxMessageSizeBytes: 0 },
    });
  }
});

test('problems are told all at once', () => {
  assert.deepEqual(requestProblems({ url: `${ADDRESS}?wantedCollections=a.b.c` }), []);
  assert.equal(
    requestProblems({ url: `${ADDRESS}?wantedCollections=x&compress=true`, wantedDids: ['y'] }).length,
    3,
  );
  assert.match(requestProblems({ url: 'nowhere' }).join(), /no address/);
  assert.equal(isFiltered({ url: `${ADDRESS}?wantedDids=did:plc:a` }), true);
  assert.equal(isFiltered({ url: ADDRESS, maxMessageSizeBytes: 1 }), false);
});
