import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '@atcute/cbor';
import fc from 'fast-check';
import { encodeFrame, type FrameContent } from './encode-frame.ts';
import { decodeFrame } from './frame.ts';
import { eventOf } from './lines.ts';
import { createSynthesizer } from './synthetic.ts';

const COMMON = {
  seq: 31_527_015_322,
  did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
  time: '2026-07-04T14:38:08.085Z',
};
const COMMIT: FrameContent = {
  kind: 'commit',
  ...COMMON,
  rev: '3mptbypluud2a',
  since: null,
  ops: [
    { action: 'create', path: 'app.bsky.feed.post/a', record: { $type: 'app.bsky.feed.post', text: 'hei' } },
    { action: 'delete', path: 'app.bsky.feed.like/b' },
  ],
};

function concat(...values: unknown[]): Uint8Array {
  return Buffer.concat(values.map((value) => (value instanceof Uint8Array ? value : encode(value))));
}

/** A commit with some fields of its body set, or left out where undefined. */
function commitWith(fields: Record<string, unknown>): Uint8Array {
  const body = {
    seq: 7,
    repo: 'did:plc:x',
    time: 't',
    rev: 'r',
    since: null,
    ops: [],
    blocks: { $bytes: '' },
    ...fields,
  };
  return concat({ op: 1, t: '#commit' }, body);
}

function reasonOf(frame: Uint8Array): string {
  const decoded = decodeFrame(frame);
  return decoded.kind === 'bad' ? decoded.reason : `is ${decoded.kind}`;
}

test('the FutureCursor frame of indigo#1231 is an error', () => {
  const frame = Buffer.from('oWJvcCChZWVycm9ybEZ1dHVyZUN1cnNvcg==', 'base64');
  assert.deepEqual(decodeFrame(frame), { kind: 'error', error: 'FutureCursor', message: '' });
});

test('a recorded OutdatedCursor frame is an info, and is written with the same bytes', () => {
  const message = 'Requested cursor exceeded limit. Possibly missing events';
  const golden =
    'omF0ZSNpbmZvYm9wAaJkbmFtZW5PdXRkYXRlZEN1cnNvcmdtZXNzYWdleDhSZXF1ZXN0ZWQgY3Vyc29yIGV4Y2VlZGVkIGxpbWl0LiBQb3NzaWJseSBtaXNzaW5nIGV2ZW50cw==';
  assert.deepEqual(decodeFrame(Buffer.from(golden, 'base64')), {
    kind: 'info',
    name: 'OutdatedCursor',
    message,
  });
  const written = encodeFrame({ kind: 'info', name: 'OutdatedCursor', message });
  assert.equal(Buffer.from(written).toString('base64'), golden);
});

test('every kind of message is read as it was written', () => {
  const { seq, did, time } = COMMON;
  const read = (content: FrameContent) => decodeFrame(encodeFrame(content));
  assert.deepEqual(read({ kind: 'identity', ...COMMON, handle: 'a.example' }), {
    kind: 'identity',
    seq,
    did,
    time,
    handle: 'a.example',
  });
  assert.deepEqual(read({ kind: 'identity', ...COMMON }), {
    kind: 'identity',
    seq,
    did,
    time,
    handle: undefined,
  });
  for (const status of ['takendown', 'desynchronized', undefined]) {
    const content = {
      kind: 'account',
      ...COMMON,
      active: status === undefined,
      ...(status && { status }),
    } as const;
    assert.deepEqual(read(content), {
      kind: 'account',
      seq,
      did,
      time,
      active: status === undefined,
      status,
    });
  }
  assert.deepEqual(read({ kind: 'error', error: 'E', message: 'why' }), {
    kind: 'error',
    error: 'E',
    message: 'why',
  });
  const sync = read({ kind: 'sync', ...COMMON, rev: 'r' });
  assert.ok(sync.kind === 'sync' && sync.rev === 'r' && sync.blocks.length > 100);
  const commit = read(COMMIT);
  assert.ok(commit.kind === 'commit');
  assert.deepEqual(
    commit.ops.map(({ action, collection, rkey, cid }) => [action, collection, rkey, cid?.length]),
    [
      ['create', 'app.bsky.feed.post', 'a', 36],
      ['delete', 'app.bsky.feed.like', 'b', undefined],
    ],
  );
  assert.deepEqual(
    [commit.seq, commit.did, commit.time, commit.rev, commit.since],
    [seq, did, time, '3mptbypluud2a', null],
  );
});

test('a header with its keys as {op, t} is read, one with a key twice is not', () => {
  const identity = encode({ ...COMMON });
  const opFirst = Buffer.from('a2626f700161746923' + Buffer.from('identity').toString('hex'), 'hex');
  assert.equal(decodeFrame(concat(opFirst, identity)).kind, 'identity');
  const twice = Buffer.from(
    'a3626f7001617469' + Buffer.from('#identity').toString('hex') + '626f7001',
    'hex',
  );
  assert.match(reasonOf(concat(twice, identity)), /"op" twice/);
});

