import type { StreamPosition, StreamSource } from '../../core/source.ts';
import { createWebSocketSource, type Decoded } from './websocket-connection.ts';

export type { Decoded } from './websocket-connection.ts';

/** How far to go back at a reconnect: servers differ in whether a cursor includes its event, some skip at file borders. */
const REWIND = 1_000;
/** The specification allows frames of 5 MB (atproto.com/specs/sync). */
const MOST_FRAME_BYTES = 6_291_456;

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
    mostMessageBytes: MOST_FRAME_BYTES,
    random,
    ask: (position) => ({
      ...addressOf(url, position),
      mayBeQuiet: false,
      read: (data, binary, give) => give(binary ? decode(data) : textFrame(data)),
    }),
  });
}

/** No cursor means the live end, 0 the oldest that the server has. */
const CURSORS = { live: undefined, oldest: 0 } as const;

/** The address to connect to, and the cursor in it (undefined: the live end). */
function addressOf(address: string, position: StreamPosition): { url: string; cursor: number | undefined } {
  const url = new URL(address);
  const cursor = typeof position === 'number' ? Math.max(0, position - REWIND) : CURSORS[position];
  url.searchParams.delete('cursor');
  if (cursor !== undefined) url.searchParams.set('cursor', String(cursor));
  return { url: url.href, cursor };
}

/** The protocol has no text frames (atproto.com/specs/event-stream): kept like any frame that cannot be read. */
function textFrame(data: Buffer): Decoded {
  return { kind: 'bad', raw: data, reason: 'a text frame, where the protocol has binary ones alone' };
}
