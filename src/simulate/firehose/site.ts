import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Scope } from '../../core/scope.ts';
import { encodeFrame } from '../../wire/atproto/encode-frame.ts';
import type { History } from './history.ts';
import { createSubscriber, GOING_AWAY, POLICY, type Subscriber } from './subscriber.ts';

/** The HTTP side: health, and the upgrade of readers. */
export interface Site {
  readonly server: Server;
  /** Closes everything; resolves when nothing is open any more. */
  end(): Promise<void>;
}

export interface SiteOptions {
  readonly inclusive: boolean;
  readonly lagFrames: number;
  readonly version: string;
  readonly history: History;
  /** The readers connected; kept up to date here. */
  readonly subscribers: Set<Subscriber>;
  readonly scope: Scope;
}

interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly message: string;
}

const SUBSCRIBE_PATH = '/xrpc/com.atproto.sync.subscribeRepos';
const HEALTH_PATH = '/xrpc/_health';
/** Readers have nothing to say; what they say all the same stays small. */
const MAX_INCOMING_BYTES = 4_096;

const OUTDATED = encodeFrame({
  kind: 'info',
  name: 'OutdatedCursor',
  message: 'Requested cursor exceeded limit. Possibly missing events',
});
const FUTURE = encodeFrame({ kind: 'error', error: 'FutureCursor', message: 'Cursor in the future.' });

const NOT_FOUND: Refusal = { status: 404, error: 'NotFound', message: 'no such path' };
const NO_UPGRADE: Refusal = {
  status: 426,
  error: 'UpgradeRequired',
  message: 'this is a WebSocket endpoint',
};
const BAD_CURSOR: Refusal = {
  status: 400,
  error: 'InvalidRequest',
  message: 'cursor is not an integer from 0 to 2^53 - 1',
};

export function createSite(options: SiteOptions): Site {
  const { subscribers, scope } = options;
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_INCOMING_BYTES,
  });
  const server = createServer((request, response) => answer(request, response, options.version));
  server.on('upgrade', (request, socket, rest) => {
    const asked = readRequest(request);
    if ('refusal' in asked) return refuse(socket, asked.refusal);
    upgrader.handleUpgrade(request, socket, rest, (client) => greet(client, socket, asked.cursor, options));
  });
  return {
    server,
    async end() {
      const terminate = (): void => subscribers.forEach((subscriber) => subscriber.terminate());
      for (const subscriber of subscribers) subscriber.close(GOING_AWAY, 'going away');
      if (scope.stop.aborted) terminate();
      scope.stop.addEventListener('abort', terminate, { once: true });
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      scope.stop.removeEventListener('abort', terminate);
    },
  };
}

function urlOf(request: IncomingMessage): URL | undefined {
  return URL.parse(request.url ?? '', 'http://simulator') ?? undefined;
}

function answer(request: IncomingMessage, response: ServerResponse, version: string): void {
  const path = urlOf(request)?.pathname;
  if (path === HEALTH_PATH) return reply(response, 200, { version });
  const { status, error, message } = path === SUBSCRIBE_PATH ? NO_UPGRADE : NOT_FOUND;
  reply(response, status, { error, message });
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function refuse(socket: Duplex, { status, error, message }: Refusal): void {
  const body = JSON.stringify({ error, message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** The cursor asked for, undefined where none is. */
function readRequest(request: IncomingMessage): { cursor: number | undefined } | { refusal: Refusal } {
  const url = urlOf(request);
  if (url?.pathname !== SUBSCRIBE_PATH) return { refusal: NOT_FOUND };
  const cursors = url.searchParams.getAll('cursor');
  if (cursors.length === 0) return { cursor: undefined };
  const cursor = Number(cursors[0]);
  const isGood = cursors.length === 1 && /^\d+$/.test(cursors[0] ?? '') && Number.isSafeInteger(cursor);
  return isGood ? { cursor } : { refusal: BAD_CURSOR };
}

function greet(client: WebSocket, socket: Duplex, cursor: number | undefined, options: SiteOptions): void {
  const { history, inclusive, subscribers, scope, lagFrames } = options;
  client.on('error', (error) => scope.log.debug('a reader failed', { error: error.message }));
  const subscriber = createSubscriber({
    client,
    socket,
    history,
    from: startOf(cursor, options),
    lagFrames,
    clock: scope.clock,
  });
  subscribers.add(subscriber);
  client.on('close', () => subscribers.delete(subscriber));
  if (cursor !== undefined && cursor > history.tip) {
    client.send(FUTURE);
    return subscriber.close(POLICY, 'FutureCursor');
  }
  if (cursor !== undefined && cursor > 0 && history.isOutdated(cursor, inclusive)) client.send(OUTDATED);
  subscriber.advance();
}

/** The position that a reader starts at. */
function startOf(cursor: number | undefined, { history, inclusive }: SiteOptions): number {
  if (cursor === undefined) return history.end;
  return cursor === 0 ? history.first : history.positionOf(cursor, inclusive);
}
