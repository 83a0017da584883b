import { ARRAY, type Cursor, head, MAP, Malformed, readFields, readText, skip, TEXT, UINT } from './cbor.ts';
import {
  need,
  readBlob,
  readBoolean,
  readNullableLink,
  readNullableString,
  readSeq,
  readString,
  readWordOf,
} from './fields.ts';
import type {
  AccountFrame,
  CommitFrame,
  ErrorFrame,
  IdentityFrame,
  InfoFrame,
  Op,
  Sequenced,
  SyncFrame,
  UnknownFrame,
} from './message.ts';

/** Readers of the bodies, one for each kind of message; what is not as it should be is `Malformed`. */

/** Operations a commit may carry. The lexicon says 200; older commits had more. */
const MAX_OPS = 10_000;

export function readCommit(c: Cursor): CommitFrame {
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

export function readIdentity(c: Cursor): IdentityFrame {
  let handle: string | null = null;
  const common = readSequenced(c, (key) => {
    if (key !== 'handle') return false;
    handle = readNullableString(c, key);
    return true;
  });
  return { kind: 'identity', ...common, handle: handle ?? undefined };
}

export function readAccount(c: Cursor): AccountFrame {
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

export function readSync(c: Cursor): SyncFrame {
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
export function readUnknown(c: Cursor, name: string): UnknownFrame {
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

export function readInfo(c: Cursor): InfoFrame {
  const { name, message } = readNotice(c, 'name');
  return { kind: 'info', name, message };
}

export function readError(c: Cursor): ErrorFrame {
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
