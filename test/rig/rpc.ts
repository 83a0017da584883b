import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach } from 'node:test';
import * as v from 'valibot';
import { type Log, silentLog } from '../../src/core/log.ts';
import type { Result } from '../../src/core/result.ts';
import { createRpcClient, type RpcFailure, socketAddress } from '../../src/core/rpc-client.ts';
import { RpcError, type RpcLimits, type RpcMethods, type RpcServer, serveRpc } from '../../src/core/rpc.ts';
import { until as waitUntil } from './wait.ts';

/** Where the sockets of a test file are; goes after it. */
export const folder = mkdtempSync(join(tmpdir(), 'vahti-rpc-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let sockets = 0;
/** A path for a socket that nobody had. */
export const fresh = (): string => join(folder, `${(sockets += 1)}.sock`);

/** The methods that the tests of the line protocol call. */
export interface Api {
  add: { params: { a: number; b?: number | undefined }; value: number };
  nothing: { params: unknown; value: undefined };
  fail: { params: { how: string }; value: never };
  count: { params: { to: number; size?: number | undefined }; item: { n: number; pad: string } };
  wait: { params: unknown; value: string };
  forever: { params: unknown; item: number };
  deaf: { params: unknown; item: number };
}

/** What the methods of one server have seen. */
export interface Seen {
  made: number;
  ended: number;
  aborted: number;
}

const createSeen = (): Seen => ({ made: 0, ended: 0, aborted: 0 });

/** Methods that do what a test needs, and tell what they saw. */
export function methods(seen: Seen = createSeen()): RpcMethods<Api> {
  const untilAborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) =>
      signal.addEventListener('abort', () => {
        seen.aborted += 1;
        resolve();
      }),
    );
  return {
    add: { params: v.object({ a: v.number(), b: v.optional(v.number()) }), handle: ({ a, b = 1 }) => a + b },
    nothing: { params: v.unknown(), handle: async () => undefined },
    fail: {
      params: v.object({ how: v.string() }),
      handle: ({ how }) => {
        if (how === 'rpc')
          throw new RpcError('unknown-service', 'cannot stop clokc: no such service', { did: 'clock' });
        if (how === 'unwritable') throw new RpcError('odd', 'cannot say', { n: 1n });
        throw new Error('secret detail');
      },
    },
    count: {
      params: v.object({ to: v.number(), size: v.optional(v.number()) }),
      async *handle({ to, size = 0 }) {
        const pad = 'x'.repeat(size);
        try {
          for (let n = 1; n <= to; n += 1) {
            seen.made = n;
            if (n === 666) throw new RpcError('number', 'cannot count on');
            yield { n, pad };
          }
        } finally {
          seen.ended += 1;
        }
      },
    },
    wait: { params: v.unknown(), handle: (_, { signal }) => untilAborted(signal).then(() => 'aborted') },
    forever: {
      params: v.unknown(),
      async *handle(_, { signal }) {
        yield 1;
        await untilAborted(signal);
        seen.ended += 1;
      },
    },
    deaf: {
      params: v.unknown(),
      async *handle() {
        yield 1;
        await new Promise(() => {});
      },
    },
  };
}

export interface Served {
  readonly path: string;
  readonly server: RpcServer;
  readonly seen: Seen;
  readonly logged: string[];
  readonly client: ReturnType<typeof createRpcClient<Api>>;
}

const running: RpcServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

/** A server of these methods, closed after the test, and a client of it. */
export async function serve(
  limits: Partial<RpcLimits> = {},
  path = fresh(),
  mode: 0o600 | 0o660 = 0o600,
): Promise<Served> {
  const seen = createSeen();
  const logged: string[] = [];
  const log: Log = {
    ...silentLog,
    error: (message, fields) => logged.push(`${message}: ${String(fields?.['error'])}`),
  };
  const served = await serveRpc<Api>({
    path,
    methods: methods(seen),
    log,
    mode,
    limits: { closeMs: 200, ...limits },
  });
  if (!served.ok) throw new Error(served.error.message);
  running.push(served.value);
  return {
    path,
    server: served.value,
    seen,
    logged,
    client: createRpcClient<Api>(path, { timeoutMs: 5_000 }),
  };
}

/** A bare connection. */
export function open(path: string): Socket {
  const target = socketAddress(path);
  const socket = connect(target.address);
  socket.once('connect', target.release);
  socket.on('error', () => {});
  return socket;
}

/** Sends bytes, and gives all that comes until the server hangs up. */
export async function raw(path: string, bytes: string | Uint8Array): Promise<string> {
  const socket = open(path);
  const closed = once(socket, 'close');
  let got = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (got += chunk));
  socket.write(bytes);
  await closed;
  return got;
}

/** Waits for a condition that an event elsewhere in this process brings about. */
export async function until(condition: () => boolean): Promise<void> {
  await waitUntil(condition, { what: condition.toString() });
}

/** A whole stream: its items, and the failure that it ended with. */
export async function all<T>(
  stream: AsyncIterable<Result<T, RpcFailure>>,
): Promise<{ items: T[]; failure?: RpcFailure }> {
  const items: T[] = [];
  for await (const got of stream) {
    if (!got.ok) return { items, failure: got.error };
    items.push(got.value);
  }
  return { items };
}
