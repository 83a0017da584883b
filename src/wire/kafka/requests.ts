import { KafkaFormatError, KafkaReader } from './reader.ts';
import { createKafkaWriter, type KafkaWriter } from './writer.ts';

/** A request of Kafka's protocol: how it is written, and how its answer is read (kafka.apache.org/protocol, "The Messages"). */
export interface KafkaRequest<T> {
  readonly name: string;
  readonly key: number;
  readonly version: number;
  /** Whether its headers carry tagged fields. */
  readonly flexible: boolean;
  readonly body: Buffer;
  readonly read: (reader: KafkaReader) => T;
}

export const API = {
  fetch: 1,
  listOffsets: 2,
  metadata: 3,
  saslHandshake: 17,
  apiVersions: 18,
  saslAuthenticate: 36,
};

/** The frame of a request, with its length. */
export function encodeRequest(request: KafkaRequest<unknown>, correlation: number, client: string): Buffer {
  const head = createKafkaWriter()
    .int16(request.key)
    .int16(request.version)
    .int32(correlation)
    .string(client);
  if (request.flexible) head.tags();
  const message = head.raw(request.body).build();
  return Buffer.concat([createKafkaWriter().int32(message.length).build(), message]);
}

/** Reads the answer to a request. Throws KafkaFormatError. */
export function decodeAnswer<T>(request: KafkaRequest<T>, correlation: number, answer: Buffer): T {
  const reader = new KafkaReader(answer);
  if (reader.int32() !== correlation) throw new KafkaFormatError('it is for another request');
  if (request.flexible) reader.tags();
  return request.read(reader);
}

function simple<T>(
  [name, key, version]: readonly [string, number, number],
  write: (writer: KafkaWriter) => void,
  read: (reader: KafkaReader) => T,
): KafkaRequest<T> {
  const writer = createKafkaWriter();
  write(writer);
  return { name, key, version, flexible: false, body: writer.build(), read };
}

export interface ApiVersions {
  readonly error: number;
  /** The oldest and newest version of each request that the broker knows. */
  readonly versions: ReadonlyMap<number, readonly [oldest: number, newest: number]>;
}

export function askApiVersions(): KafkaRequest<ApiVersions> {
  return simple(
    ['ApiVersions', API.apiVersions, 0],
    () => {},
    (reader) => ({
      error: reader.int16(),
      versions: new Map(reader.array(() => [reader.int16(), [reader.int16(), reader.int16()]] as const)),
    }),
  );
}

export interface TopicMetadata {
  readonly brokers: readonly { readonly node: number; readonly host: string; readonly port: number }[];
  readonly error: number;
  /** The topic's own id, which another topic of the same name does not have; undefined from brokers before 2.8. */
  readonly id: string | undefined;
  readonly partitions: readonly { readonly error: number; readonly index: number; readonly leader: number }[];
}

/** No id: sixteen zeros. */
const NO_ID = Buffer.alloc(16).toString('base64url');

/**
 * Asks for one topic, in the newest version that the broker knows of those that are written here. It is never created by asking,
 * but by version 2, which only librdkafka's mock brokers have as their newest.
 */
export function askMetadata(topic: string, newest: number): KafkaRequest<TopicMetadata> {
  return newest >= 10 ? askFlexibleMetadata(topic) : askPlainMetadata(topic, newest >= 4 ? 4 : 2);
}

function askPlainMetadata(topic: string, version: 2 | 4): KafkaRequest<TopicMetadata> {
  return simple(
    ['Metadata', API.metadata, version],
    (writer) => {
      writer.array([topic], (name) => writer.string(name));
      if (version === 4) writer.int8(0);
    },
    (reader) => {
      if (version === 4) reader.int32();
      const brokers = reader.array(() => {
        const broker = { node: reader.int32(), host: reader.string() ?? '', port: reader.int32() };
        reader.string();
        return broker;
      });
      reader.string();
      reader.int32();
      const [found] = reader.array(() => {
        const error = reader.int16();
        reader.string();
        reader.int8();
        const partitions = reader.array(() => {
          const partition = { error: reader.int16(), index: reader.int32(), leader: reader.int32() };
          reader.array(() => reader.int32());
          reader.array(() => reader.int32());
          return partition;
        });
        return { error, id: undefined, partitions };
      });
      return { brokers, ...(found ?? { error: 3, id: undefined, partitions: [] }) };
    },
  );
}

