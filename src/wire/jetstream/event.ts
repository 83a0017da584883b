import { type Member, membersOf } from './members.ts';
import {
  asObject,
  asText,
  type BadMessage,
  type Fields,
  Malformed,
  once,
  onOneLine,
  readMessageText,
  shown,
} from './message-text.ts';

/** An event of Jetstream v1 (`/subscribe`; docs of bluesky-social/jetstream, §5.1), checked. */
export interface JetstreamEvent {
  readonly kind: 'event';
  /** What it is; a kind that is not known is `unknown`. */
  readonly type: 'commit' | 'identity' | 'account' | 'unknown';
  /** When the server saw it, microseconds since 1970: the position in the stream. */
  readonly timeUs: number;
  /** Its number, on servers of version 2: unique and rising on one server. */
  readonly cursor: number | undefined;
  /**
   * Its members but `time_us`, in their order and as they were sent: `"did":"…","kind":"commit","commit":{…}`. Members
   * that nobody knows stand in `extra`, so that none can pass for a field of ours. Free of line ends.
   */
  readonly members: string;
}

const KNOWN = new Set(['did', 'time_us', 'cursor', 'kind', 'commit', 'identity', 'account']);
const OPERATIONS: readonly unknown[] = ['create', 'update', 'delete'];

/** Reads a message (its bytes, without compression). Never throws: what is not as it should be is `bad`, with the reason. */
export function decodeEvent(bytes: Uint8Array): JetstreamEvent | BadMessage {
  return readMessageText(bytes, readEvent);
}

function readEvent(text: string): JetstreamEvent {
  const value = asObject(JSON.parse(text), 'the message');
  const members = membersOf(text, 0);
  once(members, 'the message');
  asText(value, 'did');
  const timeUs = asPositive(value, 'time_us');
  const cursor = value['cursor'] === undefined ? undefined : asPositive(value, 'cursor');
  const kind = asText(value, 'kind');
  const type = kind === 'commit' || kind === 'identity' || kind === 'account' ? kind : 'unknown';
  if (type !== 'unknown') {
    const detail = asObject(value[type], type);
    once(membersOf(text, members.find(({ key }) => key === type)?.start ?? 0), type);
    CHECKS[type](detail);
  }
  return { kind: 'event', type, timeUs, cursor, members: joinMembers(text, members) };
}

const CHECKS = {
  commit(commit: Fields): void {
    for (const field of ['rev', 'collection', 'rkey']) asText(commit, field);
    const { operation } = commit;
    if (!OPERATIONS.includes(operation)) throw new Malformed(`operation is ${shown(operation)}`);
    if (operation === 'delete') return;
    asObject(commit['record'], 'record');
    asText(commit, 'cid');
  },
  identity(identity: Fields): void {
    checkUpstream(identity);
    if (identity['handle'] !== undefined && identity['handle'] !== null) asText(identity, 'handle');
  },
  account(account: Fields): void {
    checkUpstream(account);
    if (typeof account['active'] !== 'boolean') throw new Malformed('active is not true or false');
    if (account['status'] !== undefined && account['status'] !== null) asText(account, 'status');
  },
};

/** What the relay's own messages carry. */
function checkUpstream(fields: Fields): void {
  asText(fields, 'did');
  asText(fields, 'time');
  if (!Number.isSafeInteger(fields['seq'])) throw new Malformed(`seq is ${shown(fields['seq'])}`);
}

function asPositive(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw new Malformed(`${name} is not an integer from 1 to 2^53 - 1`);
  }
  return value;
}

function joinMembers(text: string, members: readonly Member[]): string {
  const known: string[] = [];
  const extra: string[] = [];
  for (const { key, start, end } of members) {
    if (key === 'time_us') continue;
    (KNOWN.has(key) ? known : extra).push(`${JSON.stringify(key)}:${text.slice(start, end)}`);
  }
  if (extra.length > 0) known.push(`"extra":{${extra.join(',')}}`);
  return onOneLine(known.join(','));
}
