import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock } from '../../core/clock.ts';
import { encodeFrame } from '../../wire/atproto/encode-frame.ts';
import { type Connection, createConnection } from '../connection.ts';

/** A reader's connection, with the words that a firehose has. */
export interface FirehoseConnection extends Connection {
  /** Sends an error frame, and closes. */
  fail(error: string, message: string | undefined): void;
}

/** A WebSocket close code (RFC 6455, 7.4.1). */
const POLICY = 1008;

/** @param socket the one under `client`. */
export function createFirehoseConnection(
  client: WebSocket,
  socket: Duplex,
  clock: Clock,
): FirehoseConnection {
  const connection = createConnection(client, socket, clock);
  const fail = (error: string, message: string | undefined): void => {
    client.send(encodeFrame({ kind: 'error', error, ...(message !== undefined && { message }) }));
    connection.close(POLICY, error);
  };
  return Object.assign(connection, { fail });
}
