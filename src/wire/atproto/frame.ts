import { asError } from '../../core/result.ts';
import {
  ARRAY,
  type Cursor,
  cursor,
  head,
  MAP,
  Malformed,
  readFields,
  readText,
  skip,
  TEXT,
  UINT,
} from './cbor.ts';
import {
  need,
  readBlob,
  readBoolean,
  readInteger,
  readNullableLink,
  readNullableString,
  readSeq,
  readString,
  readWordOf,
} from './fields.ts';

/**
 * A message of `com.atproto.sync.subscribeRepos`: two DAG-CBOR values, header and body, in one binary message
 * (atproto.com/specs/event-stream). Byte fields are views into the message.
 */
export type Frame = EventFrame | InfoFrame | ErrorFrame | BadFrame;

/** The kinds that stand in the stream's sequence. */
export type EventFrame = CommitFrame | IdentityFrame | AccountFrame | SyncFrame | UnknownFrame;

interface Sequenced {
  readonly seq: number;
  readonly did: string;
  /** The server's time for it, as it was sent. */
  readonly time: string;
}

export interface CommitFrame extends Sequenced {
  readonly kind: 'commit';
  readonly rev: string;
  readonly since: string | null;
  readonly ops: readonly Op[];
  /** A CAR v1 slice; may be empty where `tooBig`. */
  readonly blocks: Uint8Array;
  /** Too big to be sent along: its operations or their records may be missing. */
  readonly tooBig: boolean;
}

/** What happened to one record; `cid` holds the bytes of its CID. */
export type Op = { readonly collection: string; readonly rkey: string } & (
  | { readonly action: 'create' | 'update'; readonly cid: Uint8Array }
  | { readonly action: 'delete'; readonly cid: null }
);

export interface IdentityFrame extends Sequenced {
  readonly kind: 'identity';
  readonly handle: string | undefined;
}

export interface AccountFrame extends Sequenced {
  readonly kind: 'account';
  readonly active: boolean;
  readonly status: string | undefined;
}

export interface SyncFrame extends Sequenced {
  readonly kind: 'sync';
  readonly rev: string;
  readonly blocks: Uint8Array;
}

/** A type or an operation that the specification says to step over. */
export interface UnknownFrame {
  readonly kind: 'unknown';
  /** `#name`, or `op N`. */
  readonly name: string;
  /** 0 and empty where the message carries none. */
  readonly seq: number;
  readonly time: string;
}

export interface InfoFrame {
  readonly kind: 'info';
  readonly name: string;
  readonly message: string;
}

/** The last message before the server closes. */
export interface ErrorFrame {
  readonly kind: 'error';
  readonly error: string;
  readonly message: string;
}

export interface BadFrame {
  readonly kind: 'bad';
  readonly reason: string;
}

/** Operations a commit may carry. The lexicon says 200; older commits had more. */
const MAX_OPS = 10_000;

/** Reads a message. Never throws: what is not as it should be is `bad`, with the reason. */
export function decodeFrame(bytes: Uint8Array): Frame {
  try {
    const c = cursor(bytes);
    const frame = readFrame(c);
    if (c.at !== bytes.length) throw new Malformed(`${bytes.length - c.at} bytes behind the body`);
    return frame;
  } catch (thrown) {
    return { kind: 'bad', reason: `cannot read the frame: ${asError(thrown).message}` };
  }
}

function readFrame(c: Cursor): Frame {
  const { op, type } = readHeader(c);
  if (op === -1) return readError(c);
  if (op !== 1) return readUnknown(c, `op ${op}`);
  switch (type) {
    case '#commit':
      return readCommit(c);
    case '#identity':
      return readIdentity(c);
    case '#account':
      return readAccount(c);
    case '#sync':
      return readSync(c);
    case '#info':
      return readInfo(c);
    case undefined:
      throw new Malformed('the header has no t');
    default:
      return readUnknown(c, type);
  }
}

/** Reads the header, in any order of its keys: some servers write `{op, t}`, which is not canonical. */
export function readHeader(c: Cursor): { readonly op: number; readonly type: string | undefined } {
  let op: number | undefined;
  let type: string | undefined;
  readFields(c, 'the header', (key) => {
    if (key === 'op') op = readInteger(c, 'op');
    else if (key === 't') type = readWordOf(c, 't');
    else return false;
    return true;
  });
  return { op: need(op, 'op'), type };
}

function readCommit(c: Cursor): CommitFrame {
  let seq: number | undefined;
  let did: string | undefined;
  let time: string | undefined;
  let rev: string | undefined;
  let since: string | null = null;
  let ops: Op[] | undefined;
  let blocks: Uint8Array | undefined;
  let tooBig = false;
  readFields(c, 'the body', (key) => {
    if (key === 'seq') seq = readSeq(c);
    else if (key === 'repo') did = readString(c, key);
    else if (key === 'time') time = readString(c, key);
    else if (key === 'rev') rev = readString(c, key);
    else if (key === 'since') since = readNullableString(c, key);
    else if (key === 'ops') ops = readOps(c);
    else if (key === 'blocks') blocks = readBlob(c, key);
    else if (key === 'tooBig') tooBig = readBoolean(c, key);
    else return false;
    return true;
  });
  return {
    kind: 'commit',
    seq: need(seq, 'seq'),
    did: need(did, 'repo'),
    time: need(time, 'time'),
    rev: need(rev, 'rev'),
    since,
    ops: need(ops, 'ops'),
    blocks: need(blocks, 'blocks'),
    tooBig,
  };
}

