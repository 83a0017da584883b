import { gzipSync } from 'node:zlib';
import { crc32c } from '../../src/wire/kafka/crc32c.ts';
import { createKafkaWriter } from '../../src/wire/kafka/writer.ts';

/** The log of one partition, as a broker keeps it: batches in the format of Kafka 0.11 and later. */

export interface LogRecord {
  readonly key?: string | Uint8Array | null;
  readonly value: string | Uint8Array | null;
  /** Milliseconds since 1970; by default 2026-07-04 12:00 and a second for each offset. */
  readonly time?: number;
  readonly headers?: readonly (readonly [string, string | Uint8Array | null])[];
}

export interface BatchOptions {
  readonly gzip?: boolean;
  /** Of a transaction. It holds back everything behind it until `commit` or `abort`. */
  readonly producer?: bigint;
  /** Offsets that compaction removed from the batch. */
  readonly without?: readonly number[];
}

interface Batch {
  readonly base: number;
  readonly last: number;
  bytes: Buffer;
  readonly producer: bigint;
}

export interface Aborted {
  readonly producer: bigint;
  readonly first: number;
  readonly last: number;
}

export const LOG_START = Date.UTC(2026, 6, 4, 12);
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

function bytesOf(value: string | Uint8Array | null | undefined): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : (value ?? null);
}

function encodeRecord(record: LogRecord, delta: number, timeDelta: number): Buffer {
  const body = createKafkaWriter().int8(0).varint(timeDelta).varint(delta);
  const put = (bytes: Uint8Array | null) =>
    bytes === null ? body.varint(-1) : body.varint(bytes.length).raw(bytes);
  put(bytesOf(record.key));
  put(bytesOf(record.value));
  body.varint(record.headers?.length ?? 0);
  for (const [name, value] of record.headers ?? []) {
    put(Buffer.from(name));
    put(bytesOf(value));
  }
  const bytes = body.build();
  return createKafkaWriter().varint(bytes.length).raw(bytes).build();
}

function encodeBatch(
  base: number,
  records: readonly LogRecord[],
  options: BatchOptions,
  control: boolean,
): Buffer {
  const times = records.map(({ time }, i) => time ?? LOG_START + (base + i) * 1000);
  const baseTime = times[0] ?? 0;
  const kept = records.flatMap((record, i) =>
    options.without?.includes(base + i) === true ? [] : [encodeRecord(record, i, (times[i] ?? 0) - baseTime)],
  );
  const plain = Buffer.concat(kept);
  const transaction = options.producer === undefined ? 0 : TRANSACTIONAL;
  const checked = createKafkaWriter()
    .int16((options.gzip === true ? 1 : 0) | transaction | (control ? CONTROL : 0))
    .int32(records.length - 1)
    .int64(baseTime)
    .int64(Math.max(...times))
    .int64(options.producer ?? -1n)
    .int16(-1)
    .int32(-1)
    .int32(kept.length)
    .raw(options.gzip === true ? gzipSync(plain) : plain)
    .build();
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32c(checked));
  const rest = createKafkaWriter().int32(0).int8(2).raw(crc).raw(checked).build();
  return createKafkaWriter().int64(base).int32(rest.length).raw(rest).build();
}

export class PartitionLog {
  leader: number;
  start = 0;
  end = 0;
  batches: Batch[] = [];
  aborted: Aborted[] = [];
  #open = new Map<bigint, number>();

  constructor(leader: number) {
    this.leader = leader;
  }

  /** Appends records as one batch; answers the offset of the first. */
  append(records: readonly LogRecord[], options: BatchOptions = {}, control = false): number {
    const base = this.end;
    const { producer = -1n } = options;
    if (producer >= 0n && !control && !this.#open.has(producer)) this.#open.set(producer, base);
    const bytes = encodeBatch(base, records, options, control);
    this.end += records.length;
    this.batches.push({ base, last: this.end - 1, bytes, producer });
    return base;
  }

  /** Ends a transaction, with its marker in the log. */
  endTransaction(producer: bigint, how: 'commit' | 'abort'): void {
    const first = this.#open.get(producer) ?? this.end;
    this.#open.delete(producer);
    if (how === 'abort') this.aborted.push({ producer, first, last: this.end });
    const key = createKafkaWriter()
      .int16(0)
      .int16(how === 'abort' ? 0 : 1)
      .build();
    this.append([{ key, value: Buffer.alloc(6) }], { producer }, true);
  }

  /** Up to where everything is decided. */
  stable(): number {
    return Math.min(this.end, ...this.#open.values());
  }

  /** Retention: what lies before is gone. */
  deleteBefore(offset: number): void {
    this.start = offset;
    this.batches = this.batches.filter(({ last }) => last >= offset);
  }

  /** The end of the log is lost, as when a broker that was behind becomes the leader. */
  truncateTo(offset: number): void {
    this.end = offset;
    this.batches = this.batches.filter(({ last }) => last < offset);
  }

  /** Breaks the batch with an offset: a bit of its last byte. Broken again it is whole. */
  breakBatch(offset: number): void {
    const batch = this.batches.find(({ base, last }) => base <= offset && offset <= last);
    if (batch === undefined) throw new Error(`no batch has offset ${offset}`);
    const bytes = Buffer.from(batch.bytes);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    batch.bytes = bytes;
  }

  /**
   * What a fetch brings: whole batches from the one with `offset` on, the first whatever its size, and of the one that no longer
   * fits its beginning, as brokers send it.
   */
  read(offset: number, mostBytes: number): Buffer {
    const pieces: Buffer[] = [];
    let left = mostBytes;
    for (const { last, base, bytes } of this.batches) {
      if (last < offset) continue;
      if (base >= this.stable()) break;
      if (pieces.length > 0 && bytes.length > left) {
        pieces.push(bytes.subarray(0, Math.max(0, left)));
        break;
      }
      pieces.push(bytes);
      left -= bytes.length;
    }
    return Buffer.concat(pieces);
  }
}
