import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Clock } from '../../core/clock.ts';
import { GOING_AWAY } from './connection.ts';
import type { FaultPlan } from './fault-plan.ts';
import { type GreetingOptions, greet } from './greeting.ts';

/** The HTTP side: health, and the upgrade of readers. */
export interface Site {
  readonly server: Server;
  /** Closes everything; resolves when nothing is open any more. */
  end(): Promise<void>;
}

export interface SiteOptions extends GreetingOptions {
  readonly version: string;
  readonly faults: FaultPlan;
  /** Told of the k-th attempt to connect, before it is answered. */
  readonly arrived: (connection: number) => void;
}

interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly message: string;
  readonly retryAfterS?: number | undefined;
}

const SUBSCRIBE_PATH = '/xrpc/com.atproto.sync.subscribeRepos';
const HEALTH_PATH = '/xrpc/_health';
/** Readers have nothing to say; what they say all the same stays small. */
const MAX_INCOMING_BYTES = 4_096;

/** How long a request may wait for an answer that never comes. */
const HOLD_MS = 600_000;

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

/** What a fault says, but for its status. */
const BROKEN = { error: 'Simulated', message: 'a fault that was asked for' };

export function createSite(options: SiteOptions): Site {
  const { subscribers, scope } = options;
  const held = new Set<Duplex>();
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
    const arrival = options.faults.arrive();
    options.arrived(arrival.number);
    const fault = arrival.take('http', 'no-upgrade');
    if (fault?.kind === 'http') return refuse(socket, { ...BROKEN, ...fault });
    if (fault?.kind === 'no-upgrade') return hold(socket, held, scope.clock);
    const { cursor } = asked;
    upgrader.handleUpgrade(request, socket, rest, (client) =>
      greet({ client, socket, cursor, arrival }, options),
    );
  });
  return {
    server,
    async end() {
      const terminate = (): void => subscribers.forEach(({ connection }) => connection.terminate());
      for (const { connection } of subscribers) connection.close(GOING_AWAY, 'going away');
      for (const socket of held) socket.destroy();
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

/** Keeps a connection open without an answer, until the other side gives up. */
function hold(socket: Duplex, held: Set<Duplex>, clock: Clock): void {
  const timer = clock.timer(HOLD_MS, () => socket.destroy());
  held.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.on('close', () => {
    timer.cancel();
    held.delete(socket);
  });
  socket.resume();
}

function refuse(socket: Duplex, { status, error, message, retryAfterS }: Refusal): void {
  const body = JSON.stringify({ error, message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
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
