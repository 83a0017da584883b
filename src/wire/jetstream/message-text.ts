import { isUtf8 } from 'node:buffer';
import type { Member } from './members.ts';

/** What reading the messages of both versions of Jetstream has in common: JSON texts whose fields are checked. */

/** A message that is not as it should be. */
export class Malformed extends Error {}

export type Fields = Readonly<Record<string, unknown>>;

/** A message that cannot be used, and why. */
export interface BadMessage {
  readonly kind: 'bad';
  readonly reason: string;
}

/** Reads a message's bytes. Never throws for what is in them: `bad` is what is not UTF-8, no JSON, or Malformed in the eyes of `read`. */
export function readMessageText<T>(bytes: Uint8Array, read: (text: string) => T): T | BadMessage {
  try {
    // Without this check bytes that are not UTF-8 would silently become U+FFFD.
    if (!isUtf8(bytes)) throw new Malformed('it is not UTF-8');
    return read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (thrown) {
    if (!(thrown instanceof Malformed) && !(thrown instanceof SyntaxError)) throw thrown;
    const reason = thrown instanceof Malformed ? thrown.message : 'it is not JSON';
    return { kind: 'bad', reason: `cannot read the message: ${reason}` };
  }
}

export function asObject(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Malformed(`${name} is not an object`);
  return value as Fields;
}

export function asText(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new Malformed(`${name} is not a text`);
  return value;
}

/** A value for a message, cut short. */
export function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 40);
}

/** What readers make of a key that comes twice is anybody's guess. */
export function once(members: readonly Member[], name: string): readonly Member[] {
  const keys = new Set<string>();
  for (const { key } of members) {
    if (keys.has(key)) throw new Malformed(`${name} has ${shown(key)} twice`);
    keys.add(key);
  }
  return members;
}

/** A line end in JSON is space between tokens (RFC 8259), so another space says the same. */
export function onOneLine(json: string): string {
  return json.replace(/[\n\r]/g, ' ');
}
