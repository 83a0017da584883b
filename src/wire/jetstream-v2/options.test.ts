import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFiltering, readFilter } from './options.ts';

function read(query: string) {
  return readFilter(new URLSearchParams(query));
}

test('a filter is three lists and a size, all of which may be left out', () => {
  assert.deepEqual(read('cursor=1&zstdDictionary=2&other=3'), {
    ok: true,
    value: { kinds: [], dids: [], collections: [], maxMessageSizeBytes: 0 },
  });
  const filter = read(
    'kinds=commit&kinds=sync&dids=did:plc:a&collections=app.bsky.*&collections=a.b.c&maxMessageSizeBytes=9',
  );
  assert.deepEqual(filter, {
    ok: true,
    value: {
      kinds: ['commit', 'sync'],
      dids: ['did:plc:a'],
      collections: ['app.bsky.*', 'a.b.c'],
      maxMessageSizeBytes: 9,
    },
  });
  assert.ok(filter.ok && isFiltering(filter.value));
  const empty = read('maxMessageSizeBytes=0');
  assert.ok(empty.ok && !isFiltering(empty.value));
});

test('what a server would refuse is said, in words that help', () => {
  for (const [query, problem] of [
    ['wantedCollections=a.b.c', /version 1\): version 2 says collections$/],
    ['wantedDids=did:plc:a', /says dids$/],
    ['requireHello=true', /takes no messages/],
    ['compress=true', /says zstdDictionary$/],
    ['kinds=post', /the kind "post": write commit, identity, account, sync$/],
    [Array.from({ length: 5 }, () => 'kinds=sync').join('&'), /5 kinds/],
    ['kinds=sync&collections=a.b.c', /leave commits out$/],
    ['maxMessageSizeBytes=', /maxMessageSizeBytes=:/],
    ['maxMessageSizeBytes=1&maxMessageSizeBytes=2', /=1,2:/],
    ['maxMessageSizeBytes=4294967296', /4294967296/],
    ['collections=not_an_nsid.*', /collection "not_an_nsid/],
    ['dids=alice', /DID "alice"/],
  ] as const) {
    const filter = read(query);
    assert.ok(!filter.ok, query);
    assert.match(filter.error, problem);
    assert.ok(filter.error.startsWith('cannot '));
  }
});
