/** Whole numbers as LEB128 (protobuf's varint and zigzag, protobuf.dev/programming-guides/encoding): small ones take a byte. */

const LOW = 0x80;
const BEHIND = 'cannot read a number behind the end of its column';

/** Writes into memory that grows. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(bytes = 4096) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + bytes));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  /** @param value a whole number from 0 up to 2^53 - 1. */
  number(value: number): void {
    this.#room(8);
    if (value < LOW) {
      this.#bytes[this.#length++] = value;
      return;
    }
    let rest = value;
    // Above 2^31 the bit operators are of no use.
    while (rest >= 0x8000_0000) {
      this.#bytes[this.#length++] = (rest % LOW) | LOW;
      rest = Math.floor(rest / LOW);
    }
    while (rest >= LOW) {
      this.#bytes[this.#length++] = (rest & 0x7f) | LOW;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** @param value a whole number between -2^52 and 2^52. */
  signed(value: number): void {
    this.number(value < 0 ? -value * 2 - 1 : value * 2);
  }

  /** Its bytes in UTF-8 alone; answers with how many they are. */
  text(value: string): number {
    // The most that UTF-8 takes for a unit of UTF-16.
    this.#room(value.length * 3);
    const written = this.#bytes.write(value, this.#length);
    this.#length += written;
    return written;
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  get length(): number {
    return this.#length;
  }

  /** What was written; it changes with the next write. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins anew in the same memory. */
  clear(): void {
    this.#length = 0;
  }
}

/** Reads what a ByteWriter wrote. @throws RangeError behind the end. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  number(): number {
    const byte = this.#bytes[this.#at] as number;
    if (byte < LOW) {
      this.#at++;
      return byte;
    }
    return this.#long();
  }

  /** A number of two bytes or more: the first four by bit operators, which are cheap; above 2^28 they are of no use. */
  #long(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError(BEHIND);
      value |= (byte & 0x7f) << shift;
      if (byte < LOW) {
        this.#at = at;
        return value;
      }
    }
    for (let weight = 2 ** 28; ; weight *= LOW) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError(BEHIND);
      value += (byte & 0x7f) * weight;
      if (byte < LOW) {
        this.#at = at;
        return value;
      }
    }
  }

  signed(): number {
    const value = this.number();
    if (value < 0x4000_0000) return value & 1 ? -((value + 1) >>> 1) : value >>> 1;
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  text(): string {
    return this.bytes(this.number()).toString('utf8');
  }

  bytes(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new RangeError('cannot read bytes behind the end of their column');
    const found = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return found;
  }
}
