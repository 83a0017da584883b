import type { Clock } from '../core/clock.ts';
import type { HubSocket, SocketEvents } from '../wire/hub/link.ts';
import type { WebSocketClass, WebSocketLike } from './types.ts';

const DENIED = 4401;

/** Of all four kinds. */
interface SocketEvent {
  readonly data?: unknown;
  readonly message?: unknown;
  readonly code?: number;
  readonly reason?: string;
}

/** Connects over the WebSocket of the browser, or of Node. */
export function dialGlobal(
  url: string,
  WebSocketOf: WebSocketClass,
  clock: Clock,
  events: SocketEvents,
): HubSocket {
  let socket: WebSocketLike | undefined;
  try {
    socket = new WebSocketOf(url);
  } catch (error) {
    clock.timer(0, () => events.lost({ why: String(error) }));
    return { send: () => {}, close: () => {} };
  }
  const made = socket;
  let why: string | undefined;
  let isOver = false;
  const heard = (
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: SocketEvent) => void,
  ): void =>
    made.addEventListener(type, (event) => {
      if (!isOver) listener(event);
    });
  heard('open', () => events.opened());
  heard('message', ({ data }) => {
    if (typeof data === 'string') events.text(data);
  });
  heard('error', ({ message }) => {
    if (typeof message === 'string' && message !== '') why ??= message;
  });
  heard('close', ({ code = 1006, reason = '' }) => {
    const said = reason === '' ? `${code}` : `${code} ${reason}`;
    why ??= code === 1006 ? 'there is no connection' : `it closed (${said})`;
    events.lost({ why, ...(code === DENIED ? { isDenied: true } : {}) });
  });
  return {
    send: (data) => {
      // A socket that closes throws or drops it; `lost` follows in either case.
      try {
        made.send(data);
      } catch {}
    },
    close() {
      isOver = true;
      try {
        made.close(1000);
      } catch {}
    },
  };
}
