import { randomBytes } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import type { KafkaReader } from '../../src/wire/kafka/reader.ts';
import { createKafkaWriter, type KafkaWriter } from '../../src/wire/kafka/writer.ts';
import { PartitionLog } from './kafka-log.ts';

const PRODUCE = 0;
const FETCH = 1;
const LIST_OFFSETS = 2;
const METADATA = 3;
const HANDSHAKE = 17;
const VERSIONS = 18;
const AUTHENTICATE = 36;
const OUT_OF_RANGE = 1;
const UNKNOWN_TOPIC = 3;
const NOT_LEADER = 6;
/** A fetch waits so long at most when there is nothing new, whatever it asks for. */
const POLL_MS = 5;

export interface Request {
  readonly key: number;
  readonly version: number;
  readonly reader: KafkaReader;
}

export interface Node {
  port: number;
  server: Server | undefined;
  readonly sockets: Set<Socket>;
}

export interface Answer {
  readonly bytes: Buffer;
  readonly cut?: boolean;
}

/** What brokers know of one topic, and what they answer. */
export function createTopic(name: string, old: boolean, nodes: number) {
  let logs: PartitionLog[] = [];
  let id = randomBytes(16);
  let cuts = 0;
  let throttleMs = 0;
  let deaf: number | undefined;
  const errors = new Map<number, number[]>();
  const asked = new Map<number, number>();

  const add = (leader = logs.length % nodes): PartitionLog => {
    const log = new PartitionLog(leader);
    logs.push(log);
    return log;
  };
  const errorOf = (partition: number, node: number): number => {
    const planned = errors.get(partition)?.shift();
    if (planned !== undefined) return planned;
    const log = logs[partition];
    if (log === undefined) return UNKNOWN_TOPIC;
    return log.leader === node ? 0 : NOT_LEADER;
  };

  const versions = (version: number): Buffer => {
    const known = [
      // librdkafka reads no records of brokers that take none; nobody sends any.
      [PRODUCE, 3, 7],
      [FETCH, 4, 5],
      [LIST_OFFSETS, 1, 2],
      [METADATA, 0, old ? 4 : 10],
      [HANDSHAKE, 0, 1],
      [VERSIONS, 0, 0],
      [AUTHENTICATE, 0, 0],
    ] as const;
    const writer = createKafkaWriter().int16(version === 0 ? 0 : 35);
    writer.array(known, ([key, oldest, newest]) => writer.int16(key).int16(oldest).int16(newest));
    return writer.build();
  };

  const metadata = (version: number, list: readonly Node[]): Buffer => {
    const compact = version >= 9;
    const writer = createKafkaWriter();
    const tags = (): KafkaWriter => (compact ? writer.tags() : writer);
    if (version >= 3) writer.int32(0);
    const brokers = list.map(({ port }, node) => ({ node, port }));
    writer.array(
      brokers,
      ({ node, port }) => {
        writer.int32(node).string('127.0.0.1', compact).int32(port);
        if (version >= 1) writer.string(null, compact);
        tags();
      },
      compact,
    );
    if (version >= 2) writer.string('fake', compact);
    if (version >= 1) writer.int32(0);
    const writePartition = (partition: number): void => {
      const leader = logs[partition]?.leader ?? -1;
      const alive = list[leader]?.server !== undefined;
      writer
        .int16(alive ? 0 : 5)
        .int32(partition)
        .int32(alive ? leader : -1);
      if (version >= 7) writer.int32(0);
      for (let each = 0; each < (version >= 5 ? 3 : 2); each++)
        writer.array(each === 2 ? [] : [leader], (replica) => writer.int32(replica), compact);
      tags();
    };
    writer.array(
      [name],
      () => {
        writer.int16(logs.length === 0 ? UNKNOWN_TOPIC : 0).string(name, compact);
        if (version >= 10) writer.raw(id);
        if (version >= 1) writer.int8(0);
        writer.array([...logs.keys()], writePartition, compact);
        if (version >= 8) writer.int32(0);
        tags();
      },
      compact,
    );
    if (version >= 8 && version <= 10) writer.int32(0);
    return tags().build();
  };

  const offsets = (reader: KafkaReader, version: number, node: number): Buffer => {
    reader.skip(version >= 2 ? 5 : 4);
    const topics = reader.array(() => {
      reader.string();
      return reader.array(() => ({ partition: reader.int32(), time: reader.int64() }));
    });
    const writer = createKafkaWriter();
    if (version >= 2) writer.int32(0);
    writer.array(topics, (those) => {
      writer.string(name).array(those, ({ partition, time }) => {
        const log = logs[partition];
        const offset = (time === -2 ? log?.start : log?.end) ?? -1;
        writer.int32(partition).int16(errorOf(partition, node)).int64(-1).int64(offset);
      });
    });
    return writer.build();
  };

  const records = async (reader: KafkaReader, version: number, node: number): Promise<Answer> => {
    reader.skip(4);
    const [waitMs, , mostBytes] = [reader.int32(), reader.int32(), reader.int32()];
    reader.skip(1);
    const [wanted = []] = reader.array(() => {
      reader.string();
      return reader.array(() => {
        const [partition, offset] = [reader.int32(), reader.int64()];
        reader.skip(version >= 5 ? 8 : 0);
        return { partition, offset, most: reader.int32() };
      });
    });
    const isNew = () =>
      wanted.some(({ partition, offset }) => {
        const log = logs[partition];
        const ready =
          log !== undefined && (log.read(offset, 1).length > 0 || offset > log.end || offset < log.start);
        return ready || log?.leader !== node || (errors.get(partition)?.length ?? 0) > 0;
      });
    for (let left = waitMs; left > 0 && !isNew(); left -= POLL_MS)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const writer = createKafkaWriter().int32(throttleMs);
    throttleMs = 0;
    let left = mostBytes;
    let any = false;
    writer.array([name], () => {
      writer.string(name).array(wanted, ({ partition, offset, most }) => {
        const log = logs[partition];
        const planned = errorOf(partition, node);
        const outside = log !== undefined && (offset < log.start || offset > log.end);
        const error = planned === 0 && outside ? OUT_OF_RANGE : planned;
        const bytes =
          error === 0 && log !== undefined && left > 0
            ? log.read(offset, Math.min(left, most))
            : Buffer.alloc(0);
        left -= bytes.length;
        any ||= bytes.length > 0;
        writer
          .int32(partition)
          .int16(error)
          .int64(log?.end ?? -1)
          .int64(log?.stable() ?? -1);
        if (version >= 5) writer.int64(log?.start ?? -1);
        const aborted = (log?.aborted ?? []).filter(({ last }) => last >= offset);
        writer.array(aborted, ({ producer, first }) => writer.int64(producer).int64(first)).bytes(bytes);
      });
    });
    const cut = any && cuts > 0;
    if (cut) cuts -= 1;
    return { bytes: writer.build(), cut };
  };

  const answer = async (
    request: Request,
    list: readonly Node[],
    node: number,
  ): Promise<Answer | undefined> => {
    const { key, version, reader } = request;
    if (key === deaf) return undefined;
    asked.set(key, (asked.get(key) ?? 0) + 1);
    if (key === VERSIONS) return { bytes: versions(version) };
    if (key === METADATA) return { bytes: metadata(version, list) };
    if (key === LIST_OFFSETS) return { bytes: offsets(reader, version, node) };
    if (key === FETCH) return records(reader, version, node);
    throw new Error(`nobody expects request ${key}`);
  };

  return {
    answer,
    add,
    asked,
    partition(partition: number): PartitionLog {
      const log = logs[partition];
      if (log === undefined) throw new Error(`no partition ${partition}`);
      return log;
    },
    recreate(): void {
      const count = logs.length;
      logs = [];
      id = randomBytes(16);
      for (let each = 0; each < count; each++) add();
    },
    faults: {
      fail(partition: number, code: number, times = 1): void {
        errors.set(partition, [
          ...(errors.get(partition) ?? []),
          ...Array.from({ length: times }, () => code),
        ]);
      },
      cut: (times: number): void => void (cuts = times),
      throttle: (ms: number): void => void (throttleMs = ms),
      deafen: (key: number | undefined): void => void (deaf = key),
    },
  };
}
