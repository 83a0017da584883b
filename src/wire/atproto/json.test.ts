import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '@atcute/cbor';
import fc from 'fast-check';
import { cidToText, recordToJson } from './json.ts';
import { anyText } from '../../../test/rig/any-text.ts';

function json(hex: string): string {
  const result = recordToJson(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  return result.ok ? result.value : result.error;
}

const link = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((digest) => ({ $link: cidToText(Uint8Array.of(1, 0x71, 0x12, 32, ...digest)) }));
const bytes = fc
  .uint8Array({ maxLength: 50 })
  .map((content) => ({ $bytes: Buffer.from(content).toString('base64').replaceAll('=', '') }));
const text = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '\n', '\u0001', '\u007f', 'ä', '\u2028', '\ufeff', '空', '🌲'),
});
const { record } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    text,
    anyText().filter((any) => any.isWellFormed()),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -9e15, max: 9e15 }),
    fc.boolean(),
    fc.constant(null),
    link,
    bytes,
    fc.array(tie('value'), { maxLength: 6 }),
    tie('record'),
  ),
  // Keys as in records; a single `$link` or `$bytes` would be taken for what it stands for.
  record: fc.dictionary(
    text.filter((key) => !/^\d+$/.test(key)),
    tie('value'),
    { maxKeys: 8, noNullPrototype: true },
  ),
}));

test('any record gives the same JSON as decoding it and JSON.stringify', () => {
  fc.assert(
    fc.property(record, (value) => {
      const block = encode(value);
      const result = recordToJson(block);
      assert.ok(result.ok, result.ok ? '' : result.error);
      assert.equal(
        result.value.replaceAll(/-0(?![.\d])/g, '0'),
        JSON.stringify(decode(block)).replaceAll(/-0(?![.\d])/g, '0'),
      );
    }),
    { numRuns: 2000 },
  );
});

test('any bytes that are read are what the strict decoder reads too', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), (tail) => {
      const block = Uint8Array.of(0xa1, 0x61, 0x61, ...tail);
      const result = recordToJson(block);
      let expected: unknown;
      try {
        expected = decode(block);
      } catch {
        return; // it refuses more: 64-bit integers
      }
      assert.ok(result.ok);
      assert.deepEqual(JSON.parse(result.value), JSON.parse(JSON.stringify(expected)));
    }),
    { numRuns: 5000 },
  );
});

test('integers keep all their digits', () => {
  assert.equal(json('a1 61 61 1b ffffffffffffffff'), '{"a":18446744073709551615}');
  assert.equal(json('a1 61 61 3b ffffffffffffffff'), '{"a":-18446744073709551616}');
  assert.equal(json('a1 61 61 1b 0020000000000001'), '{"a":9007199254740993}');
  assert.equal(json('a1 61 61 3b 001fffffffffffff'), '{"a":-9007199254740992}');
  assert.equal(json('a1 61 61 3b 001ffffffffffffe'), '{"a":-9007199254740991}');
});

test('keys stay in the order of the block, whatever they are called', () => {
  const block = encode(JSON.parse('{"2":1,"1":2,"__proto__":{"x":1},"toString":3}'));
  const result = recordToJson(block);
  assert.deepEqual(result, { ok: true, value: '{"1":2,"2":1,"toString":3,"__proto__":{"x":1}}' });
  assert.equal(({} as { x?: unknown }).x, undefined);
});

test('what is not canonical DAG-CBOR is refused, with the reason', () => {
  const cases: [string, RegExp][] = [
    ['80', /not a map/],
    ['a0 00', /1 bytes behind its end/],
    ['a2 61 62 01 61 61 01', /wrong order/],
    ['a2 61 61 01 61 61 02', /one twice/],
    ['a1 01 01', /not text/],
    ['a1 61 61 18 01', /shortest form/],
    ['bf ff', /length/],
    ['a1 61 61 7f ff', /length/],
    ['a1 61 61 f7', /simple value 23/],
    ['a1 61 61 f9 3c00', /simple value 25/],
    ['a1 61 61 fb 7ff8000000000000', /NaN/],
    ['a1 61 61 fb 7ff0000000000000', /Infinity/],
    ['a1 61 61 c0 00', /tag 0/],
    ['a1 61 61 d8 2a 45 01 01 71 12 20', /no CIDv1/],
    ['a1 61 61 d8 2a 61 61', /not bytes/],
    ['a1 61 61', /ends too early/],
    ['a1 61 61 62 c3', /ends too early/],
  ];
  for (const [hex, reason] of cases) assert.match(json(hex), reason, hex);
});

test('text that is not UTF-8 is refused', () => {
  const sequences = [
    '80',
    'c3',
    'c0af',
    'c1bf',
    'e09f80',
    'eda080',
    'edbfbf',
    'f08f8080',
    'f4908080',
    'f5808080',
    'ff',
    'e28228',
    'f09f8c',
  ];
  for (const bad of sequences) {
    const length = (0x60 + bad.length / 2).toString(16);
    assert.match(json(`a1 61 61 ${length} ${bad}`), /not UTF-8/, bad);
  }
  assert.equal(json('a1 61 61 64 f48fbfbf'), '{"a":"\u{10ffff}"}');
});

test('nesting is bounded, and what is within the bound is read', () => {
  const nested = (levels: number): string => `a1 61 61 ${'81'.repeat(levels)} 00`;
  assert.equal(json(nested(100)), `{"a":${'['.repeat(100)}0${']'.repeat(100)}}`);
  assert.match(json(nested(100_000)), /nested deeper than 128/);
});

test('a record larger than the buffer is written whole', () => {
  const long = '\u0001ä'.repeat(400_000);
  const result = recordToJson(encode({ long }));
  assert.ok(result.ok);
  assert.equal((JSON.parse(result.value) as { long: string }).long, long);
});
