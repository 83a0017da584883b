import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { packMessage, type ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import type { SubscriberOptions } from '../../wire/jetstream/options.ts';
import type { Connection } from '../connection.ts';
import type { Egress } from '../egress.ts';
import type { Act } from './fault-plan.ts';
import { createFilter } from './filter.ts';
import type { History, Served } from './history.ts';
import { createRoute, type Route } from './route.ts';

export interface Subscriber {
  /** Sends what is new, as far as the reader takes it. */
  advance(): void;
  /** Sets its options anew; the first time also lets it begin, if it had to say hello. */
  update(options: SubscriberOptions): void;
  readonly connection: Connection;
}

export interface SubscriberSetup {
  readonly client: WebSocket;
  /** The socket under it: written in batches. */
  readonly socket: Duplex;
  readonly connection: Connection;
  readonly history: History;
  /** Position of the first event to look at; asked once, when it begins. */
  readonly from: () => number;
  /** Whether it begins with history. */
  readonly replays: boolean;
  readonly options: SubscriberOptions;
  /** Sends nothing before the reader has said what it wants. */
  readonly waitForHello: boolean;
  /** Packs what is sent. */
  readonly dictionary: ZstdDictionary | undefined;
  /** The faults of this connection; `previous` is the number before its first event. */
  readonly egress: (previous: number) => Egress<Act> | undefined;
  /** Told of each event that goes out. */
  readonly sent: (event: Served) => void;
}

/** Events in one batch: the event loop turns in between. */
const PAGE = 1_000;
/** What may wait in a socket's buffer. */
const BUFFER_BYTES = 1024 * 1024;

/** One reader. One that fell out of the history is cut off, as version 1 has no words for it. */
export function createSubscriber(setup: SubscriberSetup): Subscriber {
  const { connection } = setup;
  let wants = createFilter(setup.options);
  const begin = () => createSending(setup, (event) => wants(event));
  let sending = setup.waitForHello ? undefined : begin();
  return {
    connection,
    advance: () => sending?.advance(),
    update(options) {
      wants = createFilter(options);
      sending ??= begin();
      sending.advance();
    },
  };
}

/** Sends events one after the other, with the faults of the connection. */
function createSending(setup: SubscriberSetup, wants: (event: Served) => boolean) {
  const { client, socket, connection, history } = setup;
  const from = setup.from();
  const route = createRoute(history, from, setup.replays);
  const egress = setup.egress(history.numberBefore(from));
  let dropping = 0;
  let waiting = false;

  /** Lets happen what is due before the next event. False where nothing is sent after it. */
  const misbehave = (faults: Egress<Act>): boolean => {
    for (;;) {
      const next = route.peek();
      const seq = next === undefined ? undefined : history.at(next).number;
      const acts = faults.acts({ seq, left: route.left() });
      if (acts.length === 0) return true;
      for (const doing of acts) {
        if (doing.kind === 'drop') dropping += doing.events;
        else act(doing, setup, route);
        if (!connection.isOpen) return false;
      }
    }
  };

  /** What goes out for an event; undefined: nothing. */
  const messageFor = (position: number, event: Served): Uint8Array | undefined => {
    if (!wants(event)) return undefined;
    if (dropping > 0) {
      dropping--;
      return undefined;
    }
    if (egress === undefined) return event.json;
    return egress.shape({ position, seq: event.number, message: event.json });
  };

  const sendPage = (): void => {
    for (let left = PAGE; ; ) {
      if (egress !== undefined && !misbehave(egress)) return;
      const position = route.take();
      if (position === undefined) return;
      const event = history.at(position);
      const message = messageFor(position, event);
      if (message === undefined) continue;
      setup.sent(event);
      waiting = --left === 0 || client.bufferedAmount + message.length > BUFFER_BYTES;
      sendEvent(setup, event, message, waiting ? resume : undefined);
      if (waiting) return;
    }
  };

  const advance = (): void => {
    if (!connection.isOpen) return;
    if (route.isLost()) return connection.terminate();
    if (waiting) return;
    socket.cork();
    sendPage();
    socket.uncork();
  };

  const resume = (error?: Error | null): void => {
    waiting = false;
    if (!error) advance();
  };

  return { advance };
}

function act(
  doing: Exclude<Act, { readonly kind: 'drop' }>,
  { client, connection }: SubscriberSetup,
  route: Route,
): void {
  if (doing.kind === 'repeat') route.repeat(doing.events);
  else if (doing.kind === 'reorder') route.reorder(doing.events);
  else if (doing.kind === 'send') client.send(doing.data, { binary: doing.binary });
  else if (doing.kind === 'close') connection.close(doing.code, doing.reason);
  else if (doing.kind === 'mute') connection.mute(doing.deaf);
  else connection.cut();
}

/** Sends an event's message, packed if the reader wants it so. */
function sendEvent(
  { client, dictionary }: SubscriberSetup,
  event: Served,
  message: Uint8Array,
  after: ((error?: Error | null) => void) | undefined,
): void {
  if (dictionary === undefined) return client.send(message, { binary: false }, after);
  const isWhole = message === event.json;
  const packed = (isWhole ? event.packed : undefined) ?? packMessage(message, dictionary);
  if (isWhole) event.packed = packed;
  client.send(packed, { binary: true }, after);
}
