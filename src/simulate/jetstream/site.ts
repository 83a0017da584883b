import type { IncomingMessage } from 'node:http';
import { createServer } from '../../core/http.ts';
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
import { createConnection } from '../connection.ts';
import type { Arrival, FaultPlan } from '../fault-plan.ts';
import { type Answer, createHeld, endSite, refuse, type Site } from '../serving.ts';
import type { Act } from './fault-plan.ts';
import type { ConnectFault } from './faults.ts';
import type { History, Served } from './history.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';

export interface SiteOptions {
  readonly version: 1 | 2;
  readonly history: History;
  readonly lookbackMs: number;
  readonly dictionary: ZstdDictionary | undefined;
  readonly faults: FaultPlan<ConnectFault, Act>;
  /** Told of the k-th attempt to connect, before it is answered. */
  readonly arrived: (connection: number) => void;
  /** Told of each event that goes out. */
  readonly sent: (event: Served) => void;
  /** The readers connected; kept up to date here. */
  readonly subscribers: Set<Subscriber>;
  readonly scope: Scope;
}

/** WebSocket close codes (RFC 6455, 7.4.1). */
const INVALID_DATA = 1007;
const POLICY = 1008;
/** Of a close frame's reason (RFC 6455, 5.5.1). */
const MOST_REASON_BYTES = 123;

interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly retryAfterS?: number | undefined;
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
  const held = createHeld(scope.clock);
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MOST_UPDATE_BYTES,
  });
  const server = createServer((request, response) => {
    response.writeHead(pathOf(request) === '/subscribe' ? 426 : 404).end();
  });
  server.on('upgrade', (request, socket, rest) => {
    const arrival = site.faults.arrive();
    site.arrived(arrival.number);
    const fault = arrival.take('http', 'no-upgrade');
    if (fault?.kind === 'no-upgrade') return held.hold(socket);
    const wish = fault === undefined ? readRequest(request, site) : { ...fault, text: 'a simulated fault' };
    if ('status' in wish) return refuse(socket, answerOf(wish));
    upgrader.handleUpgrade(request, socket, rest, (client) => greet(client, socket, wish, arrival, site));
  });
  return {
    server,
    async end() {
      held.release();
      const connections = () => [...subscribers].map(({ connection }) => connection);
      await endSite(server, connections, 'server shutting down', scope);
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
function answerOf({ status, text, retryAfterS }: Refusal): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: text, retryAfterS };
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
  arrival: Arrival<ConnectFault, Act>,
  site: SiteOptions,
): void {
  const { history, subscribers, scope } = site;
  client.on('error', (error) => scope.log.debug('a reader failed', { error: error.message }));
  const connection = createConnection(client, socket, scope.clock);
  const isSilent = arrival.take('silent') !== undefined;
  const cursor = isSilent || arrival.take('ignore-cursor') !== undefined ? undefined : wish.cursor;
  const subscriber = createSubscriber({
    client,
    socket,
    connection,
    history,
    from: () => startOf(cursor, arrival, site),
    replays: cursor !== undefined,
    options: wish.options,
    waitForHello: wish.waitForHello,
    dictionary: wish.packed ? site.dictionary : undefined,
    egress: arrival.egress,
    sent: site.sent,
  });
  subscribers.add(subscriber);
  client.on('close', () => subscribers.delete(subscriber));
  client.on('message', (data: Buffer, binary) => {
    if (!binary) hear(data.toString('utf8'), subscriber);
  });
  if (isSilent) return connection.mute(false);
  subscriber.advance();
}

/** What a reader says: new options; another type is stepped over. */
function hear(text: string, subscriber: Subscriber): void {
  const update = decodeUpdate(text);
  if (!update.ok) return subscriber.connection.close(INVALID_DATA, reasonOf(update.error));
  if (update.value === undefined) return;
  const [problem] = optionProblems(update.value);
  if (problem !== undefined) subscriber.connection.close(POLICY, reasonOf(problem));
  else subscriber.update(update.value);
}

function reasonOf(text: string): string {
  let reason = text;
  while (Buffer.byteLength(reason) > MOST_REASON_BYTES) reason = reason.slice(0, -1);
  return reason;
}

/** The position that a reader starts at. None of this is ever said: too old begins with the oldest, the future is live. */
function startOf(
  cursor: number | undefined,
  arrival: Arrival<ConnectFault, Act>,
  { history, version, lookbackMs, scope }: SiteOptions,
): number {
  if (cursor === undefined || history.tip === undefined) return history.end;
  const oldest = history.fromTime((scope.clock.now() - lookbackMs) * 1000);
  const position =
    version === 2 && cursor < LEAST_TIME_CURSOR ? history.fromNumber(cursor) : history.fromTime(cursor);
  const start = Math.max(oldest, position);
  const passed = start < history.end ? arrival.take('outdated') : undefined;
  if (passed !== undefined) history.dropBefore(start + passed.events);
  return Math.max(start, history.first);
}