function readOps(c: Cursor): Op[] {
  if (head(c) !== ARRAY) throw new Malformed('ops is not a list');
  const count = c.arg;
  if (count > MAX_OPS) throw new Malformed(`${count} ops, more than ${MAX_OPS}`);
  const ops: Op[] = [];
  for (let i = 0; i < count; i++) ops.push(readOp(c));
  return ops;
}

function readOp(c: Cursor): Op {
  let action: string | undefined;
  let path: string | undefined;
  let cid: Uint8Array | null = null;
  readFields(c, 'an op', (key) => {
    if (key === 'action') action = readWordOf(c, key);
    else if (key === 'path') path = readString(c, key);
    else if (key === 'cid') cid = readNullableLink(c, key);
    else return false;
    return true;
  });
  const whole = need<string>(path, 'path');
  const slash = whole.indexOf('/');
  if (slash < 1 || slash === whole.length - 1 || whole.includes('/', slash + 1)) {
    throw new Malformed(`an op with path ${JSON.stringify(whole)}`);
  }
  const collection = whole.slice(0, slash);
  const rkey = whole.slice(slash + 1);
  if (action === 'delete') return { collection, rkey, action, cid: null };
  if (action !== 'create' && action !== 'update')
    throw new Malformed(`an op with action ${JSON.stringify(action)}`);
  if (cid === null) throw new Malformed(`a ${action} of ${JSON.stringify(whole)} without cid`);
  return { collection, rkey, action, cid };
}

function readIdentity(c: Cursor): IdentityFrame {
  let handle: string | null = null;
  const common = readSequenced(c, (key) => {
    if (key !== 'handle') return false;
    handle = readNullableString(c, key);
    return true;
  });
  return { kind: 'identity', ...common, handle: handle ?? undefined };
}

function readAccount(c: Cursor): AccountFrame {
  let active: boolean | undefined;
  let status: string | null = null;
  const common = readSequenced(c, (key) => {
    if (key === 'active') active = readBoolean(c, key);
    else if (key === 'status') status = readNullableString(c, key);
    else return false;
    return true;
  });
  return { kind: 'account', ...common, active: need(active, 'active'), status: status ?? undefined };
}

function readSync(c: Cursor): SyncFrame {
  let rev: string | undefined;
  let blocks: Uint8Array | undefined;
  const common = readSequenced(c, (key) => {
    if (key === 'rev') rev = readString(c, key);
    else if (key === 'blocks') blocks = readBlob(c, key);
    else return false;
    return true;
  });
  return { kind: 'sync', ...common, rev: need(rev, 'rev'), blocks: need(blocks, 'blocks') };
}

/** Reads a body with seq, did and time, and more fields by `take`. */
function readSequenced(c: Cursor, take: (key: string) => boolean): Sequenced {
  let seq: number | undefined;
  let did: string | undefined;
  let time: string | undefined;
  readFields(c, 'the body', (key) => {
    if (key === 'seq') seq = readSeq(c);
    else if (key === 'did') did = readString(c, key);
    else if (key === 'time') time = readString(c, key);
    else return take(key);
    return true;
  });
  return { seq: need(seq, 'seq'), did: need(did, 'did'), time: need(time, 'time') };
}

/** A body nobody knows: its place in the sequence, where it has one in the usual form. */
function readUnknown(c: Cursor, name: string): UnknownFrame {
  let seq = 0;
  let time = '';
  const start = c.at;
  skip(c);
  const end = c.at;
  c.at = start;
  if (head(c) === MAP) {
    for (let left = c.arg; left > 0; left--) {
      head(c);
      const key = readText(c);
      const valueStart = c.at;
      const major = head(c);
      if (key === 'seq' && major === UINT && c.arg > 0 && Number.isSafeInteger(c.arg)) seq = c.arg;
      else if (key === 'time' && major === TEXT) time = readText(c);
      c.at = valueStart;
      skip(c);
    }
  }
  c.at = end;
  return { kind: 'unknown', name, seq, time };
}

function readInfo(c: Cursor): InfoFrame {
  const { name, message } = readNotice(c, 'name');
  return { kind: 'info', name, message };
}

function readError(c: Cursor): ErrorFrame {
  const { name, message } = readNotice(c, 'error');
  return { kind: 'error', error: name, message };
}

function readNotice(c: Cursor, nameKey: string): { readonly name: string; readonly message: string } {
  let name: string | undefined;
  let message: string | null = null;
  readFields(c, 'the body', (key) => {
    if (key === nameKey) name = readString(c, key);
    else if (key === 'message') message = readNullableString(c, key);
    else return false;
    return true;
  });
  return { name: need(name, nameKey), message: message ?? '' };
}
