/** Bytes that are not what Kafka's protocol says. */
export class KafkaFormatError extends Error {
  override readonly name = 'KafkaFormatError';
}

const HIGH = 0x1_0000_0000;

/**
 * Reads the primitive types of Kafka's protocol (kafka.apache.org/protocol, "Protocol Primitive Types") one after another.
 * Nothing is read beyond the end. Every method throws KafkaFormatError.
 */
export class KafkaReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** How many bytes are left. */
  left(): number {
    return this.#buffer.length - this.#at;
  }

  skip(bytes: number): void {
    this.#advance(bytes);
  }

  int8(): number {
    return this.#buffer.readInt8(this.#advance(1));
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#advance(4));
  }

  /** Numbers beyond 2^53 are refused: no offset or time is that large. */
  int64(): number {
    const from = this.#advance(8);
    return safe(this.#buffer.readInt32BE(from) * HIGH + this.#buffer.readUInt32BE(from + 4));
  }

  /** For numbers of 64 bits that are only compared. */
  raw64(): bigint {
    return this.#buffer.readBigInt64BE(this.#advance(8));
  }

  uvarint(): number {
    let value = 0;
    for (let factor = 1, bytes = 0; bytes < 10; factor *= 128, bytes++) {
      const byte = this.#buffer[this.#advance(1)] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new KafkaFormatError('cannot read a number: it has more than ten bytes');
  }

  /** Zigzag, up to 64 bits. */
  varint(): number {
    const value = this.uvarint();
    return safe(value % 2 === 0 ? value / 2 : -(value + 1) / 2);
  }

  /** Lies in the buffer that is read: it is not copied. */
  take(bytes: number): Buffer {
    const from = this.#advance(bytes);
    return this.#buffer.subarray(from, from + bytes);
  }

  /** The 16 bytes of an id, as base64. */
  uuid(): string {
    return this.take(16).toString('base64url');
  }

  /** With a length of 16 bits, or a compact one. null where it is null. */
  string(compact = false): string | null {
    const length = compact ? this.uvarint() - 1 : this.int16();
    return length < 0 ? null : this.take(length).toString('utf8');
  }

  /** With a length of 32 bits. */
  bytes(): Buffer | null {
    const length = this.int32();
    return length < 0 ? null : this.take(length);
  }

  /** A null array is an empty one. */
  array<T>(each: () => T, compact = false): T[] {
    const count = compact ? this.uvarint() - 1 : this.int32();
    // Each element has a byte at least, so that a wild count cannot fill the memory.
    if (count > this.left()) throw new KafkaFormatError(`cannot read ${count} elements`);
    return Array.from({ length: Math.max(0, count) }, each);
  }

  /** Tagged fields that nobody asked for. */
  tags(): void {
    for (let count = this.uvarint(); count > 0; count--) {
      this.uvarint();
      this.skip(this.uvarint());
    }
  }

  #advance(bytes: number): number {
    const from = this.#at;
    if (!(bytes >= 0) || bytes > this.left())
      throw new KafkaFormatError(`cannot read ${bytes} bytes at ${from}: only ${this.left()} are left`);
    this.#at += bytes;
    return from;
  }
}

function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new KafkaFormatError(`cannot use the number ${value}`);
  return value;
}
