import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLabels, parseLabels } from './labels.ts';
import {
  decodeLokiJson,
  decodeLokiProtobuf,
  encodeLokiJson,
  encodeLokiProtobuf,
  type LokiStream,
} from './push.ts';
import { anyText } from '../../../test/rig/any-text.ts';

const STREAMS: readonly LokiStream[] = [
  {
    labels: { job: 'web', path: 'a\\b "c"\n' },
    entries: [
      { time: 1_795_000_000_123_456, line: 'hello', metadata: { trace_id: 'abc' } },
      { time: 1_795_000_000_123_457, line: 'ä', metadata: {} },
    ],
  },
];

test('JSON is what the documentation of Loki shows', () => {
  const text = `{"streams":[{"stream":{"job":"web","path":"a\\\\b \\"c\\"\\n"},"values":[["1795000000123456000","hello",{"trace_id":"abc"}],["1795000000123457000","ä"]]}]}`;
  assert.equal(encodeLokiJson(STREAMS), text);
  assert.deepEqual(decodeLokiJson(text), { ok: true, value: STREAMS });
});

test('protobuf has the bytes that Loki’s own push.proto gives', () => {
  const stream: LokiStream = {
    labels: { a: 'b' },
    entries: [{ time: 1_000_002, line: 'x', metadata: { k: 'v' } }],
  };
  // streams { labels: "{a=\"b\"}" entries { timestamp { seconds: 1 nanos: 2000 } line: "x" structuredMetadata { name: "k" value: "v" } } }
  const hex =
    '0a 1d  0a 07 7b 61 3d 22 62 22 7d  12 12  0a 05 08 01 10 d0 0f  12 01 78  1a 06 0a 01 6b 12 01 76';
  assert.equal(encodeLokiProtobuf([stream]).toString('hex'), hex.replaceAll(' ', ''));
  assert.deepEqual(decodeLokiProtobuf(encodeLokiProtobuf(STREAMS)), { ok: true, value: STREAMS });
});

const text = anyText({ maxLength: 30 }).map((value) => value.toWellFormed());
const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const pairs = fc.dictionary(name, text, { maxKeys: 4, noNullPrototype: true });
const entry = fc.record(
  { time: fc.integer({ min: -1e15, max: 4e15 }), line: text, metadata: pairs },
  { noNullPrototype: true },
);
const streams = fc.array(
  fc.record({ labels: pairs, entries: fc.array(entry, { maxLength: 4 }) }, { noNullPrototype: true }),
  {
    maxLength: 3,
  },
);

test('what is written is read as it was, in both forms', () => {
  fc.assert(
    fc.property(streams, (given) => {
      assert.deepEqual(decodeLokiProtobuf(encodeLokiProtobuf(given)), { ok: true, value: given });
      assert.deepEqual(decodeLokiJson(encodeLokiJson(given)), { ok: true, value: given });
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(pairs, (labels) => {
      assert.deepEqual(parseLabels(formatLabels(labels)), { ok: true, value: labels });
    }),
  );
});

test('labels are read as Go quotes them', () => {
  const given = '{ a = "\\x41\\u00e9\\U0001F600\\101\\t" , b=`raw\\n`, c.d="" }';
  assert.deepEqual(parseLabels(given), { ok: true, value: { a: 'Aé😀A\t', b: 'raw\\n', 'c.d': '' } });
  assert.deepEqual(parseLabels('{}'), { ok: true, value: {} });
  const problems = {
    '': 'its labels do not begin with {',
    '{a="b"': 'its labels have no comma behind a',
    '{a="b" c="d"}': 'its labels have no comma behind a',
    '{a=b}': 'the value of its label a is not quoted',
    '{a="b}': 'the value of its label a is not quoted',
    '{a="\\q"}': 'the value of its label a is not quoted',
    '{a}': 'its label a has no =',
    '{1="b"}': 'its labels cannot be read from character 2 on',
    '{a="b"} x': 'it has something behind its labels',
  };
  for (const [labels, error] of Object.entries(problems))
    assert.deepEqual(parseLabels(labels), { ok: false, error }, labels);
});

test('what is wrong with a push is named by its stream and its entry', () => {
  const problems = {
    '{': 'it is no JSON',
    '[]': 'it has no list "streams"',
    '{"streams":[1]}': 'stream 1: it is no object',
    '{"streams":[{"stream":{},"values":{}}]}': 'stream 1: it has no list "values"',
    '{"streams":[{"stream":[],"values":[]}]}': 'stream 1: its labels are no object',
    '{"streams":[{"values":[]},{"values":[["1","a"],["1"]]}]}':
      'stream 2, entry 2: it is no list of a time and a line',
    '{"streams":[{"values":[["1",2]]}]}': 'stream 1, entry 1: its line is no text',
    '{"streams":[{"values":[["1","a","b"]]}]}': 'stream 1, entry 1: its structured metadata is no object',
  };
  for (const [json, error] of Object.entries(problems))
    assert.deepEqual(decodeLokiJson(json), { ok: false, error }, json);
  const bad = Buffer.from('0a 04 0a 02 7b 61'.replaceAll(' ', ''), 'hex');
  assert.deepEqual(decodeLokiProtobuf(bad), { ok: false, error: 'stream 1: its label a has no =' });
});

test('times that are none are given as they were written; numbers and values that are no text are taken', () => {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const json = `{"streams":[{"stream":{"a":1},"values":[["yesterday","a"],[1795000000123456000,"b",{"c":{"d":1}}],[${deep},"c"]]}]}`;
  const read = decodeLokiJson(json);
  assert.ok(read.ok);
  const [first] = read.value;
  assert.deepEqual(first?.labels, { a: '1' });
  assert.deepEqual(first?.entries, [
    { time: 'yesterday', line: 'a', metadata: {} },
    { time: 1_795_000_000_123_456, line: 'b', metadata: { c: '{"d":1}' } },
    { time: '(nested too deeply)', line: 'c', metadata: {} },
  ]);
});

test('whatever comes is read or refused', () => {
  const packed = encodeLokiProtobuf(STREAMS);
  const json = encodeLokiJson(STREAMS);
  const change = fc.tuple(fc.nat(packed.length - 1), fc.nat(255));
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(change, { maxLength: 4 }),
      fc.nat(),
      (bytes, changes, cut) => {
        decodeLokiProtobuf(bytes);
        const copy = Buffer.from(packed);
        for (const [at, byte] of changes) copy[at] = byte;
        decodeLokiProtobuf(copy);
        decodeLokiProtobuf(packed.subarray(0, cut % packed.length));
        decodeLokiJson(json.slice(0, cut % json.length));
      },
    ),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(
      fc.json(),
      (given) =>
        void decodeLokiJson(`{"streams":[{"stream":${given},"values":[["1","a",${given}],${given}]}]}`),
    ),
  );
});
