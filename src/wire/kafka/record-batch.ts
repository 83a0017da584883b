import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { crc32c } from './crc32c.ts';
import { unpackLz4 } from './lz4.ts';
import { KafkaFormatError, KafkaReader } from './reader.ts';
import { unpackSnappy } from './snappy.ts';

/** A batch of records as it lies in a log (kafka.apache.org/documentation, "Record Batch"), not unpacked yet. */
export interface RecordBatch {
  readonly baseOffset: number;
  /** The offset of its last record, also where compaction removed that one. */
  readonly lastOffset: number;
  /** Beside the records: the whole batch, as it was received. */
  readonly raw: Buffer;
  /** The format of its records; 2 since Kafka 0.11, and the only one that is read. */
  readonly magic: number;
  readonly transactional: boolean;
  /** Its record is not data, but the end of a transaction. */
  readonly control: boolean;
  readonly producerId: bigint;
}

export interface KafkaRecord {
  readonly offset: number;
  /** Milliseconds since 1970; -1 where it has none. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
}

/** Offset and length, before which nothing is known of a batch. */
const PREFIX = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const HEADER = 61;
/** What a batch may grow to when it is unpacked. */
const MOST_BYTES = 134_217_728;

const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** The batches of a fetched record set, in their order. A last one that was cut off, as brokers send it, is left out. */
export function batchesOf(records: Buffer): RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let at = 0; at + PREFIX <= records.length; ) {
    const size = PREFIX + records.readInt32BE(at + 8);
    if (size <= MAGIC_AT) throw new KafkaFormatError(`cannot read a batch of ${size} bytes`);
    if (at + size > records.length) break;
    batches.push(readHeader(records.subarray(at, at + size)));
    at += size;
  }
  return batches;
}

function readHeader(raw: Buffer): RecordBatch {
  const reader = new KafkaReader(raw);
  const baseOffset = reader.int64();
  const magic = raw.readInt8(MAGIC_AT);
  const whole = magic === 2 && raw.length >= HEADER;
  const attributes = whole ? raw.readInt16BE(ATTRIBUTES_AT) : 0;
  return {
    baseOffset,
    lastOffset: whole ? baseOffset + raw.readInt32BE(ATTRIBUTES_AT + 2) : baseOffset,
    raw,
    magic,
    transactional: (attributes & TRANSACTIONAL) !== 0,
    control: (attributes & CONTROL) !== 0,
    producerId: whole ? raw.readBigInt64BE(43) : -1n,
  };
}

/** The records of a batch, unpacked and checked. Throws KafkaFormatError. */
export function recordsOf({ raw, magic, baseOffset }: RecordBatch): KafkaRecord[] {
  if (magic !== 2)
    throw new KafkaFormatError(`cannot read records of format ${magic}, from before Kafka 0.11`);
  if (raw.length < HEADER) throw new KafkaFormatError('cannot read a batch: it is too short');
  if (crc32c(raw.subarray(ATTRIBUTES_AT)) !== raw.readUInt32BE(CRC_AT))
    throw new KafkaFormatError('cannot read a batch: its checksum is wrong');
  const header = new KafkaReader(raw.subarray(ATTRIBUTES_AT, HEADER));
  const attributes = header.int16();
  header.skip(4);
  const baseTime = header.int64();
  const maxTime = header.int64();
  header.skip(8 + 2 + 4);
  const count = header.int32();
  const reader = new KafkaReader(unpack(raw.subarray(HEADER), attributes & 7));
  if (count < 0 || count > reader.left()) throw new KafkaFormatError(`cannot read ${count} records`);
  const records: KafkaRecord[] = [];
  for (let i = 0; i < count; i++) {
    const record = readRecord(reader, baseOffset, baseTime);
    records.push((attributes & LOG_APPEND_TIME) === 0 ? record : { ...record, timestamp: maxTime });
  }
  return records;
}

function readRecord(reader: KafkaReader, baseOffset: number, baseTime: number): KafkaRecord {
  const end = reader.varint();
  const before = reader.left();
  reader.skip(1);
  const timestamp = baseTime + reader.varint();
  const offset = baseOffset + reader.varint();
  const key = readBytes(reader);
  const value = readBytes(reader);
  const headers: (readonly [string, Buffer | null])[] = [];
  for (let count = reader.varint(); count > 0; count--)
    headers.push([(readBytes(reader) ?? Buffer.alloc(0)).toString('utf8'), readBytes(reader)]);
  if (before - reader.left() !== end) throw new KafkaFormatError('cannot read a record: its length is wrong');
  return { offset, timestamp, key, value, headers };
}

function readBytes(reader: KafkaReader): Buffer | null {
  const length = reader.varint();
  return length < 0 ? null : reader.take(length);
}

/** Unpacks the records of a batch by the number of its compression. */
function unpack(packed: Buffer, compression: number): Buffer {
  const limit = { maxOutputLength: MOST_BYTES };
  try {
    switch (compression) {
      case 0:
        return packed;
      case 1:
        return gunzipSync(packed, limit);
      case 2:
        return unpackSnappy(packed, MOST_BYTES);
      case 3:
        return unpackLz4(packed, MOST_BYTES);
      case 4:
        return zstdDecompressSync(packed, limit);
    }
  } catch (thrown) {
    if (thrown instanceof KafkaFormatError || !(thrown instanceof Error)) throw thrown;
    throw new KafkaFormatError(`cannot unpack a batch: ${thrown.message}`);
  }
  throw new KafkaFormatError(`cannot unpack a batch: nobody knows compression ${compression}`);
}

/** Whether the record of a control batch ends a transaction by giving it up. */
export function isAbortMarker(record: KafkaRecord): boolean {
  return record.key !== null && record.key.length >= 4 && record.key.readInt16BE(2) === 0;
}
