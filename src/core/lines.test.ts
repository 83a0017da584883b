import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { createLineSplitter } from './lines.ts';

interface Line {
  readonly text: string;
  readonly cut: boolean;
}

/** The lines of chunks, as latin1 so that every byte is told apart. */
function linesOf(chunks: readonly Buffer[], maxBytes: number, encoding: BufferEncoding = 'latin1'): Line[] {
  const lines: Line[] = [];
  const splitter = createLineSplitter({
    maxBytes,
    onLine: (line, cut) => lines.push({ text: line.toString(encoding), cut }),
  });
  for (const chunk of chunks) {
    const lent = Buffer.from(chunk);
    splitter.push(lent);
    lent.fill(0); // a chunk may be used again
  }
  splitter.flush();
  return lines;
}

const whole = (text: string): Line => ({ text, cut: false });
const piece = (text: string): Line => ({ text, cut: true });

test('lines end with \\n or \\r\\n, the last one with the stream', () => {
  assert.deepEqual(
    linesOf([Buffer.from('a\nb\r\n\n\r\nc\rd\r\r\nlast')], 100),
    ['a', 'b', '', '', 'c\rd\r', 'last'].map(whole),
  );
  assert.deepEqual(linesOf([Buffer.from('a\n')], 100), [whole('a')]);
  assert.deepEqual(linesOf([], 100), []);
});

test('a line as long as allowed is whole, one byte more comes in pieces', () => {
  assert.deepEqual(linesOf([Buffer.from('abcd\nabcd\r\nabcde\nx\n')], 4), [
    whole('abcd'),
    whole('abcd'),
    piece('abcd'),
    piece('e'),
    whole('x'),
  ]);
  assert.deepEqual(linesOf([Buffer.from('abcdabcdab')], 4), [piece('abcd'), piece('abcd'), piece('ab')]);
});

test('a line end that is cut in two makes no line too long', () => {
  const chunks = ['abcd\r', '\n', 'abcd', '\r', '\nx'].map((text) => Buffer.from(text));
  assert.deepEqual(linesOf(chunks, 4), [whole('abcd'), whole('abcd'), whole('x')]);
});

test('a character of several bytes is not cut', () => {
  assert.deepEqual(linesOf([Buffer.from('aä€😀\n')], 4, 'utf8'), ['aä', '€', '😀'].map(piece));
});

test('bytes that are no UTF-8 are cut at the limit', () => {
  assert.deepEqual(
    linesOf([Buffer.alloc(9, 0x80)], 4).map((line) => line.text.length),
    [4, 4, 1],
  );
});

/** What the lines must be, written without chunks. */
function expected(bytes: Buffer, maxBytes: number): Line[] {
  const text = bytes.toString('latin1');
  const parts = text.split('\n');
  const last = parts.pop() ?? '';
  const lines = parts.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (last !== '') lines.push(last);
  return lines.flatMap((line) => {
    if (line.length <= maxBytes) return [whole(line)];
    const pieces: Line[] = [];
    for (let rest = line; rest !== ''; ) {
      let at = Math.min(maxBytes, rest.length);
      if (rest.length > maxBytes) {
        const isInside = (n: number): boolean => n > 0 && (rest.charCodeAt(n) & 0xc0) === 0x80;
        while (at > maxBytes - 3 && isInside(at)) at--;
        if (at === 0 || isInside(at)) at = maxBytes;
      }
      pieces.push(piece(rest.slice(0, at)));
      rest = rest.slice(at);
    }
    return pieces;
  });
}

test('any cut into chunks gives the same lines, and no byte is lost', () => {
  const byte = fc.constantFrom(0x0a, 0x0d, 0x61, 0x62, 0xc3, 0xa4, 0xf0, 0x9f, 0x98, 0x80);
  const stretch = fc.oneof(
    fc.array(byte, { maxLength: 30 }),
    fc.array(byte, { maxLength: 900, minLength: 300 }).map((b) => b.filter((x) => x !== 0x0a)),
  );
  fc.assert(
    fc.property(
      fc.array(stretch, { maxLength: 12 }),
      fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 200, max: 600 })),
      (stretches, maxBytes) => {
        const bytes = Buffer.from(stretches.flat());
        const lines = expected(bytes, maxBytes);
        assert.deepEqual(linesOf([bytes], maxBytes), lines);
        assert.deepEqual(
          linesOf(
            stretches.map((b) => Buffer.from(b)),
            maxBytes,
          ),
          lines,
        );
        assert.deepEqual(
          linesOf(
            [...bytes].map((b) => Buffer.from([b])),
            maxBytes,
          ),
          lines,
        );
      },
    ),
  );
});

test('a line that was handed over stays as it was', () => {
  const kept: Buffer[] = [];
  const splitter = createLineSplitter({ maxBytes: 100, onLine: (line) => kept.push(line) });
  for (const chunk of ['fir', 'st\nsec', 'ond\nthi', 'rd\n']) splitter.push(Buffer.from(chunk));
  assert.deepEqual(kept.map(String), ['first', 'second', 'third']);
});

test('a limit that is no number of bytes is a bug', () => {
  for (const maxBytes of [0, -1, 1.5, Number.NaN])
    assert.throws(() => createLineSplitter({ maxBytes, onLine: () => {} }), RangeError);
});
