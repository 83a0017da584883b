import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from '../../core/http.ts';
import { WebSocketServer } from 'ws';
import type { FaultPlan } from '../fault-plan.ts';
import { type Answer, createHeld, endSite, refuse, type Site } from '../serving.ts';
import type { Act } from './fault-plan.ts';
import type { ConnectFault } from './faults.ts';
import { type GreetingOptions, greet } from './greeting.ts';

export interface SiteOptions extends GreetingOptions {
  readonly version: string;
  readonly faults: FaultPlan<ConnectFault, Act>;
  /** Told of the k-th attempt to connect, before it is answered. */
  readonly arrived: (connection: number) => void;
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
const BROKEN: Pick<Refusal, 'error' | 'message'> = {
  error: 'Simulated',
  message: 'a fault that was asked for',
};

export function createSite(options: SiteOptions): Site {
  const { subscribers, scope } = options;
  const held = createHeld(scope.clock);
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_INCOMING_BYTES,
  });
  const server = createServer((request, response) => answer(request, response, options.version));
  server.on('upgrade', (request, socket, rest) => {
    const asked = readRequest(request);
    if ('refusal' in asked) return refuse(socket, answerOf(asked.refusal));
    const arrival = options.faults.arrive();
    options.arrived(arrival.number);
    const fault = arrival.take('http', 'no-upgrade');
    if (fault?.kind === 'http') {
      const { status, retryAfterS } = fault;
      return refuse(socket, { ...answerOf({ ...BROKEN, status }), retryAfterS });
    }
    if (fault?.kind === 'no-upgrade') return held.hold(socket);
    const { cursor } = asked;
    upgrader.handleUpgrade(request, socket, rest, (client) =>
      greet({ client, socket, cursor, arrival }, options),
    );
  });
  return {
    server,
    async end() {
      held.release();
      await endSite(server, () => [...subscribers].map(({ connection }) => connection), 'going away', scope);
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

function answerOf({ status, error, message }: Refusal): Answer {
  return { status, type: 'application/json', body: JSON.stringify({ error, message }) };
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
