import {
  BYTES,
  type Cursor,
  FALSE,
  head,
  Malformed,
  NINT,
  NULL,
  readBytes,
  readLink,
  readText,
  readWord,
  SIMPLE,
  TAG,
  TEXT,
  TRUE,
  UINT,
} from './cbor.ts';

/** Readers of one field's value each; whatever is of another type is `Malformed`, with the field's name. */

export function need<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new Malformed(`${field} is missing`);
  return value;
}

export function readSeq(c: Cursor): number {
  if (head(c) !== UINT || c.arg < 1 || !Number.isSafeInteger(c.arg)) {
    throw new Malformed('seq is not an integer from 1 to 2^53 - 1');
  }
  return c.arg;
}

export function readInteger(c: Cursor, field: string): number {
  const major = head(c);
  if ((major !== UINT && major !== NINT) || c.arg >= Number.MAX_SAFE_INTEGER) {
    throw new Malformed(`${field} is not an integer`);
  }
  return major === UINT ? c.arg : -1 - c.arg;
}

export function readString(c: Cursor, field: string): string {
  if (head(c) !== TEXT) throw new Malformed(`${field} is not a text`);
  return readText(c);
}

/** A text that is likely to be one of the protocol's words. */
export function readWordOf(c: Cursor, field: string): string {
  if (head(c) !== TEXT) throw new Malformed(`${field} is not a text`);
  return readWord(c);
}

export function readNullableString(c: Cursor, field: string): string | null {
  const major = head(c);
  if (major === SIMPLE && c.arg === NULL) return null;
  if (major !== TEXT) throw new Malformed(`${field} is neither a text nor null`);
  return readText(c);
}

export function readNullableLink(c: Cursor, field: string): Uint8Array | null {
  const major = head(c);
  if (major === SIMPLE && c.arg === NULL) return null;
  if (major !== TAG) throw new Malformed(`${field} is neither a link nor null`);
  return readLink(c);
}

export function readBlob(c: Cursor, field: string): Uint8Array {
  if (head(c) !== BYTES) throw new Malformed(`${field} is not bytes`);
  return readBytes(c);
}

export function readBoolean(c: Cursor, field: string): boolean {
  if (head(c) !== SIMPLE || (c.arg !== TRUE && c.arg !== FALSE))
    throw new Malformed(`${field} is not true or false`);
  return c.arg === TRUE;
}
