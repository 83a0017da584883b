import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createEventStreamParser } from './event-stream.ts';

type Told = readonly [what: 'event' | 'id' | 'long' | 'retry', ...rest: (string | number | undefined)[]];

/** What a stream becomes that comes in these chunks. */
function read(chunks: readonly (string | Buffer)[], mostBytes = 1_000_000): Told[] {
  const told: Told[] = [];
  const parser = createEventStreamParser({
    mostBytes,
    onEvent: ({ data, type, id }) => told.push(['event', data.toString(), type, id]),
    onId: (id) => told.push(['id', id]),
    onLong: (beginning) => told.push(['long', beginning.toString()]),
    onRetry: (ms) => told.push(['retry', ms]),
  });
  for (const chunk of chunks) parser.push(Buffer.from(chunk));
  return told;
}

test('the examples of the standard are read as it says', () => {
  assert.deepEqual(read(['data: YHOO\ndata: +2\ndata: 10\n\n']), [['event', 'YHOO\n+2\n10', '', undefined]]);
  const blocks =
    ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n';
  assert.deepEqual(read([blocks]), [
    ['event', 'first event', '', '1'],
    ['event', 'second event', '', ''],
    ['event', ' third event', '', undefined],
  ]);
  assert.deepEqual(read(['data\n\ndata\ndata\n\ndata:']), [
    ['event', '', '', undefined],
    ['event', '\n', '', undefined],
  ]);
  assert.deepEqual(read(['data:test\n\ndata: test\n\n']), [
    ['event', 'test', '', undefined],
    ['event', 'test', '', undefined],
  ]);
});

test('an id with NUL is none, a retry is digits alone, and what nobody knows is stepped over', () => {
  assert.deepEqual(read(['id: a\0b\ndata: x\n\n']), [['event', 'x', '', undefined]]);
  assert.deepEqual(read(['id: a\nid: \0\ndata: x\n\n']), [['event', 'x', '', 'a']]);
  assert.deepEqual(read(['retry: 12\nretry: 1s\nretry:\nretry: -3\nretry: 7\n']), [
    ['retry', 12],
    ['retry', 7],
  ]);
  assert.deepEqual(read(['Data: x\ndatas: x\n data: x\nevent: e\nx\n\n']), []);
  assert.deepEqual(read(['id: 7\nevent: e\n\ndata: x\n\n']), [
    ['id', '7'],
    ['event', 'x', '', undefined],
  ]);
});

test('one byte order mark is stepped over, at the beginning alone', () => {
  assert.deepEqual(read(['\ufeffdata: x\n\n']), [['event', 'x', '', undefined]]);
  assert.deepEqual(read(['\ufeff\ufeffdata: x\n\ndata: \ufeffy\n\n']), [['event', '\ufeffy', '', undefined]]);
});

test('what the stream did not finish is no event', () => {
  assert.deepEqual(read(['data: x\nid: 1\n']), []);
  assert.deepEqual(read(['data: x\r']), []);
  assert.deepEqual(read(['data: x\r', '\r']), [['event', 'x', '', undefined]]);
  assert.deepEqual(read(['data: x\r', '\n', '\r']), [['event', 'x', '', undefined]]);
  assert.deepEqual(read(['data: x\r', '\ndata: y\r', '', '\n', '\r\n']), [['event', 'x\ny', '', undefined]]);
});

test('of a too long event its beginning is told at once, and its id at its end; the next one is as if it were not there', () => {
  const long = `event: e\nid: 4\ndata: a\ndata: ${'b'.repeat(200)}`;
  assert.deepEqual(read([long], 100), [['long', long]]);
  const rest = `${'b'.repeat(9_000)}\ndata: c\nid: 5\n\ndata: d\n\n`;
  assert.deepEqual(read([long, rest], 100).slice(1), [
    ['id', '5'],
    ['event', 'd', '', undefined],
  ]);
  const [[, told] = []] = read([`data: ${'x'.repeat(200_000)}`], 100_000);
  assert.equal(String(told).length, 65_536);
  // Comments are no part of it, however long.
  assert.deepEqual(read([`:${'c'.repeat(500)}`, 'c'.repeat(500), '\ndata: x\n\n'], 100), [
    ['event', 'x', '', undefined],
  ]);
});

/** The standard's own words, of a whole stream at once. */
function expected(bytes: Buffer, mostBytes: number): Told[] {
  const told: Told[] = [];
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  const ends = [...text.matchAll(/\r\n|\n|\r/g)];
  const cuts = [0, ...ends.map((match) => match.index + match[0].length)];
  let [data, type, id, size, long]: [string[], string, string | undefined, number, boolean] = [
    [],
    '',
    undefined,
    0,
    false,
  ];
  for (const [i, start] of cuts.entries()) {
    const finished = i < ends.length;
    const line = text.slice(start, ends[i]?.index);
    if (finished && line === '') {
      if (data.length > 0 && !long) told.push(['event', data.join('\n'), type, id]);
      else if (id !== undefined) told.push(['id', id]);
      [data, type, id, size, long] = [[], '', undefined, 0, false];
      continue;
    }
    if (line.startsWith(':')) continue;
    const [name = '', value = ''] = /^([^:]*):? ?([^]*)$/.exec(line)?.slice(1) ?? [];
    if (!long && line !== '' && size + Buffer.byteLength(line) > mostBytes) {
      long = true;
      told.push(['long']);
    }
    if (!finished) continue;
    if (['data', 'event', 'id'].includes(name)) size += Buffer.byteLength(line) + 1;
    if (name === 'data') data.push(value);
    else if (name === 'event') type = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) told.push(['retry', Number(value)]);
  }
  return told;
}

test('however a stream is cut into chunks, its events are those that the standard says', () => {
  const piece = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\r\n\r\n', 'data: ', 'data', 'data: line\n'),
    },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        'id: ',
        'id',
        'id: 7\n',
        'event: ',
        ':',
        ' ',
        'retry: 12',
        '\0',
        '\ufeff',
        'ä',
        '😀',
      ),
    },
    fc.constant('x'.repeat(30)),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  );
  const stream = fc.array(piece, { maxLength: 40 }).map((pieces) => Buffer.from(pieces.join('')));
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 30 }), (bytes, cuts) => {
      const at = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
      const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      const told = read(chunks, 40).map((each): Told => (each[0] === 'long' ? ['long'] : each));
      assert.deepEqual(told, expected(bytes, 40));
    }),
    { numRuns: 2000 },
  );
});
