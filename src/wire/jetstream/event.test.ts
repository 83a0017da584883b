import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEvent, type JetstreamEvent } from './event.ts';
import { toStreamEvent } from './lines.ts';

const RECORD =
  '{"$type":"com.example.test","big":9007199254740993,"float":1.0,"__proto__":{"a":1},"10":1,"2":2}';
const COMMIT = `{"rev":"3m","operation":"create","collection":"com.example.test","rkey":"a","record":${RECORD},"cid":"bafy"}`;
const MESSAGE = `{"did":"did:plc:a","time_us":1783175888085434,"kind":"commit","commit":${COMMIT}}`;

function decode(text: string | Buffer): ReturnType<typeof decodeEvent> {
  return decodeEvent(Buffer.from(text));
}

function decoded(text: string): JetstreamEvent {
  const event = decode(text);
  assert.ok(event.kind === 'event', event.kind === 'bad' ? event.reason : '');
  return event;
}

function lineOf(text: string): string {
  const event = decoded(text);
  const [line] = toStreamEvent(event, event.timeUs).lines;
  return `${line?.head}RECEIVED${line?.tail}`;
}

test('a commit becomes a line with everything as it was sent', () => {
  assert.equal(
    lineOf(MESSAGE),
    `{"seq":1783175888085434,"time":"2026-07-04T14:38:08.085434Z","received":"RECEIVED","did":"did:plc:a","kind":"commit","commit":${COMMIT}}\n`,
  );
  const event = toStreamEvent(decoded(MESSAGE), 5);
  assert.deepEqual([event.seq, event.time, event.kind], [5, 1_783_175_888_085, 'commit']);
});

test('identity, account, delete, and the cursor of version 2', () => {
  const identity =
    '"identity":{"did":"did:plc:a","seq":31527015470,"time":"2026-07-04T14:38:08Z","handle":"a.example"}';
  const account =
    '"account":{"active":false,"did":"did:plc:a","seq":7,"time":"2026-07-04T14:38:08Z","status":"deleted"}';
  const remove = '"commit":{"rev":"3m","operation":"delete","collection":"com.example.test","rkey":"a"}';
  for (const [kind, detail] of [
    ['identity', identity],
    ['account', account],
    ['commit', remove],
  ]) {
    const event = decoded(`{"did":"did:plc:a","time_us":1,"cursor":42,"kind":"${kind}",${detail}}`);
    assert.equal(event.type, kind);
    assert.equal(event.cursor, 42);
    assert.equal(event.members, `"did":"did:plc:a","cursor":42,"kind":"${kind}",${detail}`);
  }
});

test('an unknown kind is kept and counted as unknown; unknown members cannot pass for fields of ours', () => {
  const event = decoded(
    '{"did":"did:plc:a","time_us":1,"kind":"sync","sync":{"rev":1.0},"seq":9,"received":"x","\\u0073eq2":[1,{"a":"}"}]}',
  );
  assert.equal(event.type, 'unknown');
  assert.equal(
    event.members,
    '"did":"did:plc:a","kind":"sync","extra":{"sync":{"rev":1.0},"seq":9,"received":"x","seq2":[1,{"a":"}"}]}',
  );
});

