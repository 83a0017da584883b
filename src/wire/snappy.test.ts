import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSnappy, encodeSnappy } from './snappy.ts';

const MIB = 1_048_576;

test('unpacks the blocks of the format description: literals, copies of one, two and four bytes, copies into themselves', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['00', ''],
    ['03 08 61 62 63', 'abc'],
    ['07 04 61 62 05 02', 'abababa'],
    ['08 04 61 62 16 02 00', 'abababab'],
    ['08 04 61 62 17 02 00 00 00', 'abababab'],
    ['03 f0 02 61 62 63', 'abc'],
  ];
  for (const [bytes, text] of cases) {
    const unpacked = decodeSnappy(Buffer.from(bytes.replaceAll(' ', ''), 'hex'), MIB);
    assert.ok(unpacked.ok, unpacked.ok ? '' : `${bytes}: ${unpacked.error}`);
    assert.equal(unpacked.value.toString(), text, bytes);
  }
});

test('what is packed is unpacked as it was, and text that repeats gets smaller', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 5000 }),
    fc
      .array(fc.constantFrom('level=info ', 'GET /', 'a', '\n'), { maxLength: 2000 })
      .map((all) => Buffer.from(all.join(''))),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      assert.deepEqual(decodeSnappy(encodeSnappy(given), MIB), { ok: true, value: Buffer.from(given) });
    }),
    { numRuns: 300 },
  );
  const lines = Buffer.from('time=2026-11-22 level=info msg="a line of a log"\n'.repeat(5000));
  const packed = encodeSnappy(lines);
  assert.ok(packed.length < lines.length / 10, `${packed.length} of ${lines.length}`);
  assert.deepEqual(decodeSnappy(packed, MIB), { ok: true, value: lines });
});

test('a block that claims too much, is cut, or copies from nowhere is refused', () => {
  const problems: readonly (readonly [string, string])[] = [
    ['', 'it does not begin with a length'],
    ['ff ff ff ff 0f 00', `it is over ${MIB} bytes`],
    ['80 80 40 00', 'it is shorter than it says'],
    ['03 08 61 62', 'it goes on beyond its end'],
    ['02 08 61 62 63', 'it goes on beyond its end'],
    ['08 04 61 62 16 03 00', 'it copies from before its beginning'],
    ['08 04 61 62 16 00 00', 'it copies from before its beginning'],
    ['04 08 61 62 63', 'it is shorter than it says'],
  ];
  for (const [bytes, error] of problems)
    assert.deepEqual(
      decodeSnappy(Buffer.from(bytes.replaceAll(' ', ''), 'hex'), MIB),
      { ok: false, error },
      bytes,
    );
});

test('whatever comes is unpacked or refused', () => {
  const packed = encodeSnappy(Buffer.from('abcabcabcabc line line line '.repeat(20)));
  const mutated = fc
    .array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const copy = Buffer.from(packed);
      for (const [at, byte] of changes) copy[at] = byte;
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      const unpacked = decodeSnappy(bytes, MIB);
      assert.ok(!unpacked.ok || unpacked.value.length <= MIB);
    }),
    { numRuns: 2000 },
  );
});
