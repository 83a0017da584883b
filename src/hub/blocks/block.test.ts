import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hubRow, someRows } from '../../../test/rig/hub-rows.ts';
import { BlockDamagedError, openBlock } from './decode.ts';
import { encodeBlock } from './encode.ts';
import { createMatcher } from './match.ts';
import { ByteReader, ByteWriter } from './varint.ts';

test('numbers come back as they were written, in any size', () => {
  const number = fc.oneof(
    fc.maxSafeNat(),
    fc.nat(300),
    fc.constantFrom(0x7fff_ffff, 0x8000_0000, 2 ** 53 - 1),
  );
  const signed = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
  fc.assert(
    fc.property(fc.array(fc.tuple(number, signed)), (values) => {
      const writer = new ByteWriter(1);
      for (const [value, difference] of values) {
        writer.number(value);
        writer.signed(difference);
      }
      const reader = new ByteReader(Buffer.from(writer.written()));
      for (const [value, difference] of values)
        assert.deepEqual([reader.number(), reader.signed()], [value, difference === 0 ? 0 : difference]);
      assert.throws(() => reader.number(), RangeError);
    }),
  );
});

test('rows come back as they were given, whatever they say', () => {
  fc.assert(
    fc.property(someRows, fc.boolean(), (rows, small) => {
      const block = openBlock(encodeBlock(rows, small));
      assert.equal(block.count, rows.length);
      assert.deepEqual(
        rows.map((_, row) => block.row(row)),
        rows,
      );
    }),
    { numRuns: 60 },
  );
});

test('no changed byte of a block is ever taken for data', () => {
  const rows = Array.from({ length: 40 }, (_, row) =>
    hubRow({ position: row + 1, message: `line ${row} of 40` }),
  );
  const bytes = encodeBlock(rows);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    let read: unknown;
    try {
      const block = openBlock(changed);
      read = rows.map((_, row) => block.row(row));
    } catch (error) {
      assert.ok(error instanceof BlockDamagedError, String(error));
      continue;
    }
    assert.deepEqual(read, rows, `byte ${at}`);
  }
  for (let length = 0; length < bytes.length; length += 7)
    assert.throws(() => openBlock(bytes.subarray(0, length)).row(39), BlockDamagedError);
});

test('a text is found whatever its signs mean elsewhere and whatever the case, and only within one message', () => {
  const messages = ['a+b (c) [d] $1.00', 'A+B', 'aab', 'x', 'y ÄÖ', 'ends in sta', 'rt of this', ''];
  const block = openBlock(
    encodeBlock(messages.map((message, row) => hubRow({ position: row + 1, message }))),
  );
  const found = (text: string): number[] => {
    const matcher = createMatcher({ text });
    assert.ok(matcher.ok);
    return matcher.value.candidates(block, -Infinity);
  };
  for (const text of ['a+b', '(C)', '[d]', '$1.00', '1.0', '^', '\\w', 'start', 'äö', 'x', ''])
    assert.deepEqual(
      found(text),
      messages.flatMap((message, row) => (message.toLowerCase().includes(text.toLowerCase()) ? [row] : [])),
      text,
    );
});
