import { decodeSnappy } from '../snappy.ts';
import { KafkaFormatError } from './reader.ts';

/** What Java's clients write before snappy's blocks: the magic of xerial's framing, its version and the oldest that can read it. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER = 16;

/** Unpacks snappy, as one block or in xerial's framing, into at most `mostBytes`. Throws KafkaFormatError. */
export function unpackSnappy(packed: Buffer, mostBytes: number): Buffer {
  if (packed.length < XERIAL_HEADER || !packed.subarray(0, XERIAL.length).equals(XERIAL))
    return unpackBlock(packed, mostBytes);
  const blocks: Buffer[] = [];
  let left = mostBytes;
  for (let at = XERIAL_HEADER; at < packed.length; ) {
    if (at + 4 > packed.length) throw new KafkaFormatError('cannot unpack snappy: a block is cut off');
    const size = packed.readUInt32BE(at);
    at += 4;
    if (at + size > packed.length) throw new KafkaFormatError('cannot unpack snappy: a block is cut off');
    const block = unpackBlock(packed.subarray(at, at + size), left);
    blocks.push(block);
    left -= block.length;
    at += size;
  }
  return Buffer.concat(blocks);
}

function unpackBlock(packed: Buffer, mostBytes: number): Buffer {
  const unpacked = decodeSnappy(packed, mostBytes);
  if (unpacked.ok) return unpacked.value;
  throw new KafkaFormatError(`cannot unpack snappy: ${unpacked.error}`);
}

/** Copies what lies `distance` before `to`, which may reach into what it writes. */
export function copyWithin(out: Buffer, to: number, distance: number, size: number): void {
  if (distance >= size) out.copy(out, to, to - distance, to - distance + size);
  else for (let i = 0; i < size; i++) out[to + i] = out[to + i - distance] as number;
}
