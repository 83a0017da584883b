import type { AddressInfo } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { fastify, type FastifyInstance } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import { err, errorCode, ok, type Result } from '../../core/result.ts';
import type { Doors } from './doors.ts';
import { refuse } from './http-auth.ts';

/** One server for everything that the hub says by HTTP and by WebSocket. */
export interface HubServer {
  /** `http://127.0.0.1:7080`, with the port that was given. */
  readonly url: string;
  /** Takes no new connection, ends the open ones, within a few seconds. */
  close(): Promise<void>;
}

export interface HubServerOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Other places whose pages may open a WebSocket: `https://page.example`. Its own may. */
  readonly origins: readonly string[];
  /** Addresses of proxies whose `X-Forwarded-…` is believed. */
  readonly proxies?: readonly string[];
  readonly doors: Doors;
  readonly routes: readonly ((app: FastifyInstance, doors: Doors) => void)[];
  readonly sockets: Sockets;
}

/** The connections of `/ws`. */
export interface Sockets {
  handle(socket: WebSocket, request: IncomingMessage): void;
  close(): Promise<void>;
}

/** As it comes over the line; what it is unpacked is limited beside. */
const MOST_BODY = 20 * 1024 * 1024;
const MOST_FRAME = 16 * 1024 * 1024;
/** A request has to be there whole within so long. */
const REQUEST_MS = 60_000;
const KEEP_ALIVE_MS = 72_000;
const CLOSE_MS = 5000;

/** The error is a sentence: `cannot listen on 127.0.0.1:7080: the address is in use`. */
export async function startHubServer(options: HubServerOptions): Promise<Result<HubServer, string>> {
  const { host, port, doors, sockets } = options;
  const app = createApp(options);
  for (const register of options.routes) register(app, doors);
  const websockets = new WebSocketServer({
    noServer: true,
    path: '/ws',
    maxPayload: MOST_FRAME,
    // Costs twice the time at batches of 500, and memory for each connection.
    perMessageDeflate: false,
  });
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    if (!websockets.shouldHandle(request)) return refuseUpgrade(socket, '404 Not Found');
    if (!isAllowed(request, options.origins)) return refuseUpgrade(socket, '403 Forbidden');
    websockets.handleUpgrade(request, socket, head, (opened) => sockets.handle(opened, request));
  });
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const code = errorCode(error);
    return err(`cannot listen on ${host}:${port}: ${LISTEN_ERRORS[code ?? ''] ?? code ?? String(error)}`);
  }
  const { port: given } = app.server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  return ok({
    url: `${options.tls === undefined ? 'http' : 'https'}://${shown}:${given}`,
    async close() {
      const patience = new AbortController();
      const closing = Promise.all([sockets.close(), app.close()]).finally(() => patience.abort());
      // It is waited for below; until then nobody listens.
      closing.catch(() => {});
      if (await doors.clock.sleep(CLOSE_MS, patience.signal)) app.server.closeAllConnections();
      await closing;
      websockets.close();
    },
  });
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use',
  EACCES: 'no right to do so',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no host of that name',
};

function createApp({ tls, doors, proxies = [] }: HubServerOptions): FastifyInstance {
  const shared = {
    logger: false as const,
    trustProxy: proxies.length === 0 ? false : [...proxies],
    bodyLimit: MOST_BODY,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle' as const,
    routerOptions: { maxParamLength: 300 },
    // One that sends garbage is cut off, and not told of in the log.
    clientErrorHandler: (_error: Error, socket: Duplex) => void socket.destroy(),
  };
  const app = (tls === undefined
    ? fastify(shared)
    : fastify({
        ...shared,
        https: { ...tls, minVersion: 'TLSv1.2' as const },
      })) as unknown as FastifyInstance;
  // Routes read bodies themselves: packed, in forms of many protocols.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (_request, reply) => {
    void reply.headers(HEADERS);
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'cannot find anything at this address'));
  app.setErrorHandler((error: { readonly statusCode?: number; readonly stack?: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return refuse(reply, status, REFUSALS[status] ?? 'cannot use this request');
    doors.log.error('cannot answer a request: a fault of ours', {
      method: request.method,
      route: request.routeOptions.url ?? '',
      stack: error.stack ?? 'none',
    });
    return refuse(reply, 500, 'cannot answer: a fault of the hub; its log says more');
  });
  return app;
}

const REFUSALS: Readonly<Record<number, string>> = {
  413: `cannot take a body of more than ${MOST_BODY} bytes`,
  415: 'cannot read a body of this type',
};

/** A page that is served by the hub sets its own policy. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Programs name no origin. A page of another place may not speak in the name of who looks at it. */
function isAllowed(request: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (origins.includes(origin)) return true;
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}
