import { type Member, membersOf } from '../jetstream/members.ts';
import {
  asObject,
  asText,
  type Fields,
  Malformed,
  once,
  onOneLine,
  readMessageText,
  shown,
} from '../jetstream/message-text.ts';
import { TYPE_PREFIX } from './options.ts';

/** An event (lexicon `network.bsky.jetstream.subscribeEvents`, jetstream 9a30def), checked. */
export interface EventMessage {
  readonly kind: 'event';
  /** What it is; a type that is not known is `unknown`. */
  readonly type: 'commit' | 'identity' | 'account' | 'sync' | 'unknown';
  /** Its number, rising on one server: the position in the stream. */
  readonly seq: number;
  /** When the server saw it, as it was sent: RFC 3339 with microseconds. */
  readonly time: string;
  /**
   * What a line has of it behind its times, in the shape of version 1: `"did":"…","kind":"commit","commit":{…}`, the values as they were
   * sent. Members that nobody knows stand in `extra`. Free of line ends.
   */
  readonly members: string;
}

export type Message =
  | EventMessage
  /** A word beside the stream. */
  | { readonly kind: 'info'; readonly name: string; readonly message: string }
  /** The server's last word before it closes. */
  | { readonly kind: 'error'; readonly error: string; readonly message: string }
  | { readonly kind: 'bad'; readonly reason: string };

/** Reads a message (its bytes, without compression), framed as `xrpc.v1.json` says. Never throws: what is not as it should be is `bad`. */
export function decodeMessage(bytes: Uint8Array): Message {
  return readMessageText(bytes, readFrame);
}

function readFrame(text: string): Message {
  const frame = asObject(JSON.parse(text), 'the message');
  const members = once(membersOf(text, 0), 'the message');
  const type = asText(frame, '$type');
  if (type === 'error')
    return { kind: 'error', error: asText(frame, 'error'), message: textOrNone(frame, 'message') };
  if (type !== 'message') throw new Malformed(`its $type is ${shown(type)}`);
  const payload = asObject(frame['payload'], 'payload');
  return readPayload(text, payload, members.find(({ key }) => key === 'payload')?.start ?? 0);
}

function readPayload(text: string, payload: Fields, at: number): Message {
  const fullName = asText(payload, '$type');
  const name = fullName.startsWith(TYPE_PREFIX) ? fullName.slice(TYPE_PREFIX.length) : fullName;
  if (name === 'info')
    return { kind: 'info', name: asText(payload, 'name'), message: textOrNone(payload, 'message') };
  const members = once(membersOf(text, at), 'payload');
  const { seq } = payload;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1)
    throw new Malformed(`seq is ${shown(seq)}, not an integer from 1 to 2^53 - 1`);
  const time = asText(payload, 'time');
  const type = knownType(name);
  if (type === 'commit') checkCommit(payload);
  else if (type !== 'unknown') {
    asText(payload, 'did');
    asObject(payload[type], type);
  }
  return { kind: 'event', type, seq, time, members: joined({ text, members }, name) };
}

/** Those that wrap an event of the firehose. */
const WRAPPING: ReadonlySet<string> = new Set(['identity', 'account', 'sync']);

function knownType(name: string): EventMessage['type'] {
  return name === 'commit' || name === 'identity' || name === 'account' || name === 'sync' ? name : 'unknown';
}

interface Cut {
  readonly text: string;
  readonly members: readonly Member[];
}

/** Members of version 1's `commit`. */
const OF_COMMIT: ReadonlySet<string> = new Set(['rev', 'operation', 'collection', 'rkey', 'record', 'cid']);
/** What stands in a line's head, or is said by `kind`. */
const TOLD: ReadonlySet<string> = new Set(['$type', 'seq', 'time']);

/** Puts the members of a line together: `did`, `kind`, what the event has of its own, all others in `extra`. */
function joined({ text, members }: Cut, kind: string): string {
  let did = '';
  let own = '';
  let extra = '';
  for (const member of members) {
    const { key } = member;
    if (TOLD.has(key)) continue;
    const copy = copied(text, member);
    if (key === 'did') did = `${copy},`;
    else if (kind === 'commit' ? OF_COMMIT.has(key) : key === kind && WRAPPING.has(kind))
      own += `${own === '' ? '' : ','}${copy}`;
    else extra += `${extra === '' ? '' : ','}${copy}`;
  }
  const detail = kind === 'commit' ? `,"commit":{${own}}` : own === '' ? '' : `,${own}`;
  const rest = extra === '' ? '' : `,"extra":{${extra}}`;
  return onOneLine(`${did}"kind":${JSON.stringify(kind)}${detail}${rest}`);
}

function checkCommit(payload: Fields): void {
  for (const field of ['did', 'rev', 'operation', 'collection', 'rkey']) asText(payload, field);
  // Other operations may come; of these it is known what they have.
  if (payload['operation'] === 'create' || payload['operation'] === 'update') {
    asObject(payload['record'], 'record');
    asText(payload, 'cid');
  }
}

function copied(text: string, { key, start, end }: Member): string {
  return `${JSON.stringify(key)}:${text.slice(start, end)}`;
}

function textOrNone(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}
