import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { KafkaReader } from '../../src/wire/kafka/reader.ts';
import { createKafkaWriter } from '../../src/wire/kafka/writer.ts';
import { type Answer, createTopic, type Node, type Request } from './kafka-topic.ts';
import type { PartitionLog } from './kafka-log.ts';
import { onEnd } from './leaks.ts';

/**
 * Brokers that speak the part of Kafka's protocol that a consumer without a group needs, with one topic, and faults. Their
 * answers are proved with librdkafka in kafka-broker.test.ts.
 */
export interface KafkaBrokers {
  readonly topic: string;
  /** `127.0.0.1:PORT,…`. */
  bootstrap(): string;
  partition(id: number): PartitionLog;
  addPartition(leader?: number): PartitionLog;
  /** Deletes the topic and makes it again, with an id of its own and as many empty partitions. */
  recreate(): void;
  /** Ends a broker as kill -9 does; its connections break. */
  kill(node: number): Promise<void>;
  revive(node: number): Promise<void>;
  /** The next so many answers for a partition are this error. */
  fail(partition: number, code: number, times?: number): void;
  /** The next answers to fetches that bring records break off in the middle, and so do their connections. */
  cut(times: number): void;
  /** The next fetch asks to be left alone for so long. */
  throttle(ms: number): void;
  /** Requests of this kind are not answered any more. */
  deafen(key: number | undefined): void;
  /** How many requests of each kind were answered. */
  readonly asked: ReadonlyMap<number, number>;
}

export interface BrokersOptions {
  readonly nodes?: number;
  readonly partitions?: number;
  /** `user:password` for PLAIN; nobody else is let in. */
  readonly login?: string;
  /** Its key and certificate, PEM: it speaks TLS then. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Brokers before 2.8 know no ids of topics. */
  readonly old?: boolean;
}

const METADATA = 3;
const HANDSHAKE = 17;
const VERSIONS = 18;
const AUTHENTICATE = 36;

export async function startKafkaBrokers(t: TestContext, options: BrokersOptions = {}): Promise<KafkaBrokers> {
  const { nodes = 1, partitions = 1, login, old = false } = options;
  const cluster = createTopic('orders', old, nodes);
  const nodesList: Node[] = Array.from({ length: nodes }, () => ({
    port: 0,
    server: undefined,
    sockets: new Set(),
  }));
  for (let id = 0; id < partitions; id++) cluster.add();
  const revive = async (id: number): Promise<void> => {
    const node = nodesList[id] as Node;
    const accept = (socket: Socket): void => {
      node.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => node.sockets.delete(socket));
      serve(socket, login, (request) => cluster.answer(request, nodesList, id));
    };
    const server = options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, accept);
    server.listen(node.port, '127.0.0.1');
    await once(server, 'listening');
    node.port = (server.address() as AddressInfo).port;
    node.server = server;
  };
  const kill = async (id: number): Promise<void> => {
    const node = nodesList[id];
    if (node?.server === undefined) return;
    const closed = once(node.server, 'close');
    node.server.close();
    node.server = undefined;
    for (const socket of node.sockets) socket.destroy();
    await closed;
  };
  onEnd(t, async () => {
    for (let id = 0; id < nodes; id++) await kill(id);
  });
  for (let id = 0; id < nodes; id++) await revive(id);
  return {
    topic: 'orders',
    bootstrap: () => nodesList.map(({ port }) => `127.0.0.1:${port}`).join(','),
    partition: cluster.partition,
    addPartition: cluster.add,
    recreate: cluster.recreate,
    kill,
    revive,
    ...cluster.faults,
    asked: cluster.asked,
  };
}

/** Reads requests, and writes their answers in the same order. A cut answer ends the connection. */
function serve(
  socket: Socket,
  login: string | undefined,
  answer: (request: Request) => Promise<Answer | undefined>,
): void {
  let bytes = Buffer.alloc(0);
  let inside = login === undefined;
  let busy = Promise.resolve();
  const handle = async (frame: Buffer): Promise<void> => {
    const reader = new KafkaReader(frame);
    const [key, version, correlation] = [reader.int16(), reader.int16(), reader.int32()];
    reader.string();
    if (key === METADATA && version >= 9) reader.tags();
    const head = createKafkaWriter().int32(correlation);
    if (key === METADATA && version >= 9) head.tags();
    let body: Answer | undefined;
    if (key === HANDSHAKE) body = { bytes: createKafkaWriter().int16(0).int32(1).string('PLAIN').build() };
    else if (key === AUTHENTICATE) {
      inside = login !== undefined && reader.bytes()?.toString() === `\0${login.replace(':', '\0')}`;
      const said = inside ? null : 'Authentication failed';
      body = {
        bytes: createKafkaWriter()
          .int16(inside ? 0 : 58)
          .string(said)
          .bytes(Buffer.alloc(0))
          .build(),
      };
    } else if (key !== VERSIONS && !inside) return void socket.destroy();
    else body = await answer({ key, version, reader });
    if (body === undefined || socket.destroyed) return;
    const message = head.raw(body.bytes).build();
    const whole = Buffer.concat([createKafkaWriter().int32(message.length).build(), message]);
    if (body.cut === true) socket.end(whole.subarray(0, whole.length / 2));
    else socket.write(whole);
  };
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
      const end = 4 + bytes.readInt32BE(0);
      const frame = bytes.subarray(4, end);
      bytes = bytes.subarray(end);
      busy = busy.then(() => handle(frame)).catch(() => void socket.destroy());
    }
  });
}
