import { jsonObject } from './json-object.ts';
import { isUtf8 } from 'node:buffer';
import { formatSize } from '../../core/sizes.ts';
import type { SourceMessage, StreamEvent } from '../../core/source.ts';
import { timeAt } from './line-time.ts';

/** How much of a message that is too long goes to the quarantine. */
const QUARANTINED_BYTES = 65_536;

/** A message of a broker. */
export interface BrokerMessage {
  readonly seq: number;
  /** When the broker has it from: milliseconds since 1970, and its text. */
  readonly time: { readonly ms: number; readonly text: string };
  /** What the broker says of it, as members of a JSON object, each with a comma behind it: `"subject":"a",`. */
  readonly members: string;
  /** null: a message without a value. */
  readonly value: Buffer | null;
  readonly mark: readonly [name: string, value: string];
}

/** How messages are kept, the same for every broker. */
export interface MessageOptions {
  /** Longer ones go to the quarantine. Bytes. */
  readonly mostBytes: number;
  /** Where a JSON message has its time; by default, and where it has none there, the broker's counts. */
  readonly timePath?: readonly string[] | undefined;
}

/**
 * What is to be handed over for a message: its event, in the envelope that docs/brokers.md describes. One that is too long goes
 * to the quarantine, and its event has no line but moves the position on.
 */
export function messagesFor(message: BrokerMessage, options: MessageOptions): SourceMessage[] {
  const { value, members } = message;
  const bytes = (value?.length ?? 0) + members.length;
  if (bytes <= options.mostBytes) return [{ kind: 'event', event: messageEvent(message, options.timePath) }];
  const { seq, time, mark } = message;
  const raw = Buffer.from((value ?? Buffer.from(members)).subarray(0, QUARANTINED_BYTES));
  const reason = `the message is over ${formatSize(options.mostBytes)}: its beginning is kept, the rest is dropped`;
  return [
    { kind: 'bad', raw, reason },
    { kind: 'event', event: { seq, time: time.ms, kind: 'oversize', lines: [], mark } },
  ];
}

/** Says where a source stands, without an event of the stream: it has no number, and nothing to keep. */
export function standingEvent(mark: readonly [name: string, value: string], now: number): SourceMessage {
  return { kind: 'event', event: { seq: 0, time: now, kind: 'standing', lines: [], mark } };
}

function messageEvent(message: BrokerMessage, timePath: readonly string[] | undefined): StreamEvent {
  const { seq, members, value, mark } = message;
  const text = value !== null && isUtf8(value) ? value.toString('utf8') : undefined;
  const data = text === undefined ? undefined : jsonObject(text);
  const own = data === undefined || timePath === undefined ? undefined : timeAt(data, timePath);
  const time = own ?? message.time;
  const [kind, rest] = contentOf(value, text, data);
  const head = `{"seq":${seq},"time":"${time.text}","received":"`;
  return {
    seq,
    time: time.ms,
    kind,
    mark,
    lines: [{ head, tail: `",${members}"kind":"${kind}"${rest}}\n` }],
  };
}

function contentOf(
  value: Buffer | null,
  text: string | undefined,
  data: object | undefined,
): readonly [kind: string, members: string] {
  if (value === null) return ['null', ''];
  if (text === undefined) return ['binary', `,"base64":"${value.toString('base64')}"`];
  // Between JSON's tokens, the only place where a line end can be, a space is the same.
  if (data !== undefined) return ['json', `,"data":${text.replace(/[\r\n]+/g, ' ').trim()}`];
  return ['text', `,"text":${JSON.stringify(text)}`];
}