/** JSON texts, with what JSON.parse and JSON.stringify would change: digits, forms of numbers, order and names of keys, escapes, space. */
const space = fc.constantFrom('', ' ', '\n', '\r\n\t', '  ');
const scalar = fc.oneof(
  fc.constantFrom(
    '1.0',
    '-0',
    '1e400',
    '9007199254740993',
    '18446744073709551615',
    '0.1000',
    '1E+2',
    'true',
    'null',
  ),
  fc.constantFrom(
    '"\\ud800"',
    '"\\u003c\\/"',
    '"\\\\"',
    '"\\\\\\""',
    '"}"',
    '"[,{"',
    '"湖🌲"',
    '"\\n"',
    '"\u2028"',
  ),
  fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
  fc.maxSafeInteger().map(String),
);
const keys = fc.oneof(
  fc.constantFrom('"__proto__"', '"constructor"', '"1"', '"did"', '"seq"', '"\\u0061"', '""', '"a\\"b"'),
  fc.string().map((text) => JSON.stringify(text)),
);
const { object } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' ,')}]`),
  ),
  object: fc
    .array(fc.tuple(space, keys, space, tie('value'), space), { maxLength: 4 })
    .map(
      (members) => `{${members.map(([a, key, b, value, c]) => `${a}${key}${b}:${b}${value}${c}`).join(',')}}`,
    ),
}));

test('a record comes through letter by letter, whatever JSON it is', () => {
  fc.assert(
    fc.property(object, space, space, (record, a, b) => {
      const commit = `{"rev":"3m",${a}"operation":"update","collection":"c.d.e","rkey":"r","record"${b}:${a}${record}${b},"cid":"bafy"}`;
      const line = lineOf(
        `${a}{${b}"kind":"commit","commit":${commit}${a},"did"${a}:"did:plc:a",${b}"time_us":7}${b}`,
      );
      const flat = record.replace(/[\n\r]/g, ' ');
      assert.ok(line.includes(`${a}${flat}`.replace(/[\n\r]/g, ' ')));
      assert.equal(line.indexOf('\n'), line.length - 1);
      const parsed = JSON.parse(line) as { commit: { record: unknown } };
      assert.deepEqual(parsed.commit.record, JSON.parse(record));
    }),
    { numRuns: 500 },
  );
});

test('what is not as it should be is bad, with the field', () => {
  const cases: readonly (readonly [text: string | Buffer, reason: RegExp])[] = [
    ['', /not JSON/],
    ['[]', /not an object/],
    ['null', /not an object/],
    [`${MESSAGE}x`, /not JSON/],
    [Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/],
    [MESSAGE.replace('did:plc:a"', 'did:plc:a","did":"x"'), /the message has "did" twice/],
    [MESSAGE.replace('"rkey":"a"', '"rkey":"a","\\u0072key":"b"'), /commit has "rkey" twice/],
    [MESSAGE.replace('"did":"did:plc:a"', '"did":1'), /did is not a text/],
    [MESSAGE.replace('1783175888085434', '0'), /time_us is not/],
    [MESSAGE.replace('1783175888085434', '1.5'), /time_us is not/],
    [MESSAGE.replace('1783175888085434', '9007199254740992'), /time_us is not/],
    [MESSAGE.replace('1783175888085434', '"1783175888085434"'), /time_us is not/],
    [MESSAGE.replace('"kind"', '"cursor":-1,"kind"'), /cursor is not/],
    [MESSAGE.replace('"kind":"commit"', '"kind":3'), /kind is not a text/],
    [MESSAGE.replace('"kind":"commit"', '"kind":"identity"'), /identity is not an object/],
    [MESSAGE.replace('"create"', '"rename"'), /operation is "rename"/],
    [MESSAGE.replace(`"record":${RECORD},`, ''), /record is not an object/],
    [MESSAGE.replace(',"cid":"bafy"', ''), /cid is not a text/],
    [MESSAGE.replace('"rev":"3m",', ''), /rev is not a text/],
    ['{"did":"d","time_us":1,"kind":"identity","identity":{"did":"d","seq":1.5,"time":"t"}}', /seq is 1\.5/],
    ['{"did":"d","time_us":1,"kind":"account","account":{"did":"d","seq":1,"time":"t"}}', /active is not/],
    ['{"__proto__":{"did":"d"},"time_us":1,"kind":"commit"}', /did is not a text/],
  ];
  for (const [text, reason] of cases) {
    const event = decode(text);
    assert.equal(event.kind, 'bad', String(text));
    assert.match(event.kind === 'bad' ? event.reason : '', reason);
  }
});

test('no message makes it throw', () => {
  const pieces = fc.array(
    fc.oneof(object, fc.constantFrom(MESSAGE, COMMIT, '{', '}', '"', ',', '"kind":"commit"')),
  );
  fc.assert(fc.property(pieces, (all) => void decode(all.join(''))));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeEvent(bytes)));
  fc.assert(
    fc.property(fc.nat(MESSAGE.length - 1), fc.string(), (at, put) => {
      const event = decode(MESSAGE.slice(0, at) + put + MESSAGE.slice(at + 1));
      if (event.kind === 'event') JSON.parse(`{${event.members}}`);
    }),
    { numRuns: 500 },
  );
  assert.equal(decode('['.repeat(200_000)).kind, 'bad');
});
