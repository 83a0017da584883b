import type { SourceMessage, StreamSink } from '../../core/source.ts';
import { KafkaFormatError } from '../../wire/kafka/reader.ts';
import {
  batchesOf,
  isAbortMarker,
  type KafkaRecord,
  type RecordBatch,
  recordsOf,
} from '../../wire/kafka/record-batch.ts';
import type { FetchedPartition } from '../../wire/kafka/requests.ts';
import type { Partition, Partitions } from './kafka-partitions.ts';
import { messageOf } from './kafka-record.ts';
import { judgeOther, partitionMarkText } from './kafka-standing.ts';
import { type MessageOptions, messagesFor, standingEvent } from './message-envelope.ts';

/** How much of a batch that cannot be read goes to the quarantine. */
const QUARANTINED_BYTES = 65_536;

/** Where records go, and what has to hold meanwhile. */
export interface Taking {
  readonly partitions: Partitions;
  readonly sink: StreamSink;
  readonly options: MessageOptions;
  readonly now: () => number;
  /** Resolves when the sink has room; answers whether to go on. */
  readonly room: () => Promise<boolean>;
}

/** How the taking of what was fetched ended. */
export type Taken =
  | { readonly kind: 'taken'; readonly records: number }
  /** It is another topic: everything begins anew. */
  | { readonly kind: 'reset' }
  /** Ask for it again: a batch could not be read, which may have happened on its way. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Takes the records of a partition, batch after batch, and moves its position on. What others did to the partition meanwhile
 * ends it: each batch is taken only where it belongs.
 */
export async function takeFetched(
  partition: Partition,
  fetched: FetchedPartition,
  taking: Taking,
): Promise<Taken> {
  const { leader } = partition;
  const batches = readBatches(fetched.records);
  if (!Array.isArray(batches)) return { kind: 'unreadable', reason: batches.reason };
  const read = createReader(fetched);
  let count = 0;
  for (const batch of batches) {
    const { next } = partition;
    if (next === undefined || partition.leader !== leader) break;
    if (batch.lastOffset < next) continue;
    const { records, reason } = read(batch);
    if (records === undefined) {
      if (partition.unreadable !== next) {
        partition.unreadable = next;
        return { kind: 'unreadable', reason };
      }
      quarantine(partition, batch, reason, taking);
      continue;
    }
    const wanted = records.filter(({ offset }) => offset >= next);
    const first = checkFirst(partition, wanted[0], taking);
    if (first === 'reset') return { kind: 'reset' };
    const fresh = first === 'had' ? wanted.slice(1) : wanted;
    const room = give(partition, fresh, taking);
    count += fresh.length;
    partition.next = batch.lastOffset + 1;
    stand(partition, fresh.at(-1)?.offset, taking);
    if (!room && !(await taking.room())) break;
  }
  return { kind: 'taken', records: count };
}

function readBatches(records: Buffer): RecordBatch[] | { readonly reason: string } {
  try {
    const batches = batchesOf(records);
    if (batches.length > 0 || records.length === 0) return batches;
    return { reason: `the broker sends ${records.length} bytes of a batch, and not all of it` };
  } catch (thrown) {
    if (thrown instanceof KafkaFormatError) return { reason: thrown.message };
    throw thrown;
  }
}

/** Hands records over. Answers whether there is room for more. */
function give(
  partition: Partition,
  records: readonly KafkaRecord[],
  { sink, options, now }: Taking,
): boolean {
  let room = true;
  for (const record of records) {
    const position = sink.position();
    const seq = typeof position === 'number' ? position + 1 : 1;
    for (const message of messagesFor(messageOf(record, partition.id, seq, now()), options))
      if (!sink.take(message)) room = false;
  }
  return room;
}

/** Says where we stand where the last offsets had no record for us: the end of a transaction, or what was given up or compacted. */
function stand(partition: Partition, last: number | undefined, { sink, now }: Taking): void {
  const offset = (partition.next ?? 0) - 1;
  const had = sink.marks()[String(partition.id)];
  const behind = had === undefined ? -1 : Number(had.split(' ')[0]);
  if (last === offset || behind >= offset) return;
  const mark = partitionMarkText({ offset, timestamp: undefined });
  sink.take(standingEvent([String(partition.id), mark], now()));
}

/** Compares the first record that comes with the one that has to. */
function checkFirst(
  partition: Partition,
  record: KafkaRecord | undefined,
  { partitions, sink }: Taking,
): 'fine' | 'had' | 'reset' {
  const { expect } = partition;
  if (record === undefined) return 'fine';
  partition.expect = undefined;
  if (expect === undefined || record.offset !== expect.offset) return 'fine';
  if (record.timestamp === expect.timestamp) return 'had';
  const said = judgeOther(partitions.factsOf(partition), expect);
  sink.take(said);
  // What lies there now is new to us.
  return said.kind === 'reset' ? 'reset' : 'fine';
}

function quarantine(partition: Partition, batch: RecordBatch, reason: string, { sink, now }: Taking): void {
  const detail = `partition ${partition.id}, offsets ${batch.baseOffset} to ${batch.lastOffset}: ${reason}`;
  const gap: SourceMessage = { kind: 'gap', reason: 'jump', detail };
  sink.take(gap);
  sink.take({ kind: 'bad', raw: Buffer.from(batch.raw.subarray(0, QUARANTINED_BYTES)), reason: detail });
  partition.next = Math.max(batch.lastOffset, partition.next ?? 0) + 1;
  partition.expect = undefined;
  const mark = partitionMarkText({ offset: partition.next - 1, timestamp: undefined });
  sink.take(standingEvent([String(partition.id), mark], now()));
}

type Read =
  | { readonly records: readonly KafkaRecord[]; readonly reason?: undefined }
  | { readonly records?: undefined; readonly reason: string };

/** Reads the batches of a fetch, without those of transactions that were given up, and without the ends of transactions. */
function createReader({ aborted }: FetchedPartition): (batch: RecordBatch) => Read {
  const waiting = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  const givenUp = new Set<bigint>();
  return (batch) => {
    while ((waiting[0]?.firstOffset ?? Number.POSITIVE_INFINITY) <= batch.lastOffset) {
      const first = waiting.shift();
      if (first !== undefined) givenUp.add(first.producerId);
    }
    if (batch.transactional && !batch.control && givenUp.has(batch.producerId)) return { records: [] };
    try {
      const records = recordsOf(batch);
      if (!batch.control) return { records };
      if (records.some(isAbortMarker)) givenUp.delete(batch.producerId);
      return { records: [] };
    } catch (thrown) {
      if (thrown instanceof KafkaFormatError) return { reason: thrown.message };
      throw thrown;
    }
  };
}
