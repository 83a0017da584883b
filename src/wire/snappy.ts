import { err, ok, type Result } from '../core/result.ts';

/**
 * Snappy's block format (github.com/google/snappy/blob/main/format_description.txt), which Loki's pushes and Kafka's batches are
 * packed with: the length of what was packed, then literals and copies of what was unpacked before. Small enough to be our own: the
 * packages for it are native, or have had no release for years.
 */

/** Matches are looked for within blocks of this many bytes, so that an offset has two bytes. */
const BLOCK = 65_536;
const HASH_BITS = 14;
const HASH_FACTOR = 0x1e35a7bd;
const SHORTEST_MATCH = 4;
const LONGEST_COPY = 64;

/** Unpacks a block. The error is a clause: what is wrong with it. @param most bytes: what says that it is larger is refused before anything is allocated. */
export function decodeSnappy(bytes: Uint8Array, most: number): Result<Buffer, string> {
  const header = readLength(bytes);
  if (header === undefined) return err('it does not begin with a length');
  const { length, start } = header;
  if (length > most) return err(`it is over ${most} bytes`);
  // An element of three bytes makes 64 at most: a small block that claims to be a large one costs nothing.
  if (length > (bytes.length - start) * LONGEST_COPY) return err('it is shorter than it says');
  const out = Buffer.allocUnsafe(length);
  let at = start;
  let end = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const element = (tag & 3) === 0 ? literalAt(bytes, at, tag) : copyAt(bytes, at, tag);
    if (element.next > bytes.length || element.length > length - end) return err('it goes on beyond its end');
    if (element.offset === 0) out.set(bytes.subarray(element.next - element.length, element.next), end);
    else if (element.offset < 0 || element.offset > end) return err('it copies from before its beginning');
    else copyWithin(out, end, element.offset, element.length);
    end += element.length;
    at = element.next;
  }
  return end === length ? ok(out) : err('it is shorter than it says');
}

interface Element {
  /** How far back it copies from; 0: a literal, whose bytes end at `next`; below 0: impossible. */
  readonly offset: number;
  readonly length: number;
  readonly next: number;
}

function readLength(bytes: Uint8Array): { readonly length: number; readonly start: number } | undefined {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return length < 2 ** 32 ? { length, start: index + 1 } : undefined;
  }
  return undefined;
}

function literalAt(bytes: Uint8Array, at: number, tag: number): Element {
  const short = tag >> 2;
  const extra = Math.max(0, short - 59);
  const length = 1 + (extra === 0 ? short : littleEndian(bytes, at + 1, extra));
  return { offset: 0, length, next: at + 1 + extra + length };
}

function copyAt(bytes: Uint8Array, at: number, tag: number): Element {
  if ((tag & 3) === 1) {
    const offset = ((tag >> 5) << 8) | (bytes[at + 1] ?? 0);
    return { offset: offset || -1, length: 4 + ((tag >> 2) & 7), next: at + 2 };
  }
  const width = (tag & 3) === 2 ? 2 : 4;
  return { offset: littleEndian(bytes, at + 1, width) || -1, length: 1 + (tag >> 2), next: at + 1 + width };
}

function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let index = 0; index < width; index++) value += (bytes[at + index] ?? 0) * 2 ** (8 * index);
  return value;
}

/** A copy may reach into itself: then what it made is repeated. */
function copyWithin(out: Buffer, end: number, offset: number, length: number): void {
  if (offset >= length) out.copyWithin(end, end - offset, end - offset + length);
  else for (let index = end; index < end + length; index++) out[index] = out[index - offset] ?? 0;
}

/** Packs bytes, as Snappy's own fast path does: one look at a table of hashes per place, further apart where nothing is found. */
export function encodeSnappy(bytes: Uint8Array): Buffer {
  // Of each 65,536 bytes the worst is a tag of three bytes, or one of two for each copy that saves two.
  const out = Buffer.allocUnsafe(32 + bytes.length + Math.ceil(bytes.length / 6));
  let end = 0;
  let rest = bytes.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out[end++] = (rest % 128) | 0x80;
  out[end++] = rest;
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < input.length; start += BLOCK)
    end = encodeBlock(input.subarray(start, start + BLOCK), out, end);
  return out.subarray(0, end);
}

function encodeBlock(input: Buffer, out: Buffer, from: number): number {
  const places = new Uint16Array(1 << HASH_BITS);
  const last = input.length - SHORTEST_MATCH;
  let end = from;
  let literal = 0;
  let misses = 32;
  for (let at = 1; at <= last; ) {
    const word = input.readUInt32LE(at);
    const slot = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS);
    const candidate = places[slot] ?? 0;
    places[slot] = at;
    if (candidate >= at || input.readUInt32LE(candidate) !== word) {
      at += misses++ >> 5;
      continue;
    }
    end = writeLiteral(input.subarray(literal, at), out, end);
    let length = SHORTEST_MATCH;
    while (at + length < input.length && input[candidate + length] === input[at + length]) length++;
    end = writeCopies(at - candidate, length, out, end);
    at += length;
    literal = at;
    misses = 32;
  }
  return writeLiteral(input.subarray(literal), out, end);
}

function writeLiteral(bytes: Buffer, out: Buffer, from: number): number {
  if (bytes.length === 0) return from;
  let end = from;
  const value = bytes.length - 1;
  if (value < 60) out[end++] = value << 2;
  else if (value < 256) {
    out[end++] = 60 << 2;
    out[end++] = value;
  } else {
    out[end++] = 61 << 2;
    end = out.writeUInt16LE(value, end);
  }
  return end + bytes.copy(out, end);
}

function writeCopies(offset: number, length: number, out: Buffer, from: number): number {
  let end = from;
  for (let rest = length; rest > 0; ) {
    const part = Math.min(rest, LONGEST_COPY);
    out[end] = ((part - 1) << 2) | 2;
    end = out.writeUInt16LE(offset, end + 1);
    rest -= part;
  }
  return end;
}
