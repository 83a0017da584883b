import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, decodeFirst } from '@atcute/cbor';
import { decodeFrame } from './frame.ts';
import { eventOf } from './lines.ts';
import { restamp } from './restamp.ts';
import { createSynthesizer } from './synthetic.ts';
import { tidOf } from './tid.ts';

const START = 1_783_175_888_085;

function makeFrames(count: number, seed = 1): { seq: number; frame: Uint8Array }[] {
  let ms = START;
  const synthesizer = createSynthesizer({ seed, time: () => ms++, startSeq: 5_000_000_000 });
  return Array.from({ length: count }, () => synthesizer.next());
}

test('the same seed makes the same frames, another one makes others', () => {
  const bytes = (seed: number): Buffer => Buffer.concat(makeFrames(700, seed).map(({ frame }) => frame));
  assert.ok(bytes(1).equals(bytes(1)));
  assert.ok(!bytes(1).equals(bytes(2)));
});

test('all frames are canonical, carry their number and time, and give lines', () => {
  const kinds = new Map<string, number>();
  const operations = new Set<string>();
  const revs = new Map<string, string>();
  for (const [i, { seq, frame }] of makeFrames(3000).entries()) {
    const [, body] = decodeFirst(frame) as [unknown, Uint8Array];
    decode(body); // throws on anything that is not canonical
    const decoded = decodeFrame(frame);
    assert.ok(
      decoded.kind === 'commit' ||
        decoded.kind === 'identity' ||
        decoded.kind === 'account' ||
        decoded.kind === 'sync',
    );
    assert.equal(seq, 5_000_000_000 + i);
    assert.equal(decoded.seq, seq);
    assert.equal(Date.parse(decoded.time), START + i);
    kinds.set(decoded.kind, (kinds.get(decoded.kind) ?? 0) + 1);
    const event = eventOf(decoded);
    assert.ok(event.ok);
    for (const { head, tail } of event.value.lines) JSON.parse(`${head}${tail}`);
    if (decoded.kind !== 'commit') continue;
    assert.equal(event.value.lines.length, decoded.ops.length);
    for (const op of decoded.ops) operations.add(`${op.action} ${op.collection}`);
    assert.ok(decoded.rev > (revs.get(decoded.did) ?? ''), 'a later commit has a later rev');
    revs.set(decoded.did, decoded.rev);
  }
  assert.deepEqual([...kinds.keys()].sort(), ['account', 'commit', 'identity', 'sync']);
  for (const wanted of [
    'create app.bsky.feed.post',
    'update app.bsky.actor.profile',
    'create org.example.station.reading',
  ]) {
    assert.ok(operations.has(wanted), wanted);
  }
});

test('a restamped frame differs in nothing but its number and time', () => {
  for (const { frame } of makeFrames(100)) {
    for (const seq of [1, 23, 24, 255, 256, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      const time = '2030-01-01T00:00:00.000Z';
      const stamped = restamp(frame, { seq, time });
      assert.ok(stamped);
      assert.deepEqual(decodeFrame(stamped), { ...decodeFrame(frame), seq, time });
    }
    const { seq, time } = decodeFrame(frame) as { seq: number; time: string };
    assert.deepEqual(restamp(frame, { seq, time }), Buffer.from(frame));
  }
});

test('what carries no number cannot be restamped', () => {
  const error = Buffer.from('oWJvcCChZWVycm9ybEZ1dHVyZUN1cnNvcg==', 'base64');
  for (const frame of [error, Buffer.from('garbage'), Buffer.alloc(0)]) {
    assert.equal(restamp(frame, { seq: 1, time: '' }), undefined);
  }
});

test('a TID is the one of the specification', () => {
  assert.equal(tidOf(0, 0), '2222222222222');
  // The specification's own example, taken apart and put together again.
  const letters = '234567abcdefghijklmnopqrstuvwxyz';
  const value = Array.from('3jzfcijpj2z2a').reduce(
    (sum, letter) => sum * 32n + BigInt(letters.indexOf(letter)),
    0n,
  );
  assert.equal(tidOf(Number(value >> 10n), Number(value & 1023n)), '3jzfcijpj2z2a');
});
