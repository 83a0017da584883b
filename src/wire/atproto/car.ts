import { asError, err, ok, type Result } from '../../core/result.ts';
import { cursor, head, Malformed, readFields, UINT } from './cbor.ts';
import { type Block, encode, toLink } from './dag.ts';

/** The CID that atproto makes: version 1, DAG-CBOR or raw, SHA-256: four bytes and the digest. */
const CID_BYTES = 36;

/**
 * Finds the blocks of `wanted` (the bytes of their CIDs) in a CAR v1 slice, stopping as soon as all are found.
 * Blocks are not hashed: that triples the cost of a frame, and TLS already covers the wire.
 * @returns a view into `car` for each, undefined where it is not in there.
 */
export function findBlocks(
  car: Uint8Array,
  wanted: readonly Uint8Array[],
): Result<(Uint8Array | undefined)[], string> {
  try {
    return ok(walk(car, wanted));
  } catch (thrown) {
    return err(`cannot read the blocks: ${asError(thrown).message}`);
  }
}

/** The offset behind the varint last read; module-wide so that the walk allocates nothing per block. */
let varintEnd = 0;

function readVarint(bytes: Uint8Array, start: number): number {
  let value = 0;
  let factor = 1;
  for (let at = start; ; at++) {
    if (at >= bytes.length) throw new Malformed(`it ends within a length, at byte ${start}`);
    // Seven bytes hold 2^49: no slice is larger, and the value stays exact.
    if (at - start === 7) throw new Malformed(`a length of more than seven bytes, at byte ${start}`);
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      varintEnd = at + 1;
      return value;
    }
    factor *= 128;
  }
}

function walk(car: Uint8Array, wanted: readonly Uint8Array[]): (Uint8Array | undefined)[] {
  const found: (Uint8Array | undefined)[] = [];
  for (let i = 0; i < wanted.length; i++) found.push(undefined);
  let missing = wanted.length;
  let at = readHeader(car);
  while (missing > 0 && at < car.length) {
    const length = readVarint(car, at);
    const start = varintEnd;
    const end = start + length;
    if (end > car.length) throw new Malformed(`the block at byte ${at} ends beyond the slice`);
    const cidEnd = endOfCid(car, start, end);
    for (let i = 0; i < wanted.length; i++) {
      if (found[i] === undefined && isSame(car, start, cidEnd, wanted[i] as Uint8Array)) {
        found[i] = car.subarray(cidEnd, end);
        missing--;
      }
    }
    at = end;
  }
  return found;
}

function readHeader(car: Uint8Array): number {
  const length = readVarint(car, 0);
  const start = varintEnd;
  if (length > car.length - start) throw new Malformed('its header ends beyond the slice');
  const c = cursor(car, start);
  let version = 0;
  readFields(c, 'its header', (key) => {
    if (key !== 'version') return false;
    if (head(c) !== UINT) throw new Malformed('its version is not a number');
    version = c.arg;
    return true;
  });
  if (version !== 1) throw new Malformed(`its version is ${version}, not 1`);
  if (c.at !== start + length) throw new Malformed('its header has another length than it says');
  return c.at;
}

function endOfCid(car: Uint8Array, start: number, end: number): number {
  let cidEnd: number;
  if (car[start] === 1 && car[start + 2] === 0x12 && car[start + 3] === 32) {
    cidEnd = start + CID_BYTES;
  } else if (car[start] === 0x12 && car[start + 1] === 32) {
    cidEnd = start + 34; // CIDv0: a bare SHA-256 multihash
  } else {
    readVarint(car, start); // version
    readVarint(car, varintEnd); // codec
    readVarint(car, varintEnd); // hash function
    const digestBytes = readVarint(car, varintEnd);
    cidEnd = varintEnd + digestBytes;
  }
  if (cidEnd > end) throw new Malformed(`the CID at byte ${start} ends beyond its block`);
  return cidEnd;
}

function isSame(car: Uint8Array, start: number, end: number, cid: Uint8Array): boolean {
  const length = end - start;
  if (cid.length !== length) return false;
  // From the end: the first bytes of all CIDs are alike.
  for (let i = length - 1; i >= 0; i--) {
    if (car[start + i] !== cid[i]) return false;
  }
  return true;
}

/** Writes a CAR v1 of `blocks` with these roots (bytes of CIDs). */
export function encodeCar(roots: readonly Uint8Array[], blocks: readonly Block[]): Uint8Array {
  const header = encode({ roots: roots.map(toLink), version: 1 });
  const parts: Uint8Array[] = [varint(header.length), header];
  for (const { cid, bytes } of blocks) parts.push(varint(cid.length + bytes.length), cid, bytes);
  return Buffer.concat(parts);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80);
  bytes.push(left);
  return Uint8Array.from(bytes);
}
