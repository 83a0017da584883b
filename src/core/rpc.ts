import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type * as v from 'valibot';
import { type Clock, systemClock } from './clock.ts';
import type { Log } from './log.ts';
import { asError, err, errorCode, ok, type Result } from './result.ts';
import { connectSocket, type RpcApi, type RpcShape, socketAddress } from './rpc-client.ts';
import {
  type Connection,
  type Context,
  type Method,
  type RpcCall,
  type RpcLimits,
  serveConnection,
} from './rpc-connection.ts';

export { type RpcCall, RpcError, type RpcLimits } from './rpc-connection.ts';

type Answer<Shape extends RpcShape> = Shape extends { readonly item: infer Item }
  ? AsyncIterable<Item>
  : Shape extends { readonly value: infer Value }
    ? Promise<Value> | Value
    : never;

export interface RpcMethod<Shape extends RpcShape> {
  /** Checks what comes from outside; what is wrong is answered `bad-request`, naming the field. */
  readonly params: v.GenericSchema<unknown, Shape['params']>;
  /** Answers once, or with a stream. May throw a RpcError; anything else thrown is `internal`, and logged. */
  handle(params: Shape['params'], call: RpcCall): Answer<Shape>;
}

/** A method for each one of the API. */
export type RpcMethods<Api extends RpcApi<Api>> = { readonly [M in keyof Api]: RpcMethod<Api[M]> };

export interface RpcServerOptions<Api extends RpcApi<Api>> {
  /** Absolute, of any length; its folder exists. */
  readonly path: string;
  readonly methods: RpcMethods<Api>;
  readonly log: Log;
  /** 0o600: the own user alone; 0o660: the group of the folder (where it is setgid) or of the process, too. */
  readonly mode: 0o600 | 0o660;
  readonly limits?: Partial<RpcLimits>;
  readonly clock?: Clock;
}

export interface RpcServer {
  readonly path: string;
  /** How many connections are open. */
  readonly connections: number;
  /**
   * Takes nothing new, ends streams (code `closing`), lets other calls finish for `closeMs`, then cuts them.
   * All connections are closed when it resolves. Twice is once.
   */
  close(): Promise<void>;
}

export interface RpcListenError {
  /** `in-use`: somebody answers there. `not-a-socket`: something else has that name. */
  readonly kind: 'in-use' | 'not-a-socket' | 'unusable';
  readonly message: string;
}

const LIMITS: RpcLimits = { requestBytes: 1024 * 1024, idleMs: 5_000, connections: 200, closeMs: 2_000 };
/** The kernel takes a connection for whoever holds the socket, so this is long. */
const PROBE_MS = 1_000;
const REFUSAL_MS = 1_000;

function unusable(path: string, thrown: unknown): RpcListenError {
  return { kind: 'unusable', message: `cannot listen at ${path}: ${asError(thrown).message}` };
}

/** Whether the name is free: nothing there, or a socket that its process left behind. */
async function checkFree(path: string, clock: Clock): Promise<RpcListenError | undefined> {
  try {
    if (!lstatSync(path).isSocket())
      return {
        kind: 'not-a-socket',
        message: `cannot listen at ${path}: something that is no socket is there`,
      };
  } catch (thrown) {
    return errorCode(thrown) === 'ENOENT' ? undefined : unusable(path, thrown);
  }
  const probe = await connectSocket(path, { timeoutMs: PROBE_MS, clock });
  if (probe.ok) probe.value.destroy();
  else if (probe.error.kind === 'not-running') return undefined;
  return { kind: 'in-use', message: `cannot listen at ${path}: another process does` };
}

/** Binds the server; resolves when it listens. */
function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path: address }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Makes the socket in a folder that only this user may enter, and moves it to its place when its permissions
 * are right: so it is never open wider, and takes the place of a stale one in one step. (A umask around the
 * call would also strike whatever other threads of this process create meanwhile.)
 * @returns how to take it away again.
 */
async function bind(server: Server, path: string, mode: number): Promise<() => void> {
  const folder = `${path}.new`;
  const inside = join(folder, 's');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const target = socketAddress(inside);
  try {
    await listen(server, target.address);
    chmodSync(inside, mode);
    const { ino } = lstatSync(inside);
    renameSync(inside, path);
    return () => {
      // libuv unlinks the name that it has bound, through the descriptor for a long one: kept until then.
      target.release();
      // Whoever has taken the name since keeps it.
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) unlinkSync(path);
    };
  } catch (thrown) {
    target.release();
    throw thrown;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Answers one too many, and gives it a moment to read that: hanging up on what it sends would lose the answer. */
function refuse(socket: Socket, clock: Clock): void {
  const timer = clock.timer(REFUSAL_MS, () => socket.destroy());
  socket.on('error', () => {});
  socket.on('close', () => timer.cancel());
  socket.resume();
  socket.end('{"error":{"code":"busy","message":"cannot answer: too many connections"}}\n');
}

/** Ends all connections: by themselves for `closeMs`, then at once. */
async function endAll(connections: ReadonlySet<Connection>, { limits, clock }: Context): Promise<void> {
  for (const connection of connections) connection.drain();
  const deadline = clock.timer(limits.closeMs, () => {
    for (const connection of connections) connection.stop();
  });
  await Promise.all([...connections].map((connection) => connection.closed));
  deadline.cancel();
}

/**
 * Serves methods on a Unix socket: one JSON object a line each way, one call per connection.
 *
 *     {"v":1,"method":"status","params":{}}   →   {"value":…}   or   {"item":…} … {"end":true}   or   {"error":{"code","message","data"}}
 *
 * Errors that the server itself answers with: `bad-request`, `unknown-method`, `internal`, `busy`, `closing`.
 */
export async function serveRpc<Api extends RpcApi<Api>>(
  options: RpcServerOptions<Api>,
): Promise<Result<RpcServer, RpcListenError>> {
  const { path, log, mode, clock = systemClock } = options;
  const methods = options.methods as unknown as Record<string, Method>;
  const context: Context = { methods, log, clock, limits: { ...LIMITS, ...options.limits } };
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    if (connections.size >= context.limits.connections) return refuse(socket, clock);
    const connection = serveConnection(socket, context);
    connections.add(connection);
    void connection.closed.then(() => connections.delete(connection));
  });
  // Those being refused count here, so this bounds them, too.
  server.maxConnections = 2 * context.limits.connections;
  const taken = await checkFree(path, clock);
  if (taken !== undefined) return err(taken);
  let unbind: () => void;
  try {
    unbind = await bind(server, path, mode);
  } catch (thrown) {
    server.close();
    return err(unusable(path, thrown));
  }
  server.on('error', (error) => log.error(`cannot take a connection at ${path}`, { error: error.message }));
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const stopped = new Promise<void>((resolve) => void server.close(() => resolve()));
    await endAll(connections, context);
    await stopped;
    unbind();
  };
  return ok({
    path,
    get connections() {
      return connections.size;
    },
    close: () => (closing ??= close()),
  });
}
