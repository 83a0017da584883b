import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../../core/clock.ts';
import { packMessage, type ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import type { SubscriberOptions } from '../../wire/jetstream/options.ts';
import { createDisturbance } from './disturbance.ts';
import type { JetstreamFault } from './faults.ts';
import { createFilter } from './filter.ts';
import type { History, Served } from './history.ts';

export interface Subscriber {
  /** Sends what is new, as far as the reader takes it. */
  advance(): void;
  /** Sets its options anew; the first time also lets it begin, if it had to say hello. */
  update(options: SubscriberOptions): void;
  close(code: number, reason: string): void;
  ping(): void;
  terminate(): void;
}

export interface SubscriberSetup {
  readonly client: WebSocket;
  /** The socket under it: written in batches. */
  readonly socket: Duplex;
  readonly history: History;
  /** Position of the first event to look at. */
  readonly from: () => number;
  readonly options: SubscriberOptions;
  /** Sends nothing before the reader has said what it wants. */
  readonly waitForHello: boolean;
  /** Packs what is sent. */
  readonly dictionary: ZstdDictionary | undefined;
  readonly faults: readonly JetstreamFault[];
  readonly clock: Clock;
}

/** Events in one batch: the event loop turns in between. */
const PAGE = 1_000;
/** What may wait in a socket's buffer. */
const BUFFER_BYTES = 1024 * 1024;
/** How long the other side has to answer a close. */
const CLOSE_MS = 2_000;

/** One reader: a position in the history. A reader that fell out of it is cut off, as version 1 has no words for it. */
export function createSubscriber(setup: SubscriberSetup): Subscriber {
  const { client, socket, history, clock } = setup;
  let wants = createFilter(setup.options);
  let next = setup.waitForHello ? undefined : setup.from();
  let waiting = false;
  const ending = createEnding(client, socket, clock);
  const send = senderTo(client, setup.dictionary);
  const disturb = createDisturbance(setup.faults, {
    ...ending,
    again: send,
    raw: (bytes, binary) => client.send(bytes, { binary }),
  });

  const goOn = (error?: Error | null): void => {
    waiting = false;
    if (!error) advance();
  };

  const sendPage = (): void => {
    for (let left = PAGE; next !== undefined && next < history.end; left--) {
      const event = history.at(next++);
      if (wants(event) && disturb(event)) {
        waiting = left <= 1 || client.bufferedAmount + event.json.length > BUFFER_BYTES;
        send(event, waiting ? goOn : undefined);
      }
      if (waiting || ending.isOver()) return;
    }
  };

  const advance = (): void => {
    if (ending.isOver() || next === undefined || client.readyState !== client.OPEN) return;
    if (next < history.first) return client.terminate();
    if (waiting) return;
    socket.cork();
    sendPage();
    socket.uncork();
  };

  return {
    advance,
    update(options) {
      wants = createFilter(options);
      next ??= setup.from();
      advance();
    },
    close: ending.close,
    ping: () => !ending.isOver() && client.ping(),
    terminate: () => client.terminate(),
  };
}

/** The ways in which a connection ends; when one has begun, nothing is sent any more. */
function createEnding(client: WebSocket, socket: Duplex, clock: Clock) {
  let over = false;
  let deadline: Timer | undefined;
  client.on('close', () => {
    over = true;
    deadline?.cancel();
  });
  return {
    isOver: () => over,
    close(code: number, reason: string): void {
      // After a fault it would not hear of it.
      if (over) return client.terminate();
      over = true;
      deadline = clock.timer(CLOSE_MS, () => client.terminate());
      client.close(code, reason);
    },
    cut(): void {
      over = true;
      // Behind what was written, which must arrive.
      socket.uncork();
      socket.end();
    },
    hang(): void {
      over = true;
      client.pause();
    },
  };
}

type Send = (event: Served, after?: (error?: Error | null) => void) => void;

/** Sends events, packed if the reader wants it so. */
function senderTo(client: WebSocket, dictionary: ZstdDictionary | undefined): Send {
  return (event, after) => {
    if (dictionary === undefined) return client.send(event.json, { binary: false }, after);
    event.packed ??= packMessage(event.json, dictionary);
    client.send(event.packed, { binary: true }, after);
  };
}
