import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame } from '../../wire/atproto/encode-frame.ts';
import { decodeFrame } from '../../wire/atproto/frame.ts';
import { eventOf } from '../../wire/atproto/lines.ts';
import type { CommitFrame } from '../../wire/atproto/message.ts';
import { createRandom } from '../../wire/atproto/random.ts';
import { createSynthesizer } from '../../wire/atproto/synthetic.ts';
import { insertedMessage, rewriteFrame } from './fault-frames.ts';

const SYNTHESIZER = createSynthesizer({ seed: 3, time: () => 1_783_175_888_085, startSeq: 1 });
const FRAMES = Array.from({ length: 600 }, () => SYNTHESIZER.next().frame);
const ERROR = encodeFrame({ kind: 'error', error: 'Any' });
const NOT_CBOR = Uint8Array.of(0xff, 1, 2);

function commitWith(records: number, bytes: number): Uint8Array {
  const ops = Array.from({ length: records }, (_, i) => ({
    action: 'create' as const,
    path: `com.example.test/${i}`,
    record: { i, text: 'x'.repeat(bytes) },
  }));
  const sequence = { seq: 5, did: 'did:plc:test', time: '2026-07-04T14:00:00.000Z' };
  return encodeFrame({ kind: 'commit', ...sequence, rev: 'r', since: null, ops });
}

test('inserted messages are of the kind they are called', () => {
  const random = createRandom(1);
  const kinds = (['garbage', 'unknown-type', 'unknown-op'] as const).map((kind) => {
    const message = insertedMessage({ kind }, random);
    assert.ok(typeof message !== 'string');
    const { time: _, ...decoded } = { time: '', ...decodeFrame(message) };
    return decoded;
  });
  assert.equal(kinds[0]?.kind, 'bad');
  assert.deepEqual(kinds.slice(1), [
    { kind: 'unknown', name: '#simulated', seq: 0 },
    { kind: 'unknown', name: 'op 2', seq: 0 },
  ]);
  assert.equal(typeof insertedMessage({ kind: 'text' }, random), 'string');
});

test('a poisoned frame has a good header and cannot be read', () => {
  for (const frame of FRAMES) {
    const poisoned = rewriteFrame({ kind: 'poison' }, frame, 1);
    assert.ok(poisoned !== undefined && frame.length > poisoned.length && poisoned.length > 15);
    assert.equal(decodeFrame(poisoned).kind, 'bad');
  }
  assert.equal(rewriteFrame({ kind: 'poison' }, NOT_CBOR, 1), undefined);
});

test('an odd header says the same in another order', () => {
  for (const frame of FRAMES) {
    const odd = rewriteFrame({ kind: 'odd-header' }, frame, 1);
    assert.ok(odd?.length === frame.length && !Buffer.from(odd).equals(frame));
    assert.equal(Buffer.from(odd.subarray(0, 7)).toString('latin1'), '\xa2bop\x01at');
    assert.deepEqual(decodeFrame(odd), decodeFrame(frame));
  }
  assert.equal(rewriteFrame({ kind: 'odd-header' }, ERROR, 1), undefined);
});

test('a padded frame has the size asked for, and says the same', () => {
  for (const frame of FRAMES.slice(0, 50)) {
    const padded = rewriteFrame({ kind: 'too-large', bytes: 100_000 }, frame, 1);
    assert.equal(padded?.length, 100_000);
    assert.deepEqual(decodeFrame(padded), decodeFrame(frame));
    assert.equal(rewriteFrame({ kind: 'too-large', bytes: frame.length }, frame, 1), undefined);
  }
});

test('a missing block is missing, whatever its size, and nothing else is', () => {
  const sizes = [0, 5, 80, 200, 230, 300, 16_300, 16_384, 70_000];
  const made = sizes.flatMap((bytes) => [commitWith(1, bytes), commitWith(3, bytes)]);
  let hit = 0;
  for (const frame of [...made, ...FRAMES]) {
    const before = decodeFrame(frame) as CommitFrame;
    const lacking = rewriteFrame({ kind: 'missing-block' }, frame, 1);
    if (lacking === undefined) {
      assert.ok(before.kind !== 'commit' || before.ops.every(({ cid }) => cid === null));
      continue;
    }
    hit++;
    const after = decodeFrame(lacking) as CommitFrame;
    assert.equal(after.kind, 'commit', JSON.stringify(after));
    const event = eventOf(after);
    const first = before.ops.find(({ cid }) => cid !== null);
    assert.deepEqual(event, {
      ok: false,
      error: `cannot find the block of ${first?.collection}/${first?.rkey}`,
    });
    const { blocks: _, ...rest } = after;
    const { blocks: __, ...others } = before;
    assert.deepEqual(rest, others);
    const remaining = { ...after, ops: after.ops.slice(after.ops.findIndex(({ cid }) => cid !== null) + 1) };
    assert.ok(eventOf(remaining).ok, 'the other records are there');
  }
  assert.ok(hit > made.length + 400);
});

test('the clocks of a share of senders are off, always those of the same ones', () => {
  const shift = (seed: number, percent: number) =>
    FRAMES.map((frame) => rewriteFrame({ kind: 'clock', shiftMs: -3_600_000, percent }, frame, seed));
  const shifted = shift(1, 20);
  const dids = { off: new Set<string>(), right: new Set<string>() };
  for (const [i, frame] of FRAMES.entries()) {
    const before = decodeFrame(frame);
    assert.ok('did' in before);
    const off = shifted[i];
    (off === undefined ? dids.right : dids.off).add(before.did);
    if (off === undefined) continue;
    const time = new Date(Date.parse(before.time) - 3_600_000).toISOString();
    assert.deepEqual(decodeFrame(off), { ...before, time });
  }
  assert.ok([...dids.off].every((did) => !dids.right.has(did)));
  const share = dids.off.size / (dids.off.size + dids.right.size);
  assert.ok(share > 0.1 && share < 0.3, `${share}`);
  assert.deepEqual(shift(1, 20), shifted);
  assert.notDeepEqual(shift(2, 20), shifted);
  assert.ok(shift(1, 100).every((frame) => frame !== undefined));
  assert.equal(rewriteFrame({ kind: 'clock', shiftMs: 1, percent: 100 }, ERROR, 1), undefined);
});
