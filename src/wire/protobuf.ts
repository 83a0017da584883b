import { err, ok, type Result } from '../core/result.ts';

/**
 * The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), as far as proto3 without groups needs it.
 * Nothing here allocates by a length that the sender only claims: bytes are views into what came.
 */

/** What came is no such message; says so as a clause. Only within `readProtobuf`. */
class MalformedError extends Error {}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const LONGEST_VARINT = 10;

/** Reads one message, field by field: `next`, then one of the readers of a value, or `skip`. */
export class ProtoReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  #at: number;
  #wire = -1;

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.#buffer = buffer;
    this.#at = start;
    this.#end = end;
  }

  /** The number of the next field; 0 at the end of the message. */
  next(): number {
    if (this.#at >= this.#end) return 0;
    const key = this.#number();
    this.#wire = key % 8;
    const field = Math.floor(key / 8);
    if (field === 0 || field > 0x1fff_ffff)
      throw new MalformedError('it has a field with an impossible number');
    return field;
  }

  uint64(): bigint {
    this.#must(VARINT);
    return this.#varint();
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** A whole number up to 32 bits, or an enum; what is larger is cut to that. */
  int32(): number {
    return Number(BigInt.asIntN(32, this.uint64()));
  }

  fixed64(): bigint {
    this.#must(FIXED64);
    return this.#buffer.readBigUInt64LE(this.#skipBy(8));
  }

  fixed32(): number {
    this.#must(FIXED32);
    return this.#buffer.readUInt32LE(this.#skipBy(4));
  }

  double(): number {
    this.#must(FIXED64);
    return this.#buffer.readDoubleLE(this.#skipBy(8));
  }

  /** A view into what came. */
  bytes(): Buffer {
    const start = this.#span();
    return this.#buffer.subarray(start, this.#at);
  }

  /** What is no UTF-8 is replaced. */
  text(): string {
    const start = this.#span();
    return this.#buffer.toString('utf8', start, this.#at);
  }

  message(): ProtoReader {
    const start = this.#span();
    return new ProtoReader(this.#buffer, start, this.#at);
  }

  skip(): void {
    if (this.#wire === VARINT) this.#varint();
    else if (this.#wire === FIXED64) this.#skipBy(8);
    else if (this.#wire === FIXED32) this.#skipBy(4);
    else this.#span();
  }

  #must(wire: number): void {
    if (this.#wire !== wire) throw new MalformedError('it has a field of another type than it should be');
  }

  /** Goes over what has a length. @returns where it begins */
  #span(): number {
    this.#must(LENGTH);
    return this.#skipBy(this.#number());
  }

  #skipBy(bytes: number): number {
    const start = this.#at;
    if (bytes > this.#end - start) throw new MalformedError('it ends within a field');
    this.#at += bytes;
    return start;
  }

  /** A tag or a length: exact up to 2^53, and far too large beyond. Bigints are many times slower. */
  #number(): number {
    let value = 0;
    for (let factor = 1, index = 0; index < LONGEST_VARINT; index++, factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new MalformedError('it has a number that does not end');
  }

  #varint(): bigint {
    const start = this.#at;
    const value = this.#number();
    if (value <= Number.MAX_SAFE_INTEGER) return BigInt(value);
    let exact = 0n;
    for (let at = start; at < this.#at; at++)
      exact |= BigInt((this.#buffer[at] ?? 0) & 0x7f) << BigInt((at - start) * 7);
    return BigInt.asUintN(64, exact);
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new MalformedError('it ends within a number');
    return this.#buffer[this.#at++] ?? 0;
  }
}

/** Reads a message; the error is a clause: what is wrong with it. `read` gets every field, and skips those that it does not know. */
export function readProtobuf<T>(bytes: Uint8Array, read: (message: ProtoReader) => T): Result<T, string> {
  try {
    return ok(read(new ProtoReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))));
  } catch (thrown) {
    if (thrown instanceof MalformedError) return err(thrown.message);
    throw thrown;
  }
}

/** What a reader of a message found wrong by itself. Only within `readProtobuf`. @throws always */
export function malformed(why: string): never {
  throw new MalformedError(why);
}

/** Writes one message. Fields are in the order of the calls; a default value is written too, leave it out by not calling. */
export class ProtoWriter {
  readonly #chunks: Uint8Array[] = [];

  /** A number, an enum or a bool; negative ones as ten bytes, as int32 and int64 are. */
  varint(field: number, value: number | bigint): this {
    this.#chunks.push(tag(field, VARINT), varint(value));
    return this;
  }

  fixed64(field: number, value: bigint): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
    this.#chunks.push(tag(field, FIXED64), bytes);
    return this;
  }

  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#chunks.push(tag(field, FIXED64), bytes);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#chunks.push(tag(field, LENGTH), varint(value.length), value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  message(field: number, write: (message: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    write(inner);
    return this.bytes(field, inner.finish());
  }

  finish(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

function tag(field: number, wire: number): Uint8Array {
  return varint(field * 8 + wire);
}

function varint(value: number | bigint): Uint8Array {
  if (typeof value === 'bigint' || value < 0 || value > 0xffff_ffff) return longVarint(BigInt(value));
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function longVarint(value: bigint): Uint8Array {
  let rest = BigInt.asUintN(64, value);
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
