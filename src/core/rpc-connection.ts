import type { Socket } from 'node:net';
import * as v from 'valibot';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { asError } from './result.ts';
import { RPC_VERSION } from './rpc-client.ts';

/** What a handler throws to answer with an error: `unknown-service`, "cannot …". */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: string;
  readonly data: unknown;

  constructor(code: string, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export interface RpcCall {
  /** Aborts when the caller hangs up, or the server closes. */
  readonly signal: AbortSignal;
}

export interface RpcLimits {
  /** Longest request line. Default 1 MiB. */
  readonly requestBytes: number;
  /** A connection without a whole request after this is closed. Default 5 s. */
  readonly idleMs: number;
  /** More are answered `busy` and closed. Default 200. */
  readonly connections: number;
  /** How long `close` waits for calls to end. Default 2 s. */
  readonly closeMs: number;
}

/** A method, its types forgotten: the schema has checked what the handler gets. */
export interface Method {
  readonly params: v.GenericSchema;
  readonly handle: (params: unknown, call: RpcCall) => unknown;
}

/** What the connections of one server share. */
export interface Context {
  readonly methods: Readonly<Record<string, Method>>;
  readonly log: Log;
  readonly limits: RpcLimits;
  readonly clock: Clock;
}

/** One connection: one call. */
export interface Connection {
  /** Takes no request any more, and ends a stream; another call goes on. */
  drain(): void;
  /** Cuts it at once. */
  stop(): void;
  /** Resolves when its socket is closed. */
  readonly closed: Promise<void>;
}

const Request = v.object({
  v: v.literal(RPC_VERSION),
  method: v.string(),
  params: v.optional(v.unknown(), {}),
});

function firstIssue(issues: readonly v.BaseIssue<unknown>[]): { field: string; problem: string } {
  const [issue] = issues;
  return { field: (issue && v.getDotPath(issue)) ?? '', problem: issue?.message ?? 'not as expected' };
}

/** Reads a request line: the method and its checked params. Throws a RpcError. */
function parseRequest(
  line: Buffer,
  methods: Context['methods'],
): { name: string; method: Method; params: unknown } {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch {
    throw new RpcError('bad-request', 'cannot read the request: not a line of JSON');
  }
  const request = v.safeParse(Request, json);
  if (!request.success) {
    const { field, problem } = firstIssue(request.issues);
    throw new RpcError('bad-request', `cannot read the request: ${field || 'it'}: ${problem}`, { field });
  }
  const { method: name, params } = request.output;
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (method === undefined)
    throw new RpcError('unknown-method', `cannot call ${name.slice(0, 100)}: no such method`);
  const checked = v.safeParse(method.params, params);
  if (!checked.success) {
    const { field, problem } = firstIssue(checked.issues);
    throw new RpcError('bad-request', `cannot call ${name}: ${field || 'params'}: ${problem}`, { field });
  }
  return { name, method, params: checked.output };
}

/**
 * The first line of a connection, or undefined where none comes: hung up, or too late.
 * Rejects with a RpcError when it is too long, or followed by more. The socket flows on, so that a hang-up is seen.
 */
function readRequest(
  socket: Socket,
  { limits, clock }: Context,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    const nothing = (): void => finish(() => resolve(undefined));
    const wrong = (problem: string): void =>
      finish(() => reject(new RpcError('bad-request', `cannot read the request: ${problem}`)));
    const timer = clock.timer(limits.idleMs, nothing);
    const finish = (settle: () => void): void => {
      timer.cancel();
      socket.off('data', onData);
      signal.removeEventListener('abort', nothing);
      // One call per connection: whoever goes on talking is cut off.
      socket.on('data', () => socket.destroy());
      settle();
    };
    const onData = (chunk: Buffer): void => {
      const end = chunk.indexOf(10);
      const part = end === -1 ? chunk : chunk.subarray(0, end);
      parts.push(part);
      length += part.length;
      if (length > limits.requestBytes) wrong(`longer than ${limits.requestBytes} bytes`);
      else if (end !== -1 && end !== chunk.length - 1) wrong('more than one line');
      else if (end !== -1) finish(() => resolve(Buffer.concat(parts)));
    };
    socket.on('data', onData);
    signal.addEventListener('abort', nothing, { once: true });
    if (signal.aborted) nothing();
  });
}

