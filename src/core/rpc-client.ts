import { closeSync, constants, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { type Clock, systemClock } from './clock.ts';
import { asError, err, errorCode, ok, type Result } from './result.ts';

/** The version of the line protocol, `v` in a request. */
export const RPC_VERSION = 1;

/** What a method takes and answers: once (`value`) or as a stream (`item`). */
export interface RpcShape {
  readonly params: unknown;
  readonly value?: unknown;
  readonly item?: unknown;
}
/** The methods of one socket, shared by both ends as a type. */
export type RpcApi<Api> = { readonly [M in keyof Api]: RpcShape };
type Calls<Api> = { [M in keyof Api]: Api[M] extends { readonly value: unknown } ? M : never }[keyof Api] &
  string;
type Streams<Api> = { [M in keyof Api]: Api[M] extends { readonly item: unknown } ? M : never }[keyof Api] &
  string;
type Params<Api, M extends keyof Api> = Api[M] extends { readonly params: infer P } ? P : never;
type Value<Api, M extends keyof Api> = Api[M] extends { readonly value: infer V } ? V : never;
type Item<Api, M extends keyof Api> = Api[M] extends { readonly item: infer I } ? I : never;

/** Why a call brought nothing. `error` is the far side's own answer, the others are about reaching it. */
export type RpcFailure =
  | { readonly kind: 'not-running' | 'timeout' | 'refused' | 'broken'; readonly message: string }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly data?: unknown };

export interface RpcCallOptions {
  /** Until the whole answer of a call, or the connection of a stream. Default 10 s. */
  readonly timeoutMs?: number;
  /** Ends the call as `broken`, and a stream without a further word. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface RpcClient<Api> {
  call<M extends Calls<Api>>(
    method: M,
    params: Params<Api, M>,
    options?: RpcCallOptions,
  ): Promise<Result<Value<Api, M>, RpcFailure>>;
  stream<M extends Streams<Api>>(
    method: M,
    params: Params<Api, M>,
    options?: RpcCallOptions,
  ): AsyncIterable<Result<Item<Api, M>, RpcFailure>>;
}

const TIMEOUT_MS = 10_000;
/** A line of an answer beyond this is `broken`: it would be a bug of the far side. */
const LONGEST_LINE = 64 * 1024 * 1024;
/** sockaddr_un of unix(7): 108 bytes, one of them the closing NUL. */
const LONGEST_PATH = 107;

/**
 * A name of the socket at `path` that fits into an address: a longer path goes through a descriptor of its folder.
 * `release` closes that; until then the name is good. Throws the system error where there is no such folder.
 */
export function socketAddress(path: string): { readonly address: string; release(): void } {
  if (Buffer.byteLength(path) <= LONGEST_PATH) return { address: path, release: () => {} };
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  let open = true;
  return {
    address: `/proc/self/fd/${fd}/${basename(path)}`,
    release() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function failureOf(thrown: unknown, path: string): RpcFailure {
  const code = errorCode(thrown);
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') {
    return { kind: 'not-running', message: `cannot reach ${path}: nothing is running there` };
  }
  if (code === 'EACCES' || code === 'EPERM')
    return { kind: 'refused', message: `cannot reach ${path}: permission denied` };
  return { kind: 'broken', message: `cannot talk to ${path}: ${asError(thrown).message}` };
}

/** Connects; the socket is paused. Fails with a failure, and has then closed what it opened. */
export async function connectSocket(
  path: string,
  { timeoutMs = TIMEOUT_MS, signal, clock = systemClock }: RpcCallOptions,
): Promise<Result<Socket, RpcFailure>> {
  let target: ReturnType<typeof socketAddress>;
  try {
    target = socketAddress(path);
  } catch (thrown) {
    return err(failureOf(thrown, path));
  }
  if (signal?.aborted) {
    target.release();
    return err(givenUp(path));
  }
  const socket = connect({ path: target.address });
  const outcome = await new Promise<Result<Socket, RpcFailure>>((resolve) => {
    const timer = clock.timer(timeoutMs, () => finish(err(tooSlow(path, timeoutMs))));
    const onAbort = (): void => finish(err(givenUp(path)));
    const finish = (result: Result<Socket, RpcFailure>): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      resolve(result);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => finish(ok(socket)));
    // Stays for good, so that a late error finds a listener.
    socket.on('error', (error) => finish(err(failureOf(error, path))));
  });
  target.release();
  if (!outcome.ok) socket.destroy();
  return outcome;
}

function tooSlow(path: string, ms: number): RpcFailure {
  return { kind: 'timeout', message: `cannot get an answer from ${path} within ${ms} ms` };
}

function givenUp(path: string): RpcFailure {
  return { kind: 'broken', message: `cannot go on with ${path}: given up by its caller` };
}

/** The lines of a socket as they come; reads on only when asked for the next one. */
async function* readLines(socket: Socket): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      yield Buffer.concat(parts).toString('utf8');
      parts = [];
      length = 0;
      from = end + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > LONGEST_LINE) throw new RangeError(`a line of more than ${LONGEST_LINE} bytes`);
  }
}

