/** Writes the primitive types of Kafka's protocol, one after another. */
export interface KafkaWriter {
  int8(value: number): KafkaWriter;
  int16(value: number): KafkaWriter;
  int32(value: number): KafkaWriter;
  int64(value: number | bigint): KafkaWriter;
  uvarint(value: number): KafkaWriter;
  /** Zigzag, for whole numbers up to 2^52 either way. */
  varint(value: number): KafkaWriter;
  raw(bytes: Uint8Array): KafkaWriter;
  string(value: string | null, compact?: boolean): KafkaWriter;
  bytes(value: Uint8Array | null): KafkaWriter;
  array<T>(values: readonly T[], each: (value: T) => void, compact?: boolean): KafkaWriter;
  /** No tagged fields. */
  tags(): KafkaWriter;
  build(): Buffer;
}

export function createKafkaWriter(): KafkaWriter {
  const pieces: Uint8Array[] = [];
  const fixed = (size: number, fill: (buffer: Buffer) => void): KafkaWriter => {
    const buffer = Buffer.alloc(size);
    fill(buffer);
    pieces.push(buffer);
    return writer;
  };
  const writer: KafkaWriter = {
    int8: (value) => fixed(1, (buffer) => buffer.writeInt8(value)),
    int16: (value) => fixed(2, (buffer) => buffer.writeInt16BE(value)),
    int32: (value) => fixed(4, (buffer) => buffer.writeInt32BE(value)),
    int64: (value) => fixed(8, (buffer) => buffer.writeBigInt64BE(BigInt(value))),
    uvarint(value) {
      const bytes: number[] = [];
      let rest = value;
      for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
      pieces.push(Uint8Array.from([...bytes, rest]));
      return writer;
    },
    varint: (value) => writer.uvarint(value < 0 ? -2 * value - 1 : 2 * value),
    raw(bytes) {
      pieces.push(bytes);
      return writer;
    },
    string(value, compact = false) {
      const bytes = value === null ? null : Buffer.from(value);
      if (compact) writer.uvarint(bytes === null ? 0 : bytes.length + 1);
      else writer.int16(bytes === null ? -1 : bytes.length);
      return bytes === null ? writer : writer.raw(bytes);
    },
    bytes(value) {
      writer.int32(value === null ? -1 : value.length);
      return value === null ? writer : writer.raw(value);
    },
    array(values, each, compact = false) {
      if (compact) writer.uvarint(values.length + 1);
      else writer.int32(values.length);
      for (const value of values) each(value);
      return writer;
    },
    tags: () => writer.uvarint(0),
    build: () => Buffer.concat(pieces),
  };
  return writer;
}
