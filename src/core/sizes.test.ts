import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { approximateSize, formatSize, parseSize, parseSizeRange } from './sizes.ts';

const MIB = 1024 ** 2;

test('sizes are read as people write them, all of them binary', () => {
  for (const [text, bytes] of [
    ['0B', 0],
    ['512B', 512],
    ['1K', 1024],
    ['400M', 400 * MIB],
    ['400MB', 400 * MIB],
    ['400 MiB', 400 * MIB],
    ['400m', 400 * MIB],
    ['1.5G', 1536 * MIB],
    ['2T', 2 * 1024 ** 4],
  ] as const) {
    assert.deepEqual(parseSize(text), { ok: true, value: bytes }, text);
  }
});

test('what is no size is refused with a reason', () => {
  for (const [text, error] of [
    ['512', 'cannot read 512 as a size: give a unit, e.g. 512M'],
    ['-1M', 'cannot read -1M as a size: it must not be negative'],
    ['big', 'cannot read big as a size: write a size such as 512K, 400M or 2G'],
    ['1Mbit', 'cannot read 1Mbit as a size: unknown unit Mbit, write a size such as 512K, 400M or 2G'],
    ['9000T', 'cannot read 9000T as a size: it is over 8191T'],
    ['0.5B', 'cannot read 0.5B as a size: it is below 1B'],
  ] as const) {
    assert.deepEqual(parseSize(text), { ok: false, error }, text);
  }
});

test('a written size reads back as the same', () => {
  const size = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(5000).map((n) => n * MIB),
  );
  fc.assert(
    fc.property(size, (bytes) => assert.deepEqual(parseSize(formatSize(bytes)), { ok: true, value: bytes })),
  );
  assert.deepEqual([0, 1537, 512 * MIB, 1024 ** 4].map(formatSize), ['0B', '1537B', '512M', '1T']);
});

test('an approximate size has two digits or more and the unit that fits', () => {
  const sizes = [0, 340, 1023, 1024, 1.44 * MIB, 9.96 * MIB, 512 * MIB + 3, 1024 * MIB - 1, -2048];
  assert.deepEqual(sizes.map(approximateSize), [
    '0B',
    '340B',
    '1023B',
    '1K',
    '1.4M',
    '10M',
    '512M',
    '1G',
    '-2K',
  ]);
});

test('a range is two sizes or one', () => {
  assert.deepEqual(parseSizeRange('400M..512M'), { ok: true, value: { min: 400 * MIB, max: 512 * MIB } });
  assert.deepEqual(parseSizeRange('1G'), { ok: true, value: { min: 1024 * MIB, max: 1024 * MIB } });
  assert.equal(parseSizeRange('2G..1G').ok, false);
});
