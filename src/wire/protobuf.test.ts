import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtoWriter, readProtobuf } from './protobuf.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('writes what protoc writes for the examples of the specification', () => {
  // protobuf.dev/programming-guides/encoding: 150 in field 1, "testing" in field 2, a message with 150 in field 3, -2 as an int32.
  assert.deepEqual(new ProtoWriter().varint(1, 150).finish(), hex('08 96 01'));
  assert.deepEqual(new ProtoWriter().text(2, 'testing').finish(), hex('12 07 74 65 73 74 69 6e 67'));
  assert.deepEqual(
    new ProtoWriter().message(3, (inner) => inner.varint(1, 150)).finish(),
    hex('1a 03 08 96 01'),
  );
  assert.deepEqual(new ProtoWriter().varint(1, -2).finish(), hex('08 fe ff ff ff ff ff ff ff ff 01'));
});

test('numbers of every size, texts and bytes are read as they were written', () => {
  const one = fc.record({
    whole: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fixed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    double: fc.double({ noNaN: true }),
    text: fc.string({ unit: 'grapheme' }),
  });
  fc.assert(
    fc.property(one, ({ whole, fixed, double, text }) => {
      const written = new ProtoWriter()
        .varint(1, whole)
        .fixed64(20, fixed)
        .double(300, double)
        .text(4, text)
        .finish();
      const read = readProtobuf(written, (message) => {
        const got: unknown[] = [];
        for (let field = message.next(); field !== 0; field = message.next())
          if (field === 1) got.push(message.int64());
          else if (field === 20) got.push(message.fixed64());
          else if (field === 300) got.push(message.double());
          else got.push(message.text());
        return got;
      });
      assert.deepEqual(read, { ok: true, value: [whole, fixed, double, text] });
    }),
    { numRuns: 200 },
  );
});

test('fields that nobody knows are skipped, whatever their type', () => {
  const written = hex('08 96 01  15 01 02 03 04  19 01 02 03 04 05 06 07 08  22 01 61  2a 01 62');
  const read = readProtobuf(written, (message) => {
    let text = '';
    for (let field = message.next(); field !== 0; field = message.next())
      if (field === 5) text = message.text();
      else message.skip();
    return text;
  });
  assert.deepEqual(read, { ok: true, value: 'b' });
});

test('what is cut, too long or of another type is told', () => {
  const textOf = (bytes: Buffer) =>
    readProtobuf(bytes, (message) => {
      while (message.next() !== 0) message.text();
    });
  const problems: readonly (readonly [string, string])[] = [
    ['12 07 74', 'it ends within a field'],
    ['12 ff ff ff ff ff ff ff ff ff 01', 'it ends within a field'],
    ['12 80', 'it ends within a number'],
    ['12 80 80 80 80 80 80 80 80 80 80 01', 'it has a number that does not end'],
    ['08 01', 'it has a field of another type than it should be'],
    ['02 01 61', 'it has a field with an impossible number'],
    ['13', 'it has a field of another type than it should be'],
  ];
  for (const [bytes, error] of problems) assert.deepEqual(textOf(hex(bytes)), { ok: false, error }, bytes);
});
