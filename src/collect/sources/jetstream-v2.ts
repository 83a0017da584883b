import type { StreamPosition, StreamSource } from '../../core/source.ts';
import { MOST_MESSAGE_BYTES, unpackMessage } from '../../wire/jetstream/dictionary.ts';
import { toStreamEvent } from '../../wire/jetstream-v2/lines.ts';
import { decodeMessage, type EventMessage, type Message } from '../../wire/jetstream-v2/message.ts';
import {
  addressV2Of,
  isFilteredV2,
  type JetstreamV2Request,
  requestV2Problems,
} from './jetstream-v2-request.ts';
import { createWebSocketSource, type Decoded, type Exchange, serverOf } from './websocket-connection.ts';

export interface JetstreamV2Options extends JetstreamV2Request {
  readonly random: () => number;
}

/** What a source knows beyond one connection. */
interface Knowledge {
  /** The position that the server no longer has. */
  tooOld: StreamPosition | undefined;
  /** Whether messages are asked for packed: until the server does not know the dictionary any more. */
  packed: boolean;
}

/**
 * Jetstream, version 2 (`network.bsky.jetstream.subscribeEvents`), received for ever: reconnects with back-off and jitter, asks
 * again from the last event that was taken, pauses the socket while the sink is full. The position is the server's own number of an event,
 * so it belongs to one server. Numbers are sparse: servers take out what was updated or deleted later.
 *
 * A position that the server no longer has is a gap, up to the oldest event that it has.
 * @throws Error for a request that a server would refuse: see `requestV2Problems`.
 */
export function createJetstreamV2Source(options: JetstreamV2Options): StreamSource {
  const problems = requestV2Problems(options);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const mayBeQuiet = isFilteredV2(options);
  const knowledge: Knowledge = { tooOld: undefined, packed: true };
  return createWebSocketSource({
    numbers: 'sparse',
    server: { name: serverOf(options.url) },
    mostMessageBytes: MOST_MESSAGE_BYTES,
    random: options.random,
    ask(position) {
      const clamped = position === knowledge.tooOld;
      return {
        url: addressV2Of(options, clamped ? 'oldest' : position, knowledge.packed),
        cursor: typeof position === 'number' && !clamped ? position : undefined,
        mayBeQuiet,
        read: createReader(options, position, clamped, knowledge),
        refused: (status, text) => learn(status, text, position, knowledge),
      };
    },
  });
}

/** Learns from a refusal what to ask next time. Returns the server's words. */
function learn(status: number, text: string, position: StreamPosition, knowledge: Knowledge): string {
  const { error, message } = envelopeOf(text);
  if (status === 400 && error === 'CursorTooOld' && typeof position === 'number') knowledge.tooOld = position;
  if (status === 400 && error === 'UnknownZstdDictionary') {
    knowledge.packed = false;
    return `${error}: ${message}; from now on messages come unpacked, until there is another dictionary`;
  }
  return message === '' ? error : `${error}: ${message}`;
}

const SHOWN_CHARACTERS = 300;

/** What an XRPC server says of an error, on one line. */
function envelopeOf(text: string): { readonly error: string; readonly message: string } {
  const shown = (value: unknown): string =>
    typeof value === 'string' ? value.replace(/[\0-\x1f\x7f]+/g, ' ').slice(0, SHOWN_CHARACTERS) : '';
  try {
    const body = JSON.parse(text) as { error?: unknown; message?: unknown } | null;
    return { error: shown(body?.error), message: shown(body?.message) };
  } catch {
    return { error: '', message: '' };
  }
}

/** Reads the messages of one connection. @param clamped it begins with the oldest event, where our position is not there any more. */
function createReader(
  { dictionary }: JetstreamV2Options,
  position: StreamPosition,
  clamped: boolean,
  knowledge: Knowledge,
): Exchange['read'] {
  let first = true;
  let outdatedDue = clamped;

  const readEvent = (event: EventMessage, give: (decoded: Decoded) => void): void => {
    if (first && typeof position === 'number' && !clamped && event.seq < position) {
      // Asked for what comes from our position on; from the future on it is taken for the live end, without a word.
      const detail = `the server is at number ${event.seq}, before our position ${position}`;
      give({ kind: 'reset', detail });
      // The sink decides where to go on: at the live end, or with the oldest.
      return give({ kind: 'fatal', reason: detail });
    }
    first = false;
    if (outdatedDue) {
      outdatedDue = false;
      give({ kind: 'info', name: 'OutdatedCursor', message: `the oldest event is number ${event.seq}` });
    }
    give({ kind: 'event', event: toStreamEvent(event) });
  };

  const readMessage = (message: Message, raw: Buffer, give: (decoded: Decoded) => void): void => {
    if (message.kind === 'event') return readEvent(message, give);
    if (message.kind === 'bad') return give({ kind: 'bad', raw, reason: message.reason });
    if (message.kind === 'error')
      return give({
        kind: 'fatal',
        reason: `the server says ${message.error}: ${message.message}`.slice(0, SHOWN_CHARACTERS),
      });
    if (message.name === 'OutdatedCursor') {
      outdatedDue = false;
      // The oldest event is what was asked for.
      if (typeof position !== 'number') return give({ kind: 'skip' });
    }
    give(message);
  };

  return (data, binary, give) => {
    if (!binary) return readMessage(decodeMessage(data), data, give);
    if (dictionary === undefined) {
      const reason = 'cannot read the message: it is packed, and nobody asked for that';
      return give({ kind: 'bad', raw: data, reason });
    }
    const unpacked = unpackMessage(data, dictionary);
    if (unpacked.kind === 'unpacked') return readMessage(decodeMessage(unpacked.bytes), data, give);
    if (unpacked.kind === 'bad') return give({ kind: 'bad', raw: data, reason: unpacked.reason });
    knowledge.packed = false;
    give({ kind: 'fatal', reason: unpacked.reason });
  };
}
