import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect, headers, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { onEnd, tempFolder } from './leaks.ts';
import { until, within } from './wait.ts';

/** Why tests against a real server are skipped; false where it is there. */
export const NO_NATS_SERVER =
  spawnSync('nats-server', ['--version']).error === undefined
    ? false
    : 'there is no nats-server on this machine (Debian: apt-get install nats-server)';

/** A message to publish: its payload, or more of it. */
export type Payload =
  | string
  | Uint8Array
  | {
      readonly subject?: string;
      readonly data: string | Uint8Array;
      readonly headers?: Record<string, string>;
    };

export interface NatsServer {
  readonly port: number;
  /** `nats://127.0.0.1:PORT`. */
  readonly address: string;
  /** Ends it as a power cut of the process would, and waits. */
  kill(): Promise<void>;
  /** Stops its process where it stands, or lets it go on: it neither answers nor closes a connection. */
  freeze(frozen: boolean): void;
  /** Starts it again on its port and its files. */
  start(): Promise<void>;
  /** Asks JetStream's API: `STREAM.INFO.x`. Throws where the answer is an error. */
  api<T>(verb: string, body?: object): Promise<T>;
  createStream(name: string, config?: object): Promise<void>;
  /** Publishes to the stream's subject (`NAME.x` by default), one after another; resolves with the number of the last. */
  publish(stream: string, payloads: readonly Payload[]): Promise<number>;
}

interface Answer {
  readonly error?: { readonly description: string };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a real server with JetStream, on loopback, until the end of the test. `config` is lines of its config file. */
export async function startNatsServer(
  t: TestContext,
  config = '',
  access: NodeConnectionOptions = {},
): Promise<NatsServer> {
  const folder = tempFolder(t);
  const port = await freePort();
  const file = join(folder, 'nats.conf');
  writeFileSync(file, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}/js" }\n${config}\n`);
  let child: ChildProcess | undefined;
  let admin: NatsConnection | undefined;

  const connected = async (): Promise<NatsConnection> => {
    if (admin === undefined || admin.isClosed())
      admin = await connect({ servers: `127.0.0.1:${port}`, reconnect: false, timeout: 2000, ...access });
    return admin;
  };
  const start = async (): Promise<void> => {
    const log = { text: '' };
    child = spawn('nats-server', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log.text += text;
    });
    await until(() => log.text.includes('Server is ready'), { what: `nats-server to start: ${log.text}` });
  };
  const kill = async (): Promise<void> => {
    const dying = child;
    child = undefined;
    if (dying === undefined) return;
    const gone = once(dying, 'close');
    dying.kill('SIGKILL');
    await within(gone, { what: 'nats-server to end' });
  };
  onEnd(t, async () => {
    await admin?.close();
    await kill();
  });
  await start();

  const api = async <T>(verb: string, body: object = {}): Promise<T> => {
    const message = await (await connected()).request(`$JS.API.${verb}`, JSON.stringify(body), {
      timeout: 5000,
    });
    const answer = message.json<Answer>();
    if (answer.error !== undefined) throw new Error(`${verb}: ${answer.error.description}`);
    return answer as T;
  };
  return {
    port,
    address: `nats://127.0.0.1:${port}`,
    kill,
    freeze: (frozen) => void child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT'),
    start,
    api,
    async createStream(name, more = {}) {
      await api(`STREAM.CREATE.${name}`, { name, subjects: [`${name}.>`], storage: 'file', ...more });
    },
    async publish(stream, payloads) {
      const connection = await connected();
      const answers = await Promise.all(
        payloads.map((payload) => {
          const plain = typeof payload === 'string' || payload instanceof Uint8Array;
          const { subject = `${stream}.x`, data, headers: told = {} } = plain ? { data: payload } : payload;
          const carried = headers();
          for (const [key, value] of Object.entries(told)) carried.append(key, value);
          const options = Object.keys(told).length === 0 ? {} : { headers: carried };
          return connection.request(subject, data, { timeout: 10_000, ...options });
        }),
      );
      return Math.max(0, ...answers.map((answer) => answer.json<{ seq: number }>().seq));
    },
  };
}
