import { cursor, head, MAP, Malformed, readText, skip, TEXT } from './cbor.ts';
import { readHeader } from './frame.ts';

/** New values for fields of a message; one that the message does not carry is left aside. */
export interface Stamp {
  readonly seq: number;
  /** RFC 3339. */
  readonly time: string;
  readonly rev?: string;
  readonly since?: string | null;
}

const STAMPED = ['seq', 'time', 'rev', 'since'] as const;

interface Span {
  readonly field: (typeof STAMPED)[number];
  readonly start: number;
  readonly end: number;
}

/** Writes a message again with other values. */
export type Stamper = (stamp: Stamp) => Uint8Array;

/**
 * Prepares a message for being sent again and again under other numbers: everything but the stamped fields stays byte for byte.
 * @returns undefined where it carries no seq (info, error, garbage).
 */
export function createStamper(frame: Uint8Array): Stamper | undefined {
  const spans = findSpans(frame);
  if (!spans.some(({ field }) => field === 'seq')) return undefined;
  return (stamp) => {
    const parts: Uint8Array[] = [];
    let from = 0;
    for (const { field, start, end } of spans) {
      const value = stamp[field];
      if (value === undefined) continue;
      parts.push(frame.subarray(from, start), encodeScalar(value));
      from = end;
    }
    parts.push(frame.subarray(from));
    return Buffer.concat(parts);
  };
}

/** A recorded message under another number and time, or undefined where it carries no seq. */
export function restamp(frame: Uint8Array, stamp: Stamp): Uint8Array | undefined {
  return createStamper(frame)?.(stamp);
}

function findSpans(frame: Uint8Array): Span[] {
  const spans: Span[] = [];
  try {
    const c = cursor(frame);
    readHeader(c);
    if (head(c) !== MAP) return [];
    for (let left = c.arg; left > 0; left--) {
      if (head(c) !== TEXT) return [];
      const key = readText(c);
      const field = STAMPED.find((name) => name === key);
      const start = c.at;
      skip(c);
      if (field !== undefined) spans.push({ field, start, end: c.at });
    }
    return spans;
  } catch (thrown) {
    if (thrown instanceof Malformed) return [];
    throw thrown;
  }
}

function encodeScalar(value: number | string | null): Uint8Array {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === 'number') return encodeHead(0, value, 0);
  const length = Buffer.byteLength(value);
  const bytes = encodeHead(3, length, length);
  bytes.write(value, bytes.length - length);
  return bytes;
}

/** A head in its shortest form, with `room` bytes behind it. */
function encodeHead(major: number, arg: number, room: number): Buffer {
  const size = arg < 24 ? 0 : arg < 0x100 ? 1 : arg < 0x1_0000 ? 2 : arg < 0x1_0000_0000 ? 4 : 8;
  const bytes = Buffer.allocUnsafe(1 + size + room);
  const info = size === 0 ? arg : 24 + Math.log2(size);
  bytes[0] = (major << 5) | info;
  let left = arg;
  for (let i = size; i > 0; i--) {
    bytes[i] = left % 256;
    left = Math.floor(left / 256);
  }
  return bytes;
}
