import type { StreamPosition, StreamSource } from '../../core/source.ts';
import { createWebSocketSource, type Decoded, serverOf } from './websocket-connection.ts';

export type { Decoded } from './websocket-connection.ts';

/** How far to go back at a reconnect: servers differ in whether a cursor includes its event, some skip at file borders. */
const REWIND = 1_000;
/** The specification allows frames of 5 MB (atproto.com/specs/sync). A longer one goes to the quarantine … */
const MOST_FRAME_BYTES = 6_291_456;
/** … up to here; beyond it the connection ends. */
const MOST_MESSAGE_BYTES = 67_108_864;

export interface FirehoseOptions {
  /** Without a cursor: that is the collector's business. */
  readonly url: string;
  /** Turns a frame into what the collector takes. */
  readonly decode: (frame: Uint8Array) => Decoded;
  readonly random: () => number;
}

/**
 * The atproto event stream `com.atproto.sync.subscribeRepos` (atproto.com/specs/event-stream), received for ever:
 * reconnects with back-off and jitter, asks again from a little before what was taken, pauses the socket while the sink is full.
 */
export function createFirehoseSource({ url, decode, random }: FirehoseOptions): StreamSource {
  return createWebSocketSource({
    numbers: 'dense',
    server: { name: serverOf(url) },
    mostMessageBytes: MOST_MESSAGE_BYTES,
    random,
    ask: (position, _marks, skip) => ({
      ...addressOf(url, position, skip),
      mayBeQuiet: false,
      read: (data, binary, give) => give(readFrame(data, binary, decode)),
    }),
  });
}

/** No cursor means the live end, 0 the oldest that the server has. */
const CURSORS = { live: undefined, oldest: 0 } as const;

/** The address to connect to, and the cursor in it (undefined: the live end). */
function addressOf(
  address: string,
  position: StreamPosition,
  skip: number,
): { url: string; cursor: number | undefined } {
  const url = new URL(address);
  const cursor = typeof position === 'number' ? behind(position, skip) : CURSORS[position];
  url.searchParams.delete('cursor');
  if (cursor !== undefined) url.searchParams.set('cursor', String(cursor));
  return { url: url.href, cursor };
}

function behind(position: number, skip: number): number {
  return skip > 0 ? position + skip : Math.max(0, position - REWIND);
}

function readFrame(data: Buffer, binary: boolean, decode: FirehoseOptions['decode']): Decoded {
  // The protocol has no text frames (atproto.com/specs/event-stream).
  if (!binary)
    return { kind: 'bad', raw: data, reason: 'a text frame, where the protocol has binary ones alone' };
  // Ending the connection would only bring the same frame again, for ever.
  if (data.length > MOST_FRAME_BYTES) {
    return {
      kind: 'bad',
      raw: data,
      reason: `a frame of ${data.length} bytes, ${MOST_FRAME_BYTES} are the most`,
    };
  }
  return decode(data);
}