test('unknown types and operations are unknown, with their place where they have one', () => {
  const frame = concat({ op: 1, t: '#labels' }, { seq: 5, time: 'now', more: [{ a: null }] });
  assert.deepEqual(decodeFrame(frame), { kind: 'unknown', name: '#labels', seq: 5, time: 'now' });
  assert.deepEqual(decodeFrame(concat({ op: 2 }, [1])), { kind: 'unknown', name: 'op 2', seq: 0, time: '' });
});

test('a field that is missing or of another type makes the frame bad, and is named', () => {
  const cid = { $link: 'bafyreiftot7eltsc3f6g4qktykmbv6jcmdmhcx5osscan6jpdxkpqcmcza' };
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ seq: 0 }, /seq is not/],
    [{ seq: -5 }, /seq is not/],
    [{ seq: '7' }, /seq is not/],
    [{ seq: undefined }, /seq is missing/],
    [{ repo: 5 }, /repo is not a text/],
    [{ time: null }, /time is not a text/],
    [{ rev: undefined }, /rev is missing/],
    [{ since: 5 }, /since is neither/],
    [{ blocks: 'x' }, /blocks is not bytes/],
    [{ tooBig: 1 }, /tooBig is not/],
    [{ ops: {} }, /ops is not a list/],
    [{ ops: [5] }, /an op is not a map/],
    [{ ops: [{ action: 'move', path: 'a/b', cid }] }, /action "move"/],
    [{ ops: [{ action: 'create', path: 'a/b', cid: null }] }, /without cid/],
    [{ ops: [{ action: 'create', path: 'a/b', cid: 'bafy' }] }, /cid is neither/],
    ...['a', '/a', 'a/', 'a/b/c', ''].map((path): [Record<string, unknown>, RegExp] => [
      { ops: [{ action: 'delete', path, cid: null }] },
      /an op with path/,
    ]),
    [{ ops: Array.from({ length: 10_001 }, () => 0) }, /10001 ops/],
  ];
  for (const [fields, reason] of cases) assert.match(reasonOf(commitWith(fields)), reason);
});

test('a seq of 2^53 and above is bad, the one below is not', () => {
  const base = Buffer.from(commitWith({ seq: Number.MAX_SAFE_INTEGER }));
  assert.equal(decodeFrame(base).kind, 'commit');
  const at = base.indexOf(Buffer.from('1b001fffffffffffff', 'hex'));
  for (const hex of ['1b0020000000000000', '1bffffffffffffffff']) {
    const frame = Buffer.from(base);
    frame.write(hex, at, 'hex');
    assert.match(reasonOf(frame), /seq is not/);
  }
});

test('bytes behind the body, indefinite lengths and long forms of numbers are bad', () => {
  assert.match(reasonOf(concat(commitWith({}), 0)), /1 bytes behind the body/);
  assert.match(reasonOf(Buffer.from('bf626f7001ffa0', 'hex')), /the header|length/);
  assert.match(reasonOf(Buffer.from('a1626f701801a0', 'hex')), /shortest form/);
});

test('bombs of depth and of length are bad, and cost little', () => {
  const header = encode({ op: 1, t: '#commit' });
  const deep = Buffer.alloc(5_000_000, 0x81);
  assert.match(reasonOf(concat(header, Buffer.from('a16178', 'hex'), deep)), /nested deeper/);
  assert.match(reasonOf(concat({ op: 1, t: '#new' }, deep)), /nested deeper/);
  for (const hex of ['9affffffff', 'baffffffff', '5affffffff', '7b000fffffffffffff']) {
    assert.equal(decodeFrame(concat(header, Buffer.from(`a16178${hex}`, 'hex'))).kind, 'bad');
  }
});

/** Reads a frame all the way to its lines, which must be JSON. */
function readAll(frame: Uint8Array): void {
  const decoded = decodeFrame(frame);
  if (decoded.kind === 'bad' || decoded.kind === 'info' || decoded.kind === 'error') return;
  const event = eventOf(decoded);
  if (event.ok) for (const { head, tail } of event.value.lines) JSON.parse(`${head}now${tail}`);
}

test('random bytes never throw', () => {
  const headers = fc.constantFrom('', '#commit', '#identity', '#account', '#sync', '#info', '#x');
  fc.assert(
    fc.property(headers, fc.uint8Array({ maxLength: 200 }), (t, bytes) => {
      readAll(t === '' ? bytes : concat({ op: 1, t }, bytes));
    }),
    { numRuns: 3000 },
  );
});

test('true frames with some bytes changed, cut out or cut off never throw, and give no broken line', () => {
  const synthesizer = createSynthesizer({ seed: 3, time: () => 1_783_175_888_085, startSeq: 1 });
  const frames = Array.from({ length: 100 }, () => synthesizer.next().frame);
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.nat(3)), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.constantFrom(...frames), edits, fc.boolean(), (frame, changes, cut) => {
      let mutant = Buffer.from(frame);
      for (const [place, byte, removed] of changes) {
        const at = place % mutant.length;
        mutant = Buffer.concat([mutant.subarray(0, at), Buffer.of(byte), mutant.subarray(at + removed)]);
      }
      readAll(cut ? mutant.subarray(0, (changes[0]?.[0] ?? 0) % mutant.length) : mutant);
    }),
    { numRuns: 3000 },
  );
});
