import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { packMessage, type ZstdDictionary } from '../../wire/jetstream/dictionary.ts';
import { encodeError } from '../../wire/jetstream-v2/encode.ts';
import type { EventFilter } from '../../wire/jetstream-v2/options.ts';
import type { Connection } from '../connection.ts';
import { isPassing, type JetstreamV2Fault, type PassingFault } from './faults.ts';
import { createFilter } from './filter.ts';
import type { History, Served } from './history.ts';

export interface Subscriber {
  /** Sends what is new, as far as the reader takes it. */
  advance(): void;
  readonly connection: Connection;
}

export interface SubscriberSetup {
  readonly client: WebSocket;
  /** The socket under it: written in batches. */
  readonly socket: Duplex;
  readonly connection: Connection;
  readonly history: History;
  /** The number of the first event to look at. */
  readonly from: number;
  readonly filter: EventFilter;
  /** Packs what is sent. */
  readonly dictionary: ZstdDictionary | undefined;
  readonly faults: readonly JetstreamV2Fault[];
  /** Said before the first event. */
  readonly greeting: string | undefined;
}

/** Events in one batch: the event loop turns in between. */
const PAGE = 1_000;
/** What may wait in a socket's buffer. */
const BUFFER_BYTES = 1024 * 1024;
/** A WebSocket close code (RFC 6455, 7.4.1). */
const NORMAL = 1000;

/** One reader, at its own pace. */
export function createSubscriber(setup: SubscriberSetup): Subscriber {
  const { socket, client, connection, history } = setup;
  const wants = createFilter(setup.filter);
  const say = (json: string): void => send(setup, Buffer.from(json));
  const disturb = createDisturbance(setup, say);
  let next = setup.from;
  let waiting = false;
  if (setup.greeting !== undefined) say(setup.greeting);

  const goOn = (error?: Error | null): void => {
    waiting = false;
    if (!error) advance();
  };

  const sendPage = (): void => {
    for (let left = PAGE; ; left--) {
      const event = history.from(next);
      if (event === undefined) return;
      next = event.seq + 1;
      if (wants(event) && disturb(event)) {
        waiting = left <= 1 || client.bufferedAmount + event.json.length > BUFFER_BYTES;
        sendEvent(setup, event, waiting ? goOn : undefined);
      }
      if (waiting || !connection.isOpen) return;
    }
  };

  const advance = (): void => {
    if (waiting || !connection.isOpen) return;
    socket.cork();
    sendPage();
    socket.uncork();
  };

  return { advance, connection };
}

type Sent = (error?: Error | null) => void;

function send({ client, dictionary }: SubscriberSetup, json: Buffer): void {
  if (dictionary === undefined) client.send(json, { binary: false });
  else client.send(packMessage(json, dictionary), { binary: true });
}

function sendEvent({ client, dictionary }: SubscriberSetup, event: Served, after: Sent | undefined): void {
  if (dictionary === undefined) return client.send(event.json, { binary: false }, after);
  event.packed ??= packMessage(event.json, dictionary);
  client.send(event.packed, { binary: true }, after);
}

/** Lets faults happen before each event that is to be sent; answers whether it still is. */
function createDisturbance(setup: SubscriberSetup, say: (json: string) => void): (event: Served) => boolean {
  const { client, connection, faults } = setup;
  const due = faults.filter(isPassing);
  const sent: Served[] = [];
  const longest = Math.max(0, ...due.map((fault) => (fault.kind === 'repeat' ? fault.events : 0)));
  let count = 0;

  /** Answers whether the next event is still sent. */
  const happen = (fault: PassingFault): boolean => {
    if (fault.kind === 'raw') client.send(fault.bytes, { binary: fault.binary ?? false });
    else if (fault.kind === 'repeat')
      sent.slice(-fault.events).forEach((event) => sendEvent(setup, event, undefined));
    if (fault.kind === 'raw' || fault.kind === 'repeat') return true;
    if (fault.kind === 'error') {
      say(encodeError(fault.error, fault.message));
      connection.close(NORMAL, '');
    } else if (fault.kind === 'close') connection.close(fault.code, fault.reason ?? '');
    else if (fault.kind === 'cut') connection.cut();
    else if (fault.kind === 'half-open') connection.mute(true);
    return false;
  };

  return (event) => {
    for (const fault of due.filter(({ afterEvents }) => afterEvents === count)) {
      due.splice(due.indexOf(fault), 1);
      if (!happen(fault)) return false;
    }
    count++;
    sent.push(event);
    if (sent.length > longest) sent.shift();
    return true;
  };
}
