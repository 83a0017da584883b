import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from '../../core/http.ts';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Scope } from '../../core/scope.ts';
import type { ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import { DICTIONARY_PATH, STREAM_PATH } from '../../wire/jetstream-v2/options.ts';
import { createConnection } from '../connection.ts';
import { endSite, refuse, type Site } from '../serving.ts';
import type { JetstreamV2Fault } from './faults.ts';
import type { History } from './history.ts';
import { readRequest, type Wish } from './request.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';

export interface SiteOptions {
  readonly history: () => History;
  readonly dictionary: () => ZstdDictionary | undefined;
  readonly warmingUp: () => boolean;
  /** What goes wrong with the n-th attempt to connect, counted from 1. */
  readonly faults: (connection: number) => readonly JetstreamV2Fault[];
  /** The readers connected; kept up to date here. */
  readonly subscribers: Set<Subscriber>;
  readonly scope: Scope;
}

/** A WebSocket close code (RFC 6455, 7.4.1). */
const POLICY = 1008;
/** What a reader may say: nothing. */
const MOST_BYTES = 4_096;

/** The HTTP side: the upgrade of readers, and the dictionary. */
export function createSite(site: SiteOptions): Site {
  const { scope, subscribers } = site;
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MOST_BYTES,
    handleProtocols: (offered) => (offered.has('xrpc.v1.json') ? 'xrpc.v1.json' : false),
  });
  const server = createServer((request, response) => answer(request, response, site));
  let connections = 0;
  server.on('upgrade', (request, socket, rest) => {
    connections++;
    const faults = site.faults(connections);
    const broken = faults.find((fault) => fault.kind === 'http');
    const history = site.history();
    const context = {
      history,
      dictionary: site.dictionary(),
      warmingUp: site.warmingUp(),
      nowUs: scope.clock.micros(),
    };
    const wish = broken ?? readRequest(request, context);
    if ('status' in wish) {
      const { status, error = 'InternalError', message = 'a simulated fault' } = wish;
      const retryAfterS = broken?.retryAfterS;
      const body = JSON.stringify({ error, message });
      return refuse(socket, { status, type: 'application/json', body, retryAfterS });
    }
    upgrader.handleUpgrade(request, socket, rest, (client) =>
      greet(client, socket, wish, faults, history, site),
    );
  });
  return {
    server,
    end: () =>
      endSite(
        server,
        () => [...subscribers].map(({ connection }) => connection),
        'server shutting down',
        scope,
      ),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, site: SiteOptions): void {
  const url = URL.parse(request.url ?? '', 'http://simulator');
  const dictionary = site.dictionary();
  const id = url?.searchParams.get('id') ?? '';
  if (url?.pathname === STREAM_PATH) {
    response.writeHead(426).end();
  } else if (url?.pathname !== DICTIONARY_PATH) {
    response.writeHead(404).end();
  } else if (dictionary === undefined || (id !== '' && id !== String(dictionary.id))) {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"DictionaryNotFound"}');
  } else {
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(dictionary.bytes);
  }
}

function greet(
  client: WebSocket,
  socket: Duplex,
  { filter, packed, from, greeting }: Wish,
  faults: readonly JetstreamV2Fault[],
  history: History,
  { subscribers, scope, dictionary }: SiteOptions,
): void {
  client.on('error', (error) => scope.log.debug('a reader failed', { error: error.message }));
  const connection = createConnection(client, socket, scope.clock);
  const subscriber = createSubscriber({
    client,
    socket,
    connection,
    history,
    from,
    filter,
    dictionary: packed ? dictionary() : undefined,
    faults,
    greeting,
  });
  subscribers.add(subscriber);
  client.on('close', () => subscribers.delete(subscriber));
  client.on('message', () => connection.close(POLICY, 'unexpected data message'));
  subscriber.advance();
}
