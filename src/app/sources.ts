import type { CollectConfig } from '../collect/config.ts';
import { createFirehoseSource, type Decoded } from '../collect/sources/firehose.ts';
import type { StreamSource } from '../core/source.ts';
import { decodeFrame } from '../wire/atproto/frame.ts';
import { eventOf } from '../wire/atproto/lines.ts';

/** The source that a `collect:` means. There is one kind yet; the next ones are told apart by the address. */
export function sourceFor(collect: CollectConfig, random: () => number): StreamSource {
  return createFirehoseSource({ url: collect.from, decode: decodeFirehose, random });
}

/** A frame of an atproto firehose, as the collector takes it. */
function decodeFirehose(bytes: Uint8Array): Decoded {
  const frame = decodeFrame(bytes);
  switch (frame.kind) {
    case 'bad':
      return { kind: 'bad', raw: bytes, reason: frame.reason };
    case 'info':
      return { kind: 'info', name: frame.name, message: frame.message };
    case 'error':
      if (frame.error === 'FutureCursor')
        return { kind: 'reset', detail: `the server says FutureCursor: ${frame.message}` };
      return {
        kind: 'fatal',
        reason: `the server says ${frame.error}${frame.message === '' ? '' : `: ${frame.message}`}`,
      };
    default: {
      const event = eventOf(frame);
      if (!event.ok) return { kind: 'bad', raw: bytes, reason: event.error };
      return { kind: 'event', event: event.value, bytes: bytes.length };
    }
  }
}