/** What a promise resolves to, or undefined as soon as the signal aborts. Leaves nothing behind on the signal. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}

/** Writes one line. Where the socket is full by then, a promise that resolves when it has room again, or is closed. */
function writeLine(socket: Socket, line: string): Promise<void> | undefined {
  if (!socket.writable || socket.write(`${line}\n`)) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

/** Writes the items of a stream as fast as they are read. A source that ignores its signal is left behind, not waited for. */
async function writeStream(
  socket: Socket,
  items: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let left = true;
  try {
    while (!signal.aborted) {
      const next = await unlessAborted(iterator.next(), signal);
      if (next === undefined) break;
      if (next.done === true) {
        left = false;
        // A source that heeds the signal ends by itself; its stream is cut short all the same.
        if (!signal.aborted) void writeLine(socket, '{"end":true}');
        break;
      }
      const full = writeLine(socket, JSON.stringify({ item: next.value ?? null }));
      if (full !== undefined) await unlessAborted(full, signal);
    }
  } catch (thrown) {
    if (signal.aborted) return;
    throw thrown;
  } finally {
    if (left) void iterator.return?.().then(undefined, () => undefined);
  }
}

function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}

function failureLine(thrown: unknown, name: string, log: Log): string {
  let bug = thrown;
  if (thrown instanceof RpcError) {
    const { code, message, data } = thrown;
    try {
      return JSON.stringify({ error: { code, message, data } });
    } catch (unwritable) {
      bug = unwritable;
    }
  }
  const { message, stack } = asError(bug);
  log.error(`cannot answer ${name}`, { error: message, stack });
  return JSON.stringify({
    error: { code: 'internal', message: `cannot answer ${name}: an internal error, see the log` },
  });
}

const CLOSING = JSON.stringify({
  error: { code: 'closing', message: 'cannot go on: the server is closing' },
});

/** Answers the one call of a socket, then closes it. */
export function serveConnection(socket: Socket, context: Context): Connection {
  const { log, methods } = context;
  /** The caller hung up, or is cut. */
  const gone = new AbortController();
  /** The same, or the server closes: only a call that answers once goes on. */
  const draining = new AbortController();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const hangUp = (): void => {
    draining.abort();
    gone.abort();
  };
  // A caller that closes only its sending half can't be told from one that went: both are gone.
  socket.on('end', hangUp);
  socket.on('close', hangUp);
  socket.on('error', hangUp);

  const call = new AbortController();
  const abortCall = (): void => call.abort();
  async function serve(): Promise<void> {
    let name = 'the request';
    try {
      const line = await readRequest(socket, context, draining.signal);
      if (line === undefined) return void socket.destroy();
      const request = parseRequest(line, methods);
      name = request.name;
      gone.signal.addEventListener('abort', abortCall, { once: true });
      const answer = await request.method.handle(request.params, { signal: call.signal });
      if (!isStream(answer)) return void writeLine(socket, JSON.stringify({ value: answer ?? null }));
      draining.signal.addEventListener('abort', abortCall, { once: true });
      if (draining.signal.aborted) abortCall();
      await writeStream(socket, answer, call.signal);
      if (call.signal.aborted) void writeLine(socket, CLOSING);
    } catch (thrown) {
      if (!gone.signal.aborted) void writeLine(socket, failureLine(thrown, name, log));
      else log.debug(`left ${name}: the caller had hung up`, { error: asError(thrown).message });
    } finally {
      // What was answered to the end is not aborted by the hang-up that follows.
      gone.signal.removeEventListener('abort', abortCall);
      draining.signal.removeEventListener('abort', abortCall);
      socket.end(() => socket.destroy());
    }
  }

  void serve();
  return {
    drain: () => draining.abort(),
    stop() {
      hangUp();
      socket.destroy();
    },
    closed,
  };
}