type Answer =
  | { readonly kind: 'value' | 'item'; readonly value: unknown }
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly failure: RpcFailure };

function parseAnswer(line: string, path: string): Answer {
  const broken: Answer = {
    kind: 'failure',
    failure: { kind: 'broken', message: `cannot understand the answer of ${path}: ${line.slice(0, 80)}` },
  };
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    return broken;
  }
  if (typeof answer !== 'object' || answer === null) return broken;
  if ('value' in answer) return { kind: 'value', value: answer.value };
  if ('item' in answer) return { kind: 'item', value: answer.item };
  if ('end' in answer) return { kind: 'end' };
  const error: unknown = 'error' in answer ? answer.error : undefined;
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error))
    return broken;
  const { code, message } = error;
  if (typeof code !== 'string' || typeof message !== 'string') return broken;
  return {
    kind: 'failure',
    failure: { kind: 'error', code, message, ...('data' in error ? { data: error.data } : {}) },
  };
}

/** Every answer until `value`, `end` or a failure, which is the last; then the socket is closed. */
async function* answers(
  socket: Socket,
  path: string,
  request: { method: string; params: unknown },
): AsyncGenerator<Answer> {
  try {
    socket.write(`${JSON.stringify({ v: RPC_VERSION, ...request })}\n`);
    for await (const line of readLines(socket)) {
      const answer = parseAnswer(line, path);
      yield answer;
      if (answer.kind !== 'item') return;
    }
    yield {
      kind: 'failure',
      failure: { kind: 'broken', message: `cannot talk to ${path}: it hung up before its answer ended` },
    };
  } catch (thrown) {
    yield {
      kind: 'failure',
      failure: { kind: 'broken', message: `cannot talk to ${path}: ${asError(thrown).message}` },
    };
  } finally {
    socket.destroy();
  }
}

function unexpected(path: string, method: string): RpcFailure {
  return {
    kind: 'broken',
    message: `cannot understand the answer of ${path}: ${method} answered in another form`,
  };
}

/**
 * Calls a method that answers once. The value is taken as it comes: both ends are built from one `RpcApi`.
 * @param path absolute, of any length.
 */
export async function callRpc<T>(
  path: string,
  method: string,
  params: unknown,
  options: RpcCallOptions = {},
): Promise<Result<T, RpcFailure>> {
  const { timeoutMs = TIMEOUT_MS, signal, clock = systemClock } = options;
  const start = clock.monotonic();
  const connected = await connectSocket(path, options);
  if (!connected.ok) return connected;
  const socket = connected.value;
  let cut: RpcFailure | undefined;
  const end = (failure: RpcFailure) => (): void => {
    cut = failure;
    socket.destroy();
  };
  const timer = clock.timer(timeoutMs - (clock.monotonic() - start), end(tooSlow(path, timeoutMs)));
  const onAbort = end(givenUp(path));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    for await (const answer of answers(socket, path, { method, params })) {
      if (cut !== undefined) return err(cut);
      if (answer.kind === 'value') return ok(answer.value as T);
      return err(answer.kind === 'failure' ? answer.failure : unexpected(path, method));
    }
    return err(cut ?? unexpected(path, method));
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Calls a method that answers with a stream. A failure is the last thing that comes. Leaving the loop hangs up.
 * Reads from the socket only as fast as it is read.
 */
export async function* streamRpc<T>(
  path: string,
  method: string,
  params: unknown,
  options: RpcCallOptions = {},
): AsyncGenerator<Result<T, RpcFailure>> {
  const { signal } = options;
  const connected = await connectSocket(path, options);
  if (!connected.ok) {
    if (!signal?.aborted) yield connected;
    return;
  }
  const socket = connected.value;
  const onAbort = (): void => void socket.destroy();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const answer of answers(socket, path, { method, params })) {
      if (signal?.aborted || answer.kind === 'end') return;
      if (answer.kind !== 'item') {
        yield err(answer.kind === 'failure' ? answer.failure : unexpected(path, method));
        return;
      }
      yield ok(answer.value as T);
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

/** The methods of one socket, typed. Nothing is opened before a call. */
export function createRpcClient<Api extends RpcApi<Api>>(
  path: string,
  defaults: RpcCallOptions = {},
): RpcClient<Api> {
  return {
    call: (method, params, options) => callRpc(path, method, params, { ...defaults, ...options }),
    stream: (method, params, options) => streamRpc(path, method, params, { ...defaults, ...options }),
  };
}
