import type { StreamPosition, StreamSource } from '../../core/source.ts';
import { MOST_MESSAGE_BYTES, unpackMessage } from '../../wire/jetstream/dictionary.ts';
import { decodeEvent } from '../../wire/jetstream/event.ts';
import { createNumbering, toStreamEvent } from '../../wire/jetstream/lines.ts';
import { createOverlap } from './jetstream-overlap.ts';
import { addressOf, isFiltered, type JetstreamRequest, requestProblems } from './jetstream-request.ts';
import { createWebSocketSource, type Decoded, type Exchange } from './websocket-connection.ts';

export interface JetstreamOptions extends JetstreamRequest {
  readonly random: () => number;
}

/**
 * Jetstream, version 1 (`/subscribe`), received for ever: reconnects with back-off and jitter, asks again from ten seconds before
 * what was taken, pauses the socket while the sink is full. The position is the server's time in microseconds, so it
 * belongs to one server: others have other clocks.
 * @throws Error for a request that a server would refuse: see `requestProblems`.
 */
export function createJetstreamSource(options: JetstreamOptions): StreamSource {
  const problems = requestProblems(options);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const mayBeQuiet = isFiltered(options);
  const progress = { handedOver: 0 };
  return createWebSocketSource({
    numbers: 'sparse',
    mostMessageBytes: MOST_MESSAGE_BYTES,
    random: options.random,
    ask: (position) => {
      const address = addressOf(options, position);
      return { ...address, mayBeQuiet, read: createReader(options, position, address.cursor, progress) };
    },
  });
}

/** Reads the messages of one connection. */
function createReader(
  { dictionary }: JetstreamOptions,
  position: StreamPosition,
  cursor: number | undefined,
  /** The highest number that this source handed over in its life. */
  progress: { handedOver: number },
): Exchange['read'] {
  const number = createNumbering();
  const overlap = createOverlap({ position, cursor, handedOver: position === progress.handedOver });

  const readText = (bytes: Buffer, raw: Buffer, give: (decoded: Decoded) => void): void => {
    const event = decodeEvent(bytes);
    if (event.kind === 'bad') return give({ kind: 'bad', raw, reason: event.reason });
    const { timeUs } = event;
    const seq = number(event);
    const said = overlap({ seq, timeUs, numbered: event.cursor !== undefined });
    if (said !== undefined) give(said);
    // The sink decides where to go on: at the live end, or with the oldest.
    if (said?.kind === 'reset') return give({ kind: 'fatal', reason: said.detail });
    progress.handedOver = Math.max(progress.handedOver, seq);
    give({ kind: 'event', event: toStreamEvent(event, seq), bytes: bytes.length });
  };

  return (data, binary, give) => {
    if (!binary) return readText(data, data, give);
    if (dictionary === undefined) {
      return give({
        kind: 'bad',
        raw: data,
        reason: 'cannot read the message: it is packed, and nobody asked for that',
      });
    }
    const unpacked = unpackMessage(data, dictionary);
    if (unpacked.kind === 'unpacked') readText(unpacked.bytes, data, give);
    else if (unpacked.kind === 'bad') give({ kind: 'bad', raw: data, reason: unpacked.reason });
    else give({ kind: 'fatal', reason: unpacked.reason });
  };
}
