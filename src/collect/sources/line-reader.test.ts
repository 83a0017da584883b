import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { createLineSink, type LineSink } from '../../../test/rig/line-sink.ts';
import { createLineReader, type LineOptions } from './line-reader.ts';

function open(more: Partial<LineOptions> = {}, sink = createLineSink()) {
  const reader = createLineReader({ random: () => 0, ...more }, createFakeClock(), sink, (message) =>
    sink.take(message),
  );
  return { reader, sink };
}

/** What a stream becomes that comes in these chunks. */
function read(chunks: readonly (string | Buffer)[], more: Partial<LineOptions> = {}): LineSink {
  const { reader, sink } = open(more);
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  reader.flush();
  return sink;
}

test('lines are numbered on from the position, at whatever line end, empty ones too', () => {
  const { reader } = open();
  reader.push(Buffer.from(''));
  const begun = read(['one\r\n\ntwo\n']);
  assert.deepEqual(
    begun.lines.map(({ seq, kind, line }) => [seq, kind, line]),
    [
      [1, 'line', 'one'],
      [2, 'line', ''],
      [3, 'line', 'two'],
    ],
  );
  const { reader: later, sink } = open({}, createLineSink(41));
  later.push(Buffer.from('x\n'));
  assert.equal(sink.lines[0]?.seq, 42);
});

test('a JSON object stays the text that it is; all else is text', () => {
  const text = ' {"z":12345678901234567890,"a":1e400,"a":"\\ud800\\u0000"} ';
  const { messages, lines } = read([`${text}\n{"a":}\n[1]\n1\n"x"\nnull\n{"a":1} {"b":2}\n\ufeff{"a":1}\n`]);
  const [first] = messages;
  assert.ok(first?.kind === 'event');
  assert.equal(first.event.kind, 'json');
  assert.equal(
    `${first.event.lines[0]?.head}R${first.event.lines[0]?.tail}`,
    `{"seq":1,"time":"2026-11-22T00:00:00.000Z","received":"R","kind":"json","data":${text}}\n`,
  );
  assert.deepEqual(
    lines.slice(1).map(({ kind, line }) => [kind, line]),
    ['{"a":}', '[1]', '1', '"x"', 'null', '{"a":1} {"b":2}', '\ufeff{"a":1}'].map((line) => ['line', line]),
  );
});

test('a JSON line has its own time where the config says where, else the time of receipt', () => {
  const { lines, messages } = read(['{"at":{"t":1783166400}}\n{"at":1}\ntext\n'], { timePath: ['at', 't'] });
  const received = '2026-11-22T00:00:00.000Z';
  assert.deepEqual(
    lines.map(({ time }) => time),
    ['2026-07-04T12:00:00.000Z', received, received],
  );
  assert.deepEqual(
    messages.map((message) => message.kind === 'event' && message.event.time),
    [1_783_166_400_000, Date.parse(received), Date.parse(received)],
  );
});

test('bytes that are no UTF-8 are replaced, and kept beside it', () => {
  const bytes = Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]);
  const { lines } = read([bytes, '\n']);
  assert.deepEqual(
    { ...lines[0], time: '', received: '' },
    { seq: 1, time: '', received: '', kind: 'line', line: '{"\ufffd":1}', base64: bytes.toString('base64') },
  );
});

test('a line that the stream did not finish is kept and says so; as JSON it is whole', () => {
  assert.equal(read(['a\nhal']).lines[1]?.partial, true);
  const json = read(['{"a":1}']).lines[0];
  assert.deepEqual([json?.kind, json?.partial], ['json', undefined]);
  const { reader, sink } = open();
  reader.push(Buffer.from('a message'));
  reader.endLine();
  assert.equal(sink.lines[0]?.partial, undefined);
});

test('a line over the limit is told once, at once, with its beginning; what follows is as if it were not there', () => {
  const { reader, sink } = open({ mostLineBytes: 100_000 });
  const long = Buffer.alloc(250_000, 'x');
  reader.push(long);
  assert.equal(sink.of('bad').length, 1);
  reader.push(Buffer.concat([long, Buffer.from('\n'), long, Buffer.from('\nshort\n')]));
  assert.deepEqual(sink.told(), ['bad', 'bad', 'short']);
  assert.deepEqual(
    sink.of('bad').map(({ raw }) => raw.length),
    [65_536, 65_536],
  );
  assert.equal(sink.lines[0]?.seq, 1);
});

test('however a stream is cut into chunks, its lines are the same: those between the newlines', () => {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('\n', '\r\n', '\r', 'ä', '😀', '{"a":1}\n', 'x'.repeat(30)) },
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  );
  const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join('')));
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 30 }), (bytes, cuts) => {
      const at = [...cuts.map((cut) => Math.min(cut, bytes.length)), 0, bytes.length].sort((a, b) => a - b);
      const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      const limit = 40;
      const sink = read(chunks, { mostLineBytes: limit });
      const expected = bytes
        .toString()
        .split('\n')
        .map((line, i, all) => (i < all.length - 1 ? line.replace(/\r$/, '') : line));
      if (expected.at(-1) === '') expected.pop();
      assert.deepEqual(
        sink.told(),
        expected.map((line) =>
          Buffer.byteLength(line) > limit ? 'bad' : line.replace(/^\r*(\{"a":1\})\r*$/, '$1'),
        ),
      );
      assert.deepEqual(
        sink.lines.map(({ seq }) => seq),
        sink.lines.map((_, i) => i + 1),
      );
    }),
    { numRuns: 500 },
  );
});
