import type * as Http from 'node:http';
import * as http from '../../src/core/http.ts';
import * as https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Certificate } from './certificate.ts';
import { onEnd } from './leaks.ts';

/** A request as it came in, whole. */
export interface Caught {
  readonly method: string;
  readonly path: string;
  readonly headers: Http.IncomingHttpHeaders;
  readonly body: string;
}

export interface CatchingServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly caught: readonly Caught[];
  /** Connections that are still open. */
  open(): number;
}

export type Reply = (caught: Caught, response: Http.ServerResponse) => unknown;

/** A server that keeps what it is sent, and answers as it is told. */
export async function catchHttp(
  t: TestContext,
  reply: Reply,
  certificate?: Certificate,
): Promise<CatchingServer> {
  const caught: Caught[] = [];
  const listener: Http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    response.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const each = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      caught.push(each);
      reply(each, response);
    });
  };
  const server =
    certificate === undefined ? http.createServer(listener) : https.createServer(certificate, listener);
  const { port, sockets } = await listenLocally(t, server);
  const scheme = certificate === undefined ? 'http' : 'https';
  return { port, url: `${scheme}://127.0.0.1:${port}`, caught, open: () => sockets.size };
}

/** Listens on a free port of 127.0.0.1; at the end of the test all its connections are cut. */
export async function listenLocally(
  t: TestContext,
  server: Server,
): Promise<{ readonly port: number; readonly sockets: ReadonlySet<Socket> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onEnd(t, async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}
