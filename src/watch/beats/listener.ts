import type * as http from 'node:http';
import { type Address, addressText } from '../../core/address.ts';
import { asError, err, ok, type Result } from '../../core/result.ts';
import { cutMessage, MESSAGE_BYTES, type Signal } from './beat.ts';
import { type BadRequest, readBeatRequest } from './request.ts';

/** What became of a beat. */
export type BeatOutcome = 'taken' | 'unknown' | 'too-many' | 'not-stored';

export interface BeatListener {
  /** All connections are closed when it resolves. */
  close(): Promise<void>;
}

/** What of a body is read and thrown away beyond the message; more is refused. */
const MOST_BODY = 1_048_576;
const MOST_CONNECTIONS = 200;
/** A request has to be whole within so long, and an idle connection is closed. */
const REQUEST_MS = 10_000;
const IDLE_MS = 5000;
const CHECK_MS = 1000;
const RETRY_AFTER_S = '2';

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const ANSWERS: Readonly<Record<BeatOutcome, Answer>> = {
  taken: { status: 200, text: 'OK' },
  unknown: { status: 404, text: 'not found' },
  'too-many': { status: 429, text: 'too many beats', headers: { 'retry-after': RETRY_AFTER_S } },
  'not-stored': {
    status: 503,
    text: 'cannot store the beat now, send it again',
    headers: { 'retry-after': RETRY_AFTER_S },
  },
};

/**
 * Takes beats by HTTP, and nothing else: every request costs the same, nothing of it is logged, bodies are bounded and have a
 * deadline. The error is a whole sentence.
 */
export async function listenForBeats(
  { host, port }: Address,
  take: (token: string, signal: Signal) => BeatOutcome,
): Promise<Result<BeatListener, string>> {
  // Not loaded before it is needed: 6 MB of every daemon.
  const { createServer } = await import('../../core/http.ts');
  const server = createServer(
    {
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: CHECK_MS,
      maxHeaderSize: 8192,
    },
    (request, response) => {
      receive(request, (body) =>
        answer(response, body === undefined ? TOO_LARGE : reply(request, body, take)),
      );
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.timeout = REQUEST_MS;
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  const failure = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port }, () => resolve(undefined));
  });
  if (failure !== undefined)
    return err(`cannot listen for beats at ${addressText({ host, port })}: ${reasonOf(failure)}`);
  return ok({
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

function reasonOf(failure: NodeJS.ErrnoException): string {
  if (failure.code === 'EADDRINUSE') return 'another process does';
  if (failure.code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  if (failure.code === 'EACCES') return 'permission denied';
  return asError(failure).message;
}

const TOO_LARGE: Answer = {
  status: 413,
  text: `a body has up to ${MOST_BODY} bytes`,
  headers: { connection: 'close' },
};

/** Reads a body to its end, whatever is asked for; answers with what of it may be a message, undefined where it is too large. */
function receive(request: http.IncomingMessage, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let over = false;
  const finish = (body: Buffer | undefined): void => {
    if (!over) done(body);
    over = true;
  };
  request.on('data', (chunk: Buffer) => {
    // One byte more than is kept, so that a cut is seen.
    if (length <= MESSAGE_BYTES) chunks.push(chunk.subarray(0, MESSAGE_BYTES + 1 - length));
    length += chunk.length;
    if (length > MOST_BODY) finish(undefined);
  });
  request.on('end', () => finish(Buffer.concat(chunks)));
  // Who hangs up gets no answer, and has said nothing.
  request.on('error', () => {
    over = true;
  });
}

function reply(
  { method = '', url = '' }: http.IncomingMessage,
  body: Buffer,
  take: (token: string, signal: Signal) => BeatOutcome,
): Answer {
  const read = readBeatRequest(method, url);
  if ('status' in read) return refusal(read);
  const message = cutMessage(body);
  return ANSWERS[take(read.token, { ...read.signal, message })];
}

function refusal({ status, text }: BadRequest): Answer {
  return status === 405 ? { status, text, headers: { allow: 'GET, HEAD, POST' } } : { status, text };
}

function answer(response: http.ServerResponse, { status, text, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'ping-body-limit': String(MESSAGE_BYTES),
    ...headers,
  });
  // Of a HEAD the server sends no body by itself.
  response.end(text);
}
