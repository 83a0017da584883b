import { once } from 'node:events';
import type { Server } from 'node:http';
import { STATUS_CODES } from '../core/http.ts';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import type { Scope } from '../core/scope.ts';
import { type Connection, GOING_AWAY } from './connection.ts';

/** The HTTP side of a simulator: readers are taken in by upgrades. */
export interface Site {
  readonly server: Server;
  /** Closes everything; resolves when nothing is open any more. */
  end(): Promise<void>;
}

/** As relays and Jetstream servers do, so that a quiet stream is not taken for a dead one. */
const PING_MS = 30_000;

/** How long a request may wait for an answer that never comes. */
const HOLD_MS = 600_000;

/** `HOST:PORT`. @throws Error where the server does not listen. */
export function addressOf(server: Server | undefined): string {
  const address = server?.address() as AddressInfo | null | undefined;
  if (!address) throw new Error('cannot tell the address of a simulator that does not listen');
  return `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

/** Waits for drain or stop, and meanwhile keeps the readers' connections warm. */
export async function untilOver(scope: Scope, ping: () => void): Promise<void> {
  const over = AbortSignal.any([scope.drain, scope.stop]);
  while (await scope.clock.sleep(PING_MS, over)) ping();
}

/** An HTTP answer instead of the upgrade. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** The header `Retry-After`. */
  readonly retryAfterS?: number | undefined;
}

export function refuse(socket: Duplex, { status, type, body, retryAfterS }: Answer): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** Connections that stay open without an answer, until the other side gives up. */
export interface Held {
  hold(socket: Duplex): void;
  /** Ends them all. */
  release(): void;
}

export function createHeld(clock: Clock): Held {
  const held = new Set<Duplex>();
  return {
    hold(socket) {
      const timer = clock.timer(HOLD_MS, () => socket.destroy());
      held.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('end', () => socket.destroy());
      socket.on('close', () => {
        timer.cancel();
        held.delete(socket);
      });
      socket.resume();
    },
    release: () => held.forEach((socket) => socket.destroy()),
  };
}

/** Says goodbye to all readers, and closes the server; on stop without waiting for anybody. */
export async function endSite(
  server: Server,
  connections: () => readonly Connection[],
  farewell: string,
  { stop }: Scope,
): Promise<void> {
  const terminate = (): void => connections().forEach((connection) => connection.terminate());
  for (const connection of connections()) connection.close(GOING_AWAY, farewell);
  if (stop.aborted) terminate();
  stop.addEventListener('abort', terminate, { once: true });
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  stop.removeEventListener('abort', terminate);
}
