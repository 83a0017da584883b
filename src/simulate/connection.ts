import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../core/clock.ts';

/** A reader's connection: whether messages may still go out on it, and the ways in which it ends. */
export interface Connection {
  readonly isOpen: boolean;
  /** Says a last word, and closes; the connection is cut where the other side does not answer in time. */
  close(code: number, reason: string): void;
  /** Ends the TCP connection behind what was sent, with no close frame. */
  cut(): void;
  /** Sends nothing any more, and stays open; a deaf one reads nothing either. */
  mute(deaf: boolean): void;
  ping(): void;
  terminate(): void;
}

/** A WebSocket close code (RFC 6455, 7.4.1). */
export const GOING_AWAY = 1001;

/** How long the other side has to answer a close, or to take what was sent. */
const CLOSE_MS = 2_000;

/** @param socket the one under `client`. */
export function createConnection(client: WebSocket, socket: Duplex, clock: Clock): Connection {
  let state: 'open' | 'mute' | 'deaf' | 'closing' = 'open';
  let deadline: Timer | undefined;

  /** False where it ends already. */
  const leave = (): boolean => {
    if (state === 'closing') return false;
    state = 'closing';
    deadline = clock.timer(CLOSE_MS, () => client.terminate());
    return true;
  };

  const close = (code: number, reason: string): void => {
    if (state === 'deaf') return client.terminate();
    if (leave()) client.close(code, reason);
  };

  client.on('close', () => {
    state = 'closing';
    deadline?.cancel();
  });

  return {
    get isOpen() {
      return state === 'open' && client.readyState === client.OPEN;
    },
    close,
    cut() {
      // The callback comes when all before it is with the system.
      if (leave()) socket.write('', () => client.terminate());
    },
    mute(deaf) {
      state = deaf ? 'deaf' : 'mute';
      if (deaf) client.pause();
    },
    ping: () => state !== 'deaf' && client.ping(),
    terminate: () => client.terminate(),
  };
}
