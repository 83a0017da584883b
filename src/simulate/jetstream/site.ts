import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Scope } from '../../core/scope.ts';
import type { ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import {
  decodeUpdate,
  LEAST_TIME_CURSOR,
  MOST_UPDATE_BYTES,
  optionProblems,
  readQuery,
  type SubscriberOptions,
} from '../../wire/jetstream/options.ts';
import type { JetstreamFault } from './faults.ts';
import type { History } from './history.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';

/** The HTTP side: the upgrade of readers, and what they say later. */
export interface Site {
  readonly server: Server;
  /** Closes everything; resolves when nothing is open any more. */
  end(): Promise<void>;
}

export interface SiteOptions {
  readonly version: 1 | 2;
  readonly history: History;
  readonly lookbackMs: number;
  readonly dictionary: ZstdDictionary | undefined;
  /** What goes wrong with the n-th attempt to connect, counted from 1. */
  readonly faults: (connection: number) => readonly JetstreamFault[];
  /** The readers connected; kept up to date here. */
  readonly subscribers: Set<Subscriber>;
  readonly scope: Scope;
}

/** WebSocket close codes (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001;
const INVALID_DATA = 1007;
const POLICY = 1008;
/** Of a close frame's reason (RFC 6455, 5.5.1). */
const MOST_REASON_BYTES = 123;

interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** What a reader asks for in its request. */
interface Wish {
  readonly options: SubscriberOptions;
  readonly cursor: number | undefined;
  readonly waitForHello: boolean;
  readonly packed: boolean;
}

export function createSite(site: SiteOptions): Site {
  const { subscribers, scope } = site;
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MOST_UPDATE_BYTES,
  });
  const server = createServer((request, response) => {
    response.writeHead(pathOf(request) === '/subscribe' ? 426 : 404).end();
  });
  let connections = 0;
  server.on('upgrade', (request, socket, rest) => {
    const faults = site.faults(++connections);
    const broken = faults.find((fault) => fault.kind === 'http');
    if (broken !== undefined) return refuse(socket, { status: broken.status, text: 'a simulated fault' });
    const wish = readRequest(request, site);
    if ('status' in wish) return refuse(socket, wish);
    upgrader.handleUpgrade(request, socket, rest, (client) => greet(client, socket, wish, faults, site));
  });
  return {
    server,
    async end() {
      const terminate = (): void => subscribers.forEach((subscriber) => subscriber.terminate());
      for (const subscriber of subscribers) subscriber.close(GOING_AWAY, 'server shutting down');
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

function pathOf(request: IncomingMessage): string | undefined {
  return urlOf(request)?.pathname;
}

/** Version 1 answers in plain text. */
function refuse(socket: Duplex, { status, text }: Refusal): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
}

function readRequest(request: IncomingMessage, site: SiteOptions): Wish | Refusal {
  const url = urlOf(request);
  if (url?.pathname !== '/subscribe') return { status: 404, text: 'no such path' };
  const query = url.searchParams;
  const packed = query.get('compress') === 'true' || headerOf(request, 'socket-encoding').includes('zstd');
  if (packed && headerOf(request, 'sec-websocket-extensions').includes('permessage-deflate')) {
    return {
      status: 400,
      text: 'choose one compression scheme: custom zstd or permessage-deflate, not both',
    };
  }
  if (packed && site.dictionary === undefined)
    return { status: 400, text: 'this server has no zstd dictionary' };
  const options = readQuery(query);
  const [problem] = optionProblems(options);
  if (problem !== undefined) return { status: 400, text: problem };
  const asked = query.get('cursor') ?? '';
  const cursor = asked === '' ? undefined : Number(asked);
  if (cursor !== undefined && !(/^\d+$/.test(asked) && Number.isSafeInteger(cursor))) {
    return { status: 400, text: `invalid cursor: ${asked}` };
  }
  return { options, cursor, packed, waitForHello: query.get('requireHello') === 'true' };
}

function headerOf(request: IncomingMessage, name: string): string {
  return String(request.headers[name] ?? '');
}

function greet(
  client: WebSocket,
  socket: Duplex,
  wish: Wish,
  faults: readonly JetstreamFault[],
  site: SiteOptions,
): void {
  const { history, subscribers, scope } = site;
  const cursor = faults.some(({ kind }) => kind === 'ignore-cursor') ? undefined : wish.cursor;
  client.on('error', (error) => scope.log.debug('a reader failed', { error: error.message }));
  const subscriber = createSubscriber({
    client,
    socket,
    history,
    from: () => startOf(cursor, site),
    options: wish.options,
    waitForHello: wish.waitForHello,
    dictionary: wish.packed ? site.dictionary : undefined,
    faults,
    clock: scope.clock,
  });
  subscribers.add(subscriber);
  client.on('close', () => subscribers.delete(subscriber));
  client.on('message', (data: Buffer, binary) => {
    if (!binary) hear(data.toString('utf8'), subscriber);
  });
  subscriber.advance();
}

/** What a reader says: new options; another type is stepped over. */
function hear(text: string, subscriber: Subscriber): void {
  const update = decodeUpdate(text);
  if (!update.ok) return subscriber.close(INVALID_DATA, reasonOf(update.error));
  if (update.value === undefined) return;
  const [problem] = optionProblems(update.value);
  if (problem !== undefined) subscriber.close(POLICY, reasonOf(problem));
  else subscriber.update(update.value);
}

function reasonOf(text: string): string {
  let reason = text;
  while (Buffer.byteLength(reason) > MOST_REASON_BYTES) reason = reason.slice(0, -1);
  return reason;
}

/** The position that a reader starts at. None of this is ever said: too old begins with the oldest, the future is live. */
function startOf(cursor: number | undefined, { history, version, lookbackMs, scope }: SiteOptions): number {
  const { tip } = history;
  if (cursor === undefined || tip === undefined) return history.end;
  const oldest = history.fromTime((scope.clock.now() - lookbackMs) * 1000);
  const position =
    version === 2 && cursor < LEAST_TIME_CURSOR ? history.fromNumber(cursor) : history.fromTime(cursor);
  return Math.max(oldest, position);
}
