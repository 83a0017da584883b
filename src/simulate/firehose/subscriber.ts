import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Egress } from '../egress.ts';
import type { FirehoseConnection } from './connection.ts';
import type { Act } from './fault-plan.ts';
import type { History } from './history.ts';

export interface Subscriber {
  /** Sends what is new, as far as the reader takes it. */
  advance(): void;
  /** Goes on with what comes from now on: what was not sent yet is gone. */
  skip(): void;
  readonly connection: FirehoseConnection;
}

export interface SubscriberOptions {
  readonly client: WebSocket;
  /** The socket under it: written in batches. */
  readonly socket: Duplex;
  readonly connection: FirehoseConnection;
  readonly history: History;
  /** Position of the first frame to send. */
  readonly from: number;
  /** Frames that a reader may fall behind once it has been at the tip. */
  readonly lagFrames: number;
  /** The faults of this connection. */
  readonly egress: Egress<Act> | undefined;
}

/** Frames in one batch: the event loop turns in between. */
const PAGE = 1_000;
/** What may wait in a socket's buffer. More would only take memory. */
const BUFFER_BYTES = 1024 * 1024;

/**
 * One reader: a position in the history. A batch is sent, the rest waits for the socket to take it; what happens
 * meanwhile stays in the history, which all readers share. A reader that fell out of it, or too far behind, is told
 * ConsumerTooSlow and closed, as relays do.
 */
export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { client, socket, connection, history, egress } = options;
  let next = options.from;
  /** The first position that may be repeated. */
  let began = options.from;
  let waiting = false;
  let live = false;

  const resume = (error?: Error | null): void => {
    waiting = false;
    if (!error) advance();
  };

  const act = (doing: Act): void => {
    if (doing.kind === 'repeat') next = Math.max(next - doing.frames, began, history.first);
    else if (doing.kind === 'send') client.send(doing.data);
    else if (doing.kind === 'close') connection.close(doing.code, doing.reason);
    else if (doing.kind === 'error') connection.fail(doing.error, doing.message);
    else if (doing.kind === 'mute') connection.mute(doing.deaf);
    else connection.cut();
  };

  /** Lets happen what is due before the next frame. False where nothing is sent after it. */
  const misbehave = (faults: Egress<Act>): boolean => {
    for (;;) {
      const acts = faults.acts({ seq: next < history.end ? history.seqAt(next) : undefined });
      if (acts.length === 0) return true;
      for (const doing of acts) {
        act(doing);
        if (!connection.isOpen) return false;
      }
    }
  };

  /** A frame as it goes out; undefined: it does not. */
  const frameAt = (position: number): Uint8Array | undefined => {
    const message = history.frameAt(position);
    return egress === undefined ? message : egress.shape({ position, seq: history.seqAt(position), message });
  };

  const sendPage = (): void => {
    for (let left = PAGE; ; ) {
      if (egress !== undefined && !misbehave(egress)) return;
      if (next >= history.end) break;
      const frame = frameAt(next++);
      if (frame === undefined) continue;
      waiting = --left === 0 || client.bufferedAmount + frame.length > BUFFER_BYTES;
      if (!waiting) client.send(frame);
      else return client.send(frame, resume);
    }
    live = true;
  };

  /** What it should get next is gone, or it was at the tip, and its socket is full since too many frames. */
  const isTooSlow = (): boolean =>
    next < history.first || (waiting && live && history.end - next > options.lagFrames);

  const advance = (): void => {
    if (!connection.isOpen) return;
    if (isTooSlow()) return connection.fail('ConsumerTooSlow', 'Stream consumer too slow');
    if (waiting) return;
    socket.cork();
    sendPage();
    socket.uncork();
  };

  const skip = (): void => {
    next = history.end;
    began = next;
  };

  return { advance, skip, connection };
}
