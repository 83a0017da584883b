import type { WebSocket } from 'ws';

/** What may wait to be sent on a connection, bytes; an answer is sent whole, and the next is not begun before there is room. */
const MOST_OUTGOING = 1_048_576;

/** The way out of a connection: bounded, and whoever waits for room is told when there is some. */
export interface Outgoing {
  /** Whatever waits already: for answers. */
  send(text: string): void;
  /** @returns false where too much waits: it was not sent. */
  offer(text: string): boolean;
  /** Resolves when there is room, or the connection is over. */
  room(): Promise<void>;
  /** Since when nothing of what waits was taken, on the clock that `look` is given; undefined where nothing waits. */
  look(now: number): number | undefined;
  /** The connection is over. */
  end(): void;
}

export function createOutgoing(ws: WebSocket): Outgoing {
  let waiters: (() => void)[] = [];
  let given = 0;
  let taken = 0;
  let since: number | undefined;
  let isOver = false;
  const release = (): void => {
    const now = waiters;
    waiters = [];
    for (const resolve of now) resolve();
  };
  const hasRoom = (): boolean => isOver || ws.bufferedAmount < MOST_OUTGOING;
  // An error of sending is one of the connection, which closes.
  const sent = (): void => {
    if (waiters.length > 0 && hasRoom()) release();
  };
  const send = (text: string): void => {
    if (isOver || ws.readyState !== ws.OPEN) return;
    given += text.length;
    ws.send(text, sent);
  };
  return {
    send,
    offer(text) {
      if (!hasRoom()) return false;
      send(text);
      return true;
    },
    room() {
      if (hasRoom()) return Promise.resolve();
      return new Promise((resolve) => waiters.push(resolve));
    },
    look(now) {
      const waits = ws.bufferedAmount;
      const flushed = given - waits;
      if (waits === 0) since = undefined;
      else if (since === undefined || flushed !== taken) since = now;
      taken = flushed;
      return since;
    },
    end() {
      isOver = true;
      release();
    },
  };
}
