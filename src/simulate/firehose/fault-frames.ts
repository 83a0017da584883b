import { findBlocks } from '../../wire/atproto/car.ts';
import { cursor } from '../../wire/atproto/cbor.ts';
import { encode } from '../../wire/atproto/dag.ts';
import { decodeFrame, readHeader } from '../../wire/atproto/frame.ts';
import type { Random } from '../../wire/atproto/random.ts';
import { restamp } from '../../wire/atproto/restamp.ts';
import type { FrameFault, PassingFault } from './faults.ts';

type Inserted = Extract<PassingFault, { kind: 'text' | 'garbage' | 'unknown-type' | 'unknown-op' | 'raw' }>;
type Rewritten = Exclude<FrameFault, { kind: 'swallow' }>;

const GARBAGE_BYTES = 64;
/** The text 'padding' as CBOR: behind the fields of all types, as canonical maps have it. */
const PADDING_KEY = Uint8Array.of(0x67, ...Buffer.from('padding'));
/** First bytes of CBOR values (RFC 8949, 3): an empty byte string, one with a length of 32 bits, an empty map. */
const BYTES_0 = 0x40;
const LONG_BYTES = 0x5a;
const MAP_0 = 0xa0;
/** The highest count that fits into the first byte. */
const MOST_SHORT = 23;

/** A message that stands between two frames; a string is a text message. */
export function insertedMessage(fault: Inserted, random: Random): Uint8Array | string {
  switch (fault.kind) {
    case 'text':
      return 'a text message, where the protocol has binary ones alone';
    case 'garbage': {
      const bytes = random.bytes(GARBAGE_BYTES);
      bytes[0] = 0xff; // CBOR's break: no value begins with it
      return bytes;
    }
    case 'unknown-type':
      return Buffer.concat([encode({ op: 1, t: '#simulated' }), encode({ note: 'a type nobody knows' })]);
    case 'unknown-op':
      return Buffer.concat([encode({ op: 2 }), encode({ note: 'an operation nobody knows' })]);
    default:
      return fault.bytes;
  }
}

/**
 * A frame with the fault in it, or undefined where it does not fit this frame (a block can be missing in a commit with
 * records only). The frame given is left as it is.
 */
export function rewriteFrame(fault: Rewritten, frame: Uint8Array, seed: number): Uint8Array | undefined {
  const body = bodyStart(frame);
  if (body === undefined) return undefined;
  switch (fault.kind) {
    case 'poison':
      return frame.subarray(0, body + Math.floor((frame.length - body) / 2));
    case 'odd-header':
      return turnHeader(frame, body);
    case 'too-large':
      return pad(frame, body, fault.bytes);
    case 'missing-block':
      return withoutBlock(frame);
    default:
      return shiftTime(frame, fault, seed);
  }
}

/** Where the body begins, undefined where the frame has no header. */
function bodyStart(frame: Uint8Array): number | undefined {
  const c = cursor(frame);
  try {
    readHeader(c);
    return c.at;
  } catch {
    return undefined; // recorded garbage stays what it is
  }
}

function turnHeader(frame: Uint8Array, body: number): Uint8Array | undefined {
  const { op, type } = readHeader(cursor(frame));
  if (op !== 1 || type === undefined) return undefined;
  const map = Uint8Array.of(MAP_0 + 2);
  return Buffer.concat([map, encode('op'), encode(op), encode('t'), encode(type), frame.subarray(body)]);
}

function pad(frame: Uint8Array, body: number, bytes: number): Uint8Array | undefined {
  const head = frame[body] ?? 0;
  const room = bytes - frame.length - PADDING_KEY.length - 5;
  if (room < 0 || head < MAP_0 || head >= MAP_0 + MOST_SHORT) return undefined;
  const length = Buffer.alloc(5, LONG_BYTES);
  length.writeUInt32BE(room, 1);
  const padded = Buffer.concat([frame, PADDING_KEY, length, Buffer.alloc(room)]);
  padded[body] = head + 1;
  return padded;
}

/** Takes the block of the first record out of the commit's CAR slice. */
function withoutBlock(frame: Uint8Array): Uint8Array | undefined {
  const decoded = decodeFrame(frame);
  if (decoded.kind !== 'commit') return undefined;
  const cids = decoded.ops.flatMap(({ cid }) => (cid === null ? [] : [cid]));
  const found = findBlocks(decoded.blocks, cids);
  const index = found.ok ? found.value.findIndex((block) => block !== undefined) : -1;
  const block = found.ok ? found.value[index] : undefined;
  const cid = cids[index];
  if (block === undefined || cid === undefined) return undefined;
  const car = decoded.blocks.byteOffset - frame.byteOffset;
  const entry = cid.length + block.length;
  const end = block.byteOffset - frame.byteOffset + block.length;
  const start = end - entry - varintBytes(entry);
  const left = decoded.blocks.length - (end - start);
  return Buffer.concat([
    frame.subarray(0, car - headBytes(decoded.blocks.length)),
    bytesHead(left),
    frame.subarray(car, start),
    frame.subarray(end),
  ]);
}

function varintBytes(value: number): number {
  return value < 128 ? 1 : 1 + varintBytes(Math.floor(value / 128));
}

/** The head of a byte string, in its shortest form. */
function bytesHead(length: number): Uint8Array {
  if (length <= MOST_SHORT) return Uint8Array.of(BYTES_0 + length);
  const size = headBytes(length) - 1;
  const head = Buffer.alloc(size + 1, BYTES_0 + 24 + Math.log2(size));
  head.writeUIntBE(length, 1, size);
  return head;
}

function headBytes(length: number): number {
  if (length <= MOST_SHORT) return 1;
  return length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
}

function shiftTime(
  frame: Uint8Array,
  { shiftMs, percent }: { readonly shiftMs: number; readonly percent: number },
  seed: number,
): Uint8Array | undefined {
  const decoded = decodeFrame(frame);
  if (!('did' in decoded) || hash(`${seed}/${decoded.did}`) % 100 >= percent) return undefined;
  const time = new Date(Date.parse(decoded.time) + shiftMs);
  if (Number.isNaN(time.getTime())) return undefined;
  return restamp(frame, { seq: decoded.seq, time: time.toISOString() });
}

/** FNV-1a, with a last mix: its low digits alone are too even. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 0;
}
