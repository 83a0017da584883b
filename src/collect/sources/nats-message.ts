import type { Msg } from '@nats-io/transport-node';
import type { BrokerMessage } from './message-envelope.ts';
import { markText } from './nats-standing.ts';

/** What JetStream says of a message, in the subject to answer it to (ADR-15 of nats-architecture-and-design). */
export interface Delivery {
  readonly streamSeq: number;
  readonly consumerSeq: number;
  /** When the stream took it: nanoseconds since 1970. */
  readonly nanos: bigint;
}

/** Reads `$JS.ACK.STREAM.CONSUMER.TRIES.SSEQ.CSEQ.NANOS.PENDING`, or the longer form with domain and account. Undefined for anything else. */
export function readDelivery(reply: string | undefined): Delivery | undefined {
  if (reply?.startsWith('$JS.ACK.') !== true) return undefined;
  const words = reply.split('.');
  const at = words.length === 9 ? 5 : 7;
  if (words.length !== 9 && words.length < 11) return undefined;
  const [streamSeq, consumerSeq] = [Number(words[at]), Number(words[at + 1])];
  const nanos = words[at + 2] ?? '';
  const whole =
    Number.isSafeInteger(streamSeq) && Number.isSafeInteger(consumerSeq) && /^\d{1,19}$/.test(nanos);
  return whole ? { streamSeq, consumerSeq, nanos: BigInt(nanos) } : undefined;
}

/** A message as it was delivered, of a stream that was made at `created`. */
export function readMessage(message: Msg, { streamSeq, nanos }: Delivery, created: string): BrokerMessage {
  const headers = [...(message.headers ?? [])];
  const told = headers.length === 0 ? '' : `"headers":${JSON.stringify(Object.fromEntries(headers))},`;
  const { data } = message;
  return {
    seq: streamSeq,
    time: { ms: Number(nanos / 1_000_000n), text: nanosText(nanos) },
    members: `"subject":${JSON.stringify(message.subject)},${told}`,
    value: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    mark: ['', markText({ created, seq: streamSeq, nanos })],
  };
}

/** RFC 3339 with nine digits below the second. */
function nanosText(nanos: bigint): string {
  const seconds = new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}
