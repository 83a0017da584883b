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

/** One block (github.com/google/snappy, format_description.txt). */
function unpackBlock(packed: Buffer, mostBytes: number): Buffer {
  const wrong = (): never => {
    throw new KafkaFormatError('cannot unpack snappy: it is broken');
  };
  let at = 0;
  const byte = (): number => packed[at++] ?? wrong();
  const little = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += byte() * 256 ** i;
    return value;
  };
  let length = 0;
  for (let factor = 1, more = true; more; factor *= 128) {
    const next = byte();
    length += (next & 0x7f) * factor;
    more = next >= 0x80;
    if (factor > 2 ** 28) wrong();
  }
  if (length > mostBytes) throw new KafkaFormatError(`cannot unpack snappy: it is over ${mostBytes} bytes`);
  const out = Buffer.allocUnsafe(length);
  let to = 0;
  const copy = (distance: number, size: number): void => {
    if (distance === 0 || distance > to || to + size > length) wrong();
    copyWithin(out, to, distance, size);
    to += size;
  };
  while (at < packed.length) {
    const tag = byte();
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >>> 2;
      const size = (short < 60 ? short : little(short - 59)) + 1;
      if (at + size > packed.length || to + size > length) wrong();
      packed.copy(out, to, at, at + size);
      at += size;
      to += size;
    } else if (kind === 1) {
      copy(((tag >>> 5) << 8) + byte(), ((tag >>> 2) & 7) + 4);
    } else {
      copy(little(kind === 2 ? 2 : 4), (tag >>> 2) + 1);
    }
  }
  if (to !== length) wrong();
  return out;
}

/** Copies what lies `distance` before `to`, which may reach into what it writes. */
export function copyWithin(out: Buffer, to: number, distance: number, size: number): void {
  if (distance >= size) out.copy(out, to, to - distance, to - distance + size);
  else for (let i = 0; i < size; i++) out[to + i] = out[to + i - distance] as number;
}
