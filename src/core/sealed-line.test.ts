import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openLine, readSealedLines, sealLine } from './sealed-line.ts';

const objects = fc
  .dictionary(fc.string({ minLength: 1 }), fc.jsonValue(), { minKeys: 1 })
  .filter((o) => !('__proto__' in o));

test('a sealed line opens to what was sealed, and to nothing once a byte of it changed', () => {
  fc.assert(
    fc.property(objects, fc.nat(), fc.integer({ min: 1, max: 127 }), (value, where, flip) => {
      const line = sealLine(value).slice(0, -1);
      assert.deepEqual(openLine(line), JSON.parse(JSON.stringify(value)));
      const bytes = Buffer.from(line);
      const at = where % bytes.length;
      bytes[at] = (bytes[at] as number) ^ flip;
      assert.equal(openLine(bytes.toString('utf8')), undefined);
    }),
  );
});

test('a file cut anywhere still gives every line that was whole, and where they end', () => {
  fc.assert(
    fc.property(fc.array(objects, { maxLength: 6 }), fc.nat(), (values, cut) => {
      const lines = values.map((value) => Buffer.from(sealLine(value)));
      const content = Buffer.concat(lines);
      const kept = content.subarray(0, content.length === 0 ? 0 : cut % (content.length + 1));
      let whole = 0;
      let count = 0;
      for (const line of lines) {
        if (whole + line.length > kept.length) break;
        whole += line.length;
        count += 1;
      }
      const read = readSealedLines(kept);
      assert.equal(read.values.length, count);
      assert.equal(read.wholeBytes, whole);
      assert.deepEqual(read.damaged, []);
    }),
  );
});

test('damage before the end is told from a torn end', () => {
  const [a, b, c] = [sealLine({ n: 1 }), sealLine({ n: 2 }), sealLine({ n: 3 })];
  const broken = b.replace('2', '7');
  assert.deepEqual(readSealedLines(Buffer.from(a + broken + c)).damaged, [2]);
  assert.deepEqual(readSealedLines(Buffer.from(a + broken)).damaged, []);
});
