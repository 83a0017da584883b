import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPieceEncoder } from './piece-bytes.ts';

test('pieces are encoded as they would be in one string, batch after batch', () => {
  const batches = fc.array(fc.array(fc.string({ unit: 'binary' })));
  fc.assert(
    fc.property(batches, (all) => {
      const encode = createPieceEncoder();
      for (const pieces of all) assert.deepEqual(encode(pieces), Buffer.from(pieces.join('')));
    }),
  );
});

test('a batch of many megabytes is encoded whole, and so is the next', () => {
  const encode = createPieceEncoder();
  const large = Array.from({ length: 9 }, () => '🐦é'.repeat(300_000));
  assert.deepEqual(encode(large), Buffer.from(large.join('')));
  assert.equal(encode(['a', 'ß']).toString(), 'aß');
});

test('two encoders share no bytes', () => {
  const [one, other] = [createPieceEncoder(), createPieceEncoder()];
  const bytes = one(['first']);
  other(['other']);
  assert.equal(bytes.toString(), 'first');
});
