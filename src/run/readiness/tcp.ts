import * as net from 'node:net';
import { errorCode } from '../../core/result.ts';
import type { Look, Pace } from './looking.ts';

/** Somebody takes a connection at an address. */
export interface TcpSign extends Pace {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
}

export function lookTcp({ host, port }: TcpSign): Look {
  return (signal) =>
    new Promise((resolve) => {
      const socket = net.connect({ host, port, signal });
      // Closed before it is told, so that nothing is open when the watch is over.
      const end = (trouble: string | undefined): void => {
        socket.destroy();
        resolve(trouble);
      };
      socket.once('connect', () => end(undefined));
      socket.on('error', (error) => end(connectTrouble(error, `${shownHost(host)}:${port}`)));
    });
}

/** Why there is no connection, in words. */
export function connectTrouble(error: Error, address: string): string {
  const code = errorCode(error);
  if (code === 'ECONNREFUSED') return `nothing listens on ${address}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the name of ${address} is not known`;
  return `${address} cannot be reached: ${code ?? error.message}`;
}

/** A host as it stands in an address. */
function shownHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export function tcpText({ host, port }: TcpSign): string {
  return `a connection to ${shownHost(host)}:${port}`;
}
