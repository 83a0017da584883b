import { asError } from '../../core/result.ts';
import {
  readAccount,
  readCommit,
  readError,
  readIdentity,
  readInfo,
  readSync,
  readUnknown,
} from './bodies.ts';
import { type Cursor, cursor, Malformed, readFields } from './cbor.ts';
import { need, readInteger, readWordOf } from './fields.ts';
import type { Frame } from './message.ts';

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
