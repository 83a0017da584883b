import { KafkaFormatError } from './reader.ts';
import { copyWithin } from './snappy.ts';

/** github.com/lz4/lz4, doc/lz4_Frame_format.md. */
const MAGIC = 0x184d2204;
const HAS_DICTIONARY = 0x01;
const HAS_CONTENT_CHECKSUM = 0x04;
const HAS_CONTENT_SIZE = 0x08;
const HAS_BLOCK_CHECKSUM = 0x10;
/** The high bit of a block's size: it is stored as it is. */
const STORED = 0x8000_0000;
const SHORTEST_MATCH = 4;

function wrong(): never {
  throw new KafkaFormatError('cannot unpack lz4: it is broken');
}

/**
 * Unpacks a frame of lz4 into at most `mostBytes`. Its checksums are not looked at: Kafka's own covers them.
 * Throws KafkaFormatError.
 */
export function unpackLz4(packed: Buffer, mostBytes: number): Buffer {
  if (packed.length < 7 || packed.readUInt32LE(0) !== MAGIC) wrong();
  const flags = packed[4] as number;
  if ((flags & HAS_DICTIONARY) !== 0) throw new KafkaFormatError('cannot unpack lz4: it needs a dictionary');
  let at = 4 + 2 + ((flags & HAS_CONTENT_SIZE) === 0 ? 0 : 8) + 1;
  const trailer = (flags & HAS_BLOCK_CHECKSUM) === 0 ? 0 : 4;
  const out = createOutput(mostBytes);
  for (;;) {
    if (at + 4 > packed.length) wrong();
    const word = packed.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const size = word % STORED;
    if (at + size > packed.length) wrong();
    const block = packed.subarray(at, at + size);
    if (word >= STORED) out.literals(block, 0, size);
    else unpackBlock(block, out);
    at += size + trailer;
  }
  if ((flags & HAS_CONTENT_CHECKSUM) !== 0 && at + 4 > packed.length) wrong();
  return out.bytes();
}

type Output = ReturnType<typeof createOutput>;

/** Grows as it is written; blocks may refer to those before them. */
function createOutput(mostBytes: number) {
  let buffer = Buffer.allocUnsafe(65_536);
  let to = 0;
  const room = (size: number): void => {
    if (to + size > mostBytes) throw new KafkaFormatError(`cannot unpack lz4: it is over ${mostBytes} bytes`);
    if (to + size <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.min(mostBytes, Math.max(2 * buffer.length, to + size)));
    buffer.copy(larger, 0, 0, to);
    buffer = larger;
  };
  return {
    literals(from: Buffer, at: number, size: number): void {
      room(size);
      from.copy(buffer, to, at, at + size);
      to += size;
    },
    match(distance: number, size: number): void {
      if (distance === 0 || distance > to) wrong();
      room(size);
      copyWithin(buffer, to, distance, size);
      to += size;
    },
    bytes: () => buffer.subarray(0, to),
  };
}

/** One block (doc/lz4_Block_format.md). */
function unpackBlock(block: Buffer, out: Output): void {
  let at = 0;
  const longer = (short: number): number => {
    let size = short;
    if (short !== 15) return size;
    for (;;) {
      const next = block[at++] ?? wrong();
      size += next;
      if (next !== 255) return size;
    }
  };
  while (at < block.length) {
    const token = block[at++] as number;
    const literals = longer(token >>> 4);
    if (at + literals > block.length) wrong();
    out.literals(block, at, literals);
    at += literals;
    // The last sequence has no match.
    if (at === block.length) return;
    if (at + 2 > block.length) wrong();
    const distance = block.readUInt16LE(at);
    at += 2;
    out.match(distance, longer(token & 15) + SHORTEST_MATCH);
  }
}
