import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { encodeCar, findBlocks } from './car.ts';
import { type Block, toBlock } from './dag.ts';

const BLOCKS = Array.from({ length: 5 }, (_, i) => toBlock({ i, text: 'x'.repeat(i * 100) }));
const [first, second] = BLOCKS as [Block, Block];

function found(car: Uint8Array, wanted: readonly Uint8Array[]): string[] {
  const result = findBlocks(car, wanted);
  if (!result.ok) return [result.error];
  return result.value.map((bytes) => (bytes === undefined ? 'none' : Buffer.from(bytes).toString('hex')));
}

const hex = ({ bytes }: Block): string => Buffer.from(bytes).toString('hex');

test('wanted blocks are found in any order, twice where asked twice, without a copy', () => {
  const car = encodeCar([first.cid], BLOCKS);
  const wanted = [...BLOCKS].reverse();
  assert.deepEqual(
    found(
      car,
      [...wanted, first].map(({ cid }) => cid),
    ),
    [...wanted, first].map(hex),
  );
  const result = findBlocks(car, [second.cid]);
  assert.ok(result.ok && result.value[0]?.buffer === car.buffer);
});

test('a block that is not there is undefined', () => {
  assert.deepEqual(found(encodeCar([first.cid], [first]), [first.cid, second.cid]), [hex(first), 'none']);
});

test('nothing behind the last wanted block is read', () => {
  const car = Buffer.concat([
    encodeCar([first.cid], [first, second]),
    Buffer.from('ffffffffffffffffffff', 'hex'),
  ]);
  assert.deepEqual(found(car, [first.cid, second.cid]), [hex(first), hex(second)]);
  assert.match(found(car, [toBlock('other').cid])[0] ?? '', /more than seven bytes/);
});

test('other kinds of CID are stepped over', () => {
  const digest = createHash('sha512').update('x').digest();
  const cidV0 = Buffer.concat([Buffer.of(0x12, 32), digest.subarray(0, 32)]);
  const sha512 = Buffer.concat([Buffer.of(1, 0x71, 0x13, 64), digest]);
  const others = [cidV0, sha512].map((cid) => ({ cid, bytes: Buffer.from('foreign') }));
  const car = encodeCar([first.cid], [...others, first]);
  assert.deepEqual(found(car, [first.cid, sha512]), [hex(first), Buffer.from('foreign').toString('hex')]);
});

test('a slice cut off anywhere is an error or lacks the block, and never throws', () => {
  const car = encodeCar([first.cid], [first, second]);
  for (let length = 0; length < car.length; length++) {
    const [answer = ''] = found(car.subarray(0, length), [second.cid]);
    assert.match(answer, /^(none|cannot read the blocks: .+)$/);
  }
});

test('a header of another version is an error', () => {
  const car = Buffer.from(encodeCar([first.cid], [first]));
  car[car.indexOf('version') + 7] = 2;
  assert.match(found(car, [first.cid])[0] ?? '', /version is 2, not 1/);
});
