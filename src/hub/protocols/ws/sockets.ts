import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Timer } from '../../../core/clock.ts';
import type { Doors } from '../../server/doors.ts';
import type { Action, Session } from '../../server/session.ts';
import type { Stored } from './batches.ts';
import { Connection } from './connection.ts';
import type { Shared } from './connection-options.ts';
import { type CheckCredential, createCredentials, createSessionCheck } from './credentials.ts';
import { CLOSE } from './frames.ts';
import { createPlaces } from './places.ts';
import { createRequests } from './requests.ts';
import { createRooms, type Rooms } from './rooms.ts';

/** The connections of `/ws`. */
export interface Sockets {
  /** Takes over a connection that was opened. */
  handle(socket: WebSocket, request: IncomingMessage): void;
  count(): number;
  /** Lets what was heard be answered, within some seconds, and ends all. */
  close(): Promise<void>;
  /** See Rooms. */
  readonly push: Rooms['push'];
}

export interface SocketOptions {
  /** Where pushes go out; by default its own. */
  readonly rooms?: Rooms;
  /** Whose a token is; by default by `doors.tokens` alone. */
  readonly check?: CheckCredential;
  /** Told of every batch that was stored. */
  readonly brought?: (agent: string, json: Uint8Array, stored: Stored, from: Session) => void;
  /** Without a frame of the client for so long a connection closes. */
  readonly timeoutMs?: number;
  /** A client that takes nothing of what it is sent for so long is cut off. */
  readonly slowMs?: number;
  /** Connections of one agent or user. */
  readonly most?: number;
  /** Connections of one address that are not let in yet. */
  readonly mostStrangers?: number;
}

const LOOK_MS = 1000;
const LET_OUT_MS = 3000;
const GOODBYE_MS = 1000;

export function createSockets(
  doors: Doors,
  actions: readonly Action[],
  options: SocketOptions = {},
): Sockets {
  const { timeoutMs = 30_000, slowMs = 30_000, most = 100, mostStrangers = 500 } = options;
  const { rooms = createRooms(), check = createCredentials(doors.tokens), brought = () => {} } = options;
  const { clock } = doors;
  const connections = new Set<Connection>();
  const places = createPlaces(mostStrangers, most);
  const shared: Shared = {
    doors,
    check,
    rooms,
    timeoutMs,
    slowMs,
    brought,
    requests: createRequests(actions, doors.log),
  };
  const lookMs = Math.min(LOOK_MS, timeoutMs / 4);
  let timer: Timer | undefined;
  let isClosing = false;
  const look = (): void => {
    for (const connection of connections) connection.look();
    timer = connections.size === 0 ? undefined : clock.timer(lookMs, look);
  };
  const handle = (ws: WebSocket, { socket, headers }: IncomingMessage): void => {
    const place = isClosing ? undefined : places.take(socket.remoteAddress ?? '');
    if (place === undefined) {
      doors.counters.count('denied', 'ws');
      return turnAway(ws, isClosing ? CLOSE.ends : CLOSE.many, clock);
    }
    const connection = new Connection(ws, shared, {
      bytesRead: () => socket.bytesRead,
      session: createSessionCheck(doors.sessions, headers.cookie),
      admit: place.give,
      ended() {
        place.leave();
        connections.delete(connection);
      },
    });
    connections.add(connection);
    timer ??= clock.timer(lookMs, look);
  };
  return {
    handle,
    count: () => connections.size,
    push: rooms.push,
    async close() {
      isClosing = true;
      const all = [...connections];
      const patience = new AbortController();
      const answered = Promise.all(all.map((each) => each.answered())).then(() => patience.abort());
      await Promise.race([answered, clock.sleep(LET_OUT_MS, patience.signal)]);
      patience.abort();
      timer?.cancel();
      await Promise.all(all.map((connection) => letOut(connection, clock)));
    },
  };
}

/** Nothing is heard of it; it has a moment to hear why. */
function turnAway(ws: WebSocket, code: number, clock: Doors['clock']): void {
  const timer = clock.timer(GOODBYE_MS, () => ws.terminate());
  ws.on('error', () => {});
  ws.on('close', () => timer.cancel());
  ws.close(code, code === CLOSE.ends ? 'the hub ends' : 'too many connections that nobody let in');
}

/** A client has a moment to say goodbye as well. */
async function letOut(connection: Connection, clock: Doors['clock']): Promise<void> {
  connection.close(CLOSE.ends, 'the hub ends');
  if (await clock.sleep(GOODBYE_MS, connection.signal)) connection.cut();
}
