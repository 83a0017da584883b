import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../../core/clock.ts';
import { encodeFrame } from '../../wire/atproto/encode-frame.ts';
import type { History } from './history.ts';

export interface Subscriber {
  /** Sends what is new, as far as the reader takes it. */
  advance(): void;
  /** Says a last word, and closes; the connection is cut where the other side does not answer in time. */
  close(code: number, reason: string): void;
  ping(): void;
  terminate(): void;
}

export interface SubscriberOptions {
  readonly client: WebSocket;
  /** The socket under it: written in batches. */
  readonly socket: Duplex;
  readonly history: History;
  /** Position of the first frame to send. */
  readonly from: number;
  /** Frames that a reader may fall behind once it has been at the tip. */
  readonly lagFrames: number;
  readonly clock: Clock;
}

/** WebSocket close codes (RFC 6455, 7.4.1). */
export const GOING_AWAY = 1001;
export const POLICY = 1008;

/** Frames in one batch: the event loop turns in between. */
const PAGE = 1_000;
/** What may wait in a socket's buffer. More would only take memory. */
const BUFFER_BYTES = 1024 * 1024;
/** How long the other side has to answer a close. */
const CLOSE_MS = 2_000;

/**
 * One reader: a position in the history. A batch is sent, the rest waits for the socket to take it; what happens
 * meanwhile stays in the history, which all readers share. A reader that fell out of it, or too far behind, is told
 * ConsumerTooSlow and closed, as relays do.
 */
export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { client, socket, history, clock } = options;
  let next = options.from;
  let waiting = false;
  let closing = false;
  let live = false;
  let deadline: Timer | undefined;

  const resume = (error?: Error | null): void => {
    waiting = false;
    if (!error) advance();
  };

  const sendPage = (): void => {
    for (let left = PAGE; next < history.end; left--) {
      const frame = history.frameAt(next++);
      waiting = left === 1 || client.bufferedAmount + frame.length > BUFFER_BYTES;
      if (!waiting) client.send(frame);
      else return client.send(frame, resume);
    }
    live = true;
  };

  /** What it should get next is gone, or it was at the tip, and its socket is full since too many frames. */
  const isTooSlow = (): boolean =>
    next < history.first || (waiting && live && history.end - next > options.lagFrames);

  const advance = (): void => {
    if (closing || client.readyState !== client.OPEN) return;
    if (isTooSlow()) {
      client.send(
        encodeFrame({ kind: 'error', error: 'ConsumerTooSlow', message: 'Stream consumer too slow' }),
      );
      return close(POLICY, 'ConsumerTooSlow');
    }
    if (waiting) return;
    socket.cork();
    sendPage();
    socket.uncork();
  };

  const close = (code: number, reason: string): void => {
    if (closing) return;
    closing = true;
    deadline = clock.timer(CLOSE_MS, () => client.terminate());
    client.close(code, reason);
  };

  client.on('close', () => {
    closing = true;
    deadline?.cancel();
  });

  return { advance, close, ping: () => client.ping(), terminate: () => client.terminate() };
}
