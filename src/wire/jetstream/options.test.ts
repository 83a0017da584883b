import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeUpdate, encodeUpdate, optionProblems, readQuery, writeQuery } from './options.ts';

const OPTIONS = {
  wantedCollections: ['app.bsky.feed.post', 'com.*'],
  wantedDids: ['did:web:a.example'],
  maxMessageSizeBytes: 9,
};

test('options come back from an address and from a message', () => {
  const query = new URLSearchParams('wantedDids=did:plc:old&maxMessageSizeBytes=1&other=1');
  writeQuery(query, OPTIONS);
  assert.deepEqual(readQuery(query), OPTIONS);
  assert.equal(query.get('other'), '1');
  assert.deepEqual(decodeUpdate(encodeUpdate(OPTIONS)), { ok: true, value: OPTIONS });
  assert.deepEqual(decodeUpdate('{"type":"other"}'), { ok: true, value: undefined });
});

test('a size that is no number counts as none', () => {
  for (const size of ['', '-1', 'x', '1.5', '4294967296'])
    assert.equal(readQuery(new URLSearchParams({ maxMessageSizeBytes: size })).maxMessageSizeBytes, 0, size);
});

test('what servers refuse is told with its name; what comes twice counts once', () => {
  const collections = Array.from({ length: 101 }, (_, i) => `com.example.c${i}`);
  const problems = (change: object): string[] => optionProblems({ ...OPTIONS, ...change });
  assert.deepEqual(problems({}), []);
  assert.match(problems({ wantedCollections: ['app.bsky.fo*'] }).join(), /"app\.bsky\.fo\*"/);
  assert.match(problems({ wantedCollections: ['post'] }).join(), /"post"/);
  assert.match(problems({ wantedDids: ['alice.example'] }).join(), /"alice\.example"/);
  assert.match(problems({ wantedCollections: collections }).join(), /101 collections: servers take 100/);
  assert.deepEqual(problems({ wantedCollections: [...collections.slice(1), ...collections.slice(1)] }), []);
  const dids = Array.from({ length: 10_001 }, (_, i) => `did:plc:a${i}`);
  assert.match(problems({ wantedDids: dids }).join(), /10001 DIDs: servers take 10000/);
});