function askFlexibleMetadata(topic: string): KafkaRequest<TopicMetadata> {
  const writer = createKafkaWriter()
    .uvarint(2)
    .raw(Buffer.alloc(16))
    .string(topic, true)
    .tags()
    .int8(0)
    .int8(0)
    .int8(0)
    .tags();
  const read = (reader: KafkaReader): TopicMetadata => {
    reader.int32();
    const brokers = reader.array(() => {
      const broker = { node: reader.int32(), host: reader.string(true) ?? '', port: reader.int32() };
      reader.string(true);
      reader.tags();
      return broker;
    }, true);
    reader.string(true);
    reader.int32();
    const [found] = reader.array(() => {
      const error = reader.int16();
      reader.string(true);
      const id = reader.uuid();
      reader.int8();
      const partitions = reader.array(() => {
        const partition = { error: reader.int16(), index: reader.int32(), leader: reader.int32() };
        reader.int32();
        for (let list = 0; list < 3; list++) reader.array(() => reader.int32(), true);
        reader.tags();
        return partition;
      }, true);
      reader.int32();
      reader.tags();
      return { error, id: id === NO_ID ? undefined : id, partitions };
    }, true);
    return { brokers, ...(found ?? { error: 3, id: undefined, partitions: [] }) };
  };
  return { name: 'Metadata', key: API.metadata, version: 10, flexible: true, body: writer.build(), read };
}

export interface FoundOffset {
  readonly partition: number;
  readonly error: number;
  readonly offset: number;
}

/** Asks for the first offset that each partition has, or the one behind its last. */
export function askOffsets(
  topic: string,
  which: 'first' | 'end',
  partitions: readonly number[],
): KafkaRequest<readonly FoundOffset[]> {
  return simple(
    ['ListOffsets', API.listOffsets, 2],
    (writer) =>
      writer
        .int32(-1)
        .int8(0)
        .array([topic], (name) =>
          writer
            .string(name)
            .array(partitions, (partition) => writer.int32(partition).int64(which === 'first' ? -2 : -1)),
        ),
    (reader) => {
      reader.int32();
      return reader
        .array(() => {
          reader.string();
          return reader.array(() => {
            const [partition, error] = [reader.int32(), reader.int16()];
            reader.skip(8);
            return { partition, error, offset: reader.int64() };
          });
        })
        .flat();
    },
  );
}

export interface FetchedPartition {
  readonly partition: number;
  readonly error: number;
  /** Transactions that were given up, by producer and the first offset of each. */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: number }[];
  readonly records: Buffer;
}

export interface Fetched {
  /** How long the broker wants to be left alone, milliseconds. */
  readonly throttleMs: number;
  readonly partitions: readonly FetchedPartition[];
}

export interface FetchLimits {
  readonly waitMs: number;
  readonly bytes: number;
  readonly bytesPerPartition: number;
}

/** Asks for records of transactions that were committed, from an offset on. */
export function askRecords(
  topic: string,
  from: readonly { readonly partition: number; readonly offset: number }[],
  limits: FetchLimits,
): KafkaRequest<Fetched> {
  return simple(
    ['Fetch', API.fetch, 5],
    (writer) =>
      writer
        .int32(-1)
        .int32(limits.waitMs)
        .int32(1)
        .int32(limits.bytes)
        .int8(1)
        .array([topic], (name) =>
          writer
            .string(name)
            .array(from, ({ partition, offset }) =>
              writer.int32(partition).int64(offset).int64(-1).int32(limits.bytesPerPartition),
            ),
        ),
    (reader) => ({
      throttleMs: reader.int32(),
      partitions: reader
        .array(() => {
          reader.string();
          return reader.array(() => readFetched(reader));
        })
        .flat(),
    }),
  );
}

function readFetched(reader: KafkaReader): FetchedPartition {
  const [partition, error] = [reader.int32(), reader.int16()];
  reader.skip(3 * 8);
  const aborted = reader.array(() => ({ producerId: reader.raw64(), firstOffset: reader.int64() }));
  return { partition, error, aborted, records: reader.bytes() ?? Buffer.alloc(0) };
}

export function askSaslHandshake(
  mechanism: string,
): KafkaRequest<{ readonly error: number; readonly known: readonly string[] }> {
  return simple(
    ['SaslHandshake', API.saslHandshake, 1],
    (writer) => writer.string(mechanism),
    (reader) => ({ error: reader.int16(), known: reader.array(() => reader.string() ?? '') }),
  );
}

export interface SaslAnswer {
  readonly error: number;
  readonly message: string;
  readonly bytes: Buffer;
}

export function askSaslAuthenticate(bytes: Buffer): KafkaRequest<SaslAnswer> {
  return simple(
    ['SaslAuthenticate', API.saslAuthenticate, 0],
    (writer) => writer.bytes(bytes),
    (reader) => ({
      error: reader.int16(),
      message: reader.string() ?? '',
      bytes: reader.bytes() ?? Buffer.alloc(0),
    }),
  );
}
