import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Draft, draftsOf, encodeError, encodeInfo, encodeMessage } from './encode.ts';
import { toStreamEvent } from './lines.ts';
import { decodeMessage } from './message.ts';

const TYPE = 'network.bsky.jetstream.subscribeEvents#';
const TIME_US = 1_783_166_400_123_456;

function lineOf(text: string): string {
  const message = decodeMessage(Buffer.from(text));
  assert.ok(message.kind === 'event', JSON.stringify(message));
  const [{ head, tail } = { head: '', tail: '' }] = toStreamEvent(message).lines;
  return `${head}R${tail}`;
}

function framed(payload: string): string {
  return `{"$type":"message","payload":${payload}}`;
}

function reasonOf(text: string | Buffer): string {
  const message = decodeMessage(Buffer.from(text));
  assert.ok(message.kind === 'bad', JSON.stringify(message));
  return message.reason;
}

const COMMIT = `"seq":7,"did":"did:plc:a","time":"2026-07-04T12:00:00.123456Z","rev":"r","operation":"create","collection":"c.d.e","rkey":"k"`;

test('a commit becomes the line that version 1 makes, its values as they were sent', () => {
  const record = '{"$type":"c.d.e","n":12345678901234567890,"z":1,\r\n"a":1e400}';
  const text = framed(`{"$type":"${TYPE}commit",${COMMIT},"cid":"bafy","record":${record},"prevRev":"q"}`);
  assert.equal(
    lineOf(text),
    `{"seq":7,"time":"2026-07-04T12:00:00.123456Z","received":"R","did":"did:plc:a","kind":"commit","commit":{"rev":"r","operation":"create","collection":"c.d.e","rkey":"k","cid":"bafy","record":${record.replace('\r\n', '  ')}},"extra":{"prevRev":"q"}}\n`,
  );
  const event = decodeMessage(Buffer.from(text));
  assert.equal(event.kind === 'event' && toStreamEvent(event).time, 1_783_166_400_123);
  const gone = lineOf(framed(`{"$type":"${TYPE}commit",${COMMIT.replace('create', 'delete')}}`));
  assert.deepEqual((JSON.parse(gone) as { commit: unknown }).commit, {
    rev: 'r',
    operation: 'delete',
    collection: 'c.d.e',
    rkey: 'k',
  });
});

test('identity, account and sync keep the event that they wrap; a type that nobody knows is kept too', () => {
  for (const kind of ['identity', 'account', 'sync']) {
    const payload = `{"$type":"${TYPE}${kind}","seq":9,"did":"did:plc:a","time":"t","${kind}":{"seq":1,"time":"u"}}`;
    assert.equal(
      lineOf(framed(payload)),
      `{"seq":9,"time":"t","received":"R","did":"did:plc:a","kind":"${kind}","${kind}":{"seq":1,"time":"u"}}\n`,
    );
  }
  const odd = framed(`{"$type":"${TYPE}new","seq":9,"time":"t","did":"d","received":"x","commit":1}`);
  assert.equal(
    lineOf(odd),
    '{"seq":9,"time":"t","received":"R","did":"d","kind":"new","extra":{"received":"x","commit":1}}\n',
  );
  const event = decodeMessage(Buffer.from(odd));
  assert.deepEqual(event.kind === 'event' && [event.type, toStreamEvent(event).time], [
    'unknown',
    Number.NaN,
  ]);
});

test('info and error are no events', () => {
  assert.deepEqual(decodeMessage(Buffer.from(encodeInfo('OutdatedCursor', 'x'))), {
    kind: 'info',
    name: 'OutdatedCursor',
    message: 'x',
  });
  assert.deepEqual(decodeMessage(Buffer.from('{"$type":"error","error":"ConsumerTooSlow"}')), {
    kind: 'error',
    error: 'ConsumerTooSlow',
    message: '',
  });
  assert.deepEqual(decodeMessage(Buffer.from(encodeError('A', 'b'))), {
    kind: 'error',
    error: 'A',
    message: 'b',
  });
});

test('what is not as it should be is bad, with the reason', () => {
  assert.match(reasonOf(Buffer.from([0x7b, 0xff])), /not UTF-8/);
  assert.match(reasonOf('{'), /not JSON/);
  assert.match(reasonOf('[]'), /the message is not an object/);
  assert.match(reasonOf('{"$type":"other"}'), /its \$type is "other"/);
  assert.match(reasonOf('{"did":"a","time_us":1,"kind":"commit"}'), /\$type is not a text/);
  assert.match(reasonOf('{"$type":"message","payload":{},"payload":{}}'), /"payload" twice/);
  assert.match(
    reasonOf(framed(`{"$type":"${TYPE}commit",${COMMIT},"rkey":"l"}`)),
    /payload has "rkey" twice/,
  );
  assert.match(reasonOf(framed(`{"$type":"${TYPE}commit",${COMMIT}}`)), /record is not an object/);
  for (const seq of ['0', '-1', '1.5', '9007199254740992', '"7"', 'null'])
    assert.match(reasonOf(framed(`{"$type":"${TYPE}sync","seq":${seq}}`)), /seq is /);
  assert.match(
    reasonOf(framed(`{"$type":"${TYPE}sync","seq":1,"time":"t","did":"d"}`)),
    /sync is not an object/,
  );
});

test('bytes of any kind are answered, never thrown at', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(framed(text))),
    fc
      .tuple(fc.constantFrom('commit', 'identity', 'info', 'x'), fc.dictionary(fc.string(), fc.jsonValue()))
      .map(([kind, more]) =>
        Buffer.from(framed(JSON.stringify({ $type: `${TYPE}${kind}`, seq: 1, time: 't', ...more }))),
      ),
  );
  fc.assert(
    fc.property(hostile, (bytes) => {
      const message = decodeMessage(bytes);
      if (message.kind !== 'event') return;
      const line = lineOf(bytes.toString());
      assert.equal(line.indexOf('\n'), line.length - 1);
      const { seq, received } = JSON.parse(line) as { seq: number; received: string };
      assert.deepEqual([seq, received], [message.seq, 'R']);
    }),
    { numRuns: 1000 },
  );
});

test('what is encoded is read again, whatever is in it', () => {
  const detail = fc.jsonValue().map((record) => ({
    rev: 'r',
    operation: 'create',
    collection: 'c',
    rkey: 'k',
    record: { record },
    cid: 'b',
  }));
  fc.assert(
    fc.property(
      detail,
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.string(),
      (commit, seq, did) => {
        const draft: Draft = { did, kind: 'commit', collection: 'c', detail: JSON.stringify(commit) };
        const line = JSON.parse(lineOf(encodeMessage(draft, seq, TIME_US))) as Record<string, unknown>;
        assert.deepEqual(line, {
          seq,
          time: '2026-07-04T12:00:00.123456Z',
          received: 'R',
          did,
          kind: 'commit',
          commit: JSON.parse(draft.detail) as unknown,
        });
      },
    ),
  );
});

test('a sync of the firehose is an event of its own', () => {
  const time = '2026-07-04T12:00:00Z';
  const frame = { kind: 'sync', seq: 3, did: 'did:plc:a', rev: 'r', time, blocks: Buffer.from('b') } as const;
  const drafts = draftsOf(frame);
  assert.ok(drafts.ok);
  assert.deepEqual(JSON.parse(drafts.value[0]?.detail ?? ''), {
    blocks: { $bytes: 'Yg' },
    did: 'did:plc:a',
    rev: 'r',
    seq: 3,
    time,
  });
});
