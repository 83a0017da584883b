import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLineBytes, piecesOf, type LineBytes, type Stretch } from './line-bytes.ts';
import { anyText } from '../../test/rig/any-text.ts';

function encode(bytes: LineBytes, lines: readonly { head: string; tail: string }[]): Stretch {
  const place = { chunk: Buffer.alloc(0), start: 0, end: 0 };
  bytes.encode(lines, 'NOW', place);
  return place;
}

function joined(stretches: readonly Stretch[]): Buffer {
  return Buffer.concat(piecesOf(stretches));
}

const text = anyText();
const lines = fc.array(fc.record({ head: text, tail: text }), { maxLength: 5 });

test('lines are encoded as they would be in one string, and stay so until the batch after the next is taken', () => {
  const batches = fc.array(fc.array(lines), { maxLength: 6 });
  fc.assert(
    fc.property(batches, (all) => {
      const bytes = createLineBytes();
      let before: readonly [Stretch, string][] = [];
      for (const events of all) {
        const batch = events.map((event): [Stretch, string] => [
          encode(bytes, event),
          event.map(({ head, tail }) => `${head}NOW${tail}`).join(''),
        ]);
        for (const [found, wanted] of [...before, ...batch])
          assert.deepEqual(joined([found]), Buffer.from(wanted));
        bytes.swap();
        before = batch;
      }
    }),
  );
});

test('what lies side by side is one piece; a batch of many megabytes comes whole too; many pieces are copied together', () => {
  const bytes = createLineBytes();
  const few = Array.from({ length: 1_000 }, (_, i) => encode(bytes, [{ head: `${i} é`, tail: '🐦\n' }]));
  assert.equal(piecesOf(few).length, 1);
  const large = Array.from({ length: 9 }, (_, i) =>
    encode(bytes, [{ head: `${i}`, tail: '🐦é'.repeat(300_000) }]),
  );
  assert.equal(piecesOf([...few, ...large]).length, 10);
  const all = [...few, ...large];
  const whole = all.map(({ chunk, start, end }) => chunk.toString('utf8', start, end)).join('');
  assert.equal(joined(all).toString(), whole);
  const [even, odd] = [0, 1].map((rest) => few.filter((_, i) => i % 2 === rest));
  assert.equal(piecesOf(even ?? []).length, 1);
  assert.equal(joined(odd ?? []).toString(), (odd ?? []).map((one) => String(joined([one]))).join(''));
  assert.deepEqual(piecesOf([]), []);
});

test('the memory of a batch is used again, and that of an enormous one is let go', () => {
  const bytes = createLineBytes();
  const seen = new Set<Buffer>();
  for (let batch = 0; batch < 20; batch += 1) {
    seen.add(encode(bytes, [{ head: 'a', tail: 'b' }]).chunk);
    bytes.swap();
  }
  assert.ok(seen.size <= 2, `${seen.size} chunks`);
  const enormous = encode(bytes, [{ head: 'a', tail: 'b'.repeat(3_000_000) }]).chunk;
  for (let batch = 0; batch < 20; batch += 1) {
    bytes.swap();
    assert.notEqual(encode(bytes, [{ head: 'a', tail: 'b' }]).chunk, enormous);
  }
});
