import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { asError, err, errorCode, ok, type Result } from '../../core/result.ts';

/** A dictionary of zstd (RFC 8878, 5), whose number stands in each frame that needs it. */
export interface ZstdDictionary {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** What an uncompressed message may have at most: a few hundred bytes can be a gigabyte when they are unpacked. */
export const MOST_MESSAGE_BYTES = 10_000_000;

const DICTIONARY_MAGIC = 0xec30a437;
const FRAME_MAGIC = 0xfd2fb528;

/** Reads a dictionary file's content; an error says why it is none. */
export function parseDictionary(bytes: Uint8Array): Result<ZstdDictionary, string> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 8 || view.readUInt32LE(0) !== DICTIONARY_MAGIC) {
    return err('cannot use it as a zstd dictionary: it does not begin as one does');
  }
  const id = view.readUInt32LE(4);
  if (id === 0) return err('cannot use the zstd dictionary: it has no number');
  try {
    zstdCompressSync(Buffer.from('{}'), { dictionary: view });
    zstdDecompressSync(zstdCompressSync(Buffer.from('{}')), { dictionary: view });
  } catch (thrown) {
    return err(`cannot use zstd dictionary ${id}: ${asError(thrown).message}`);
  }
  return ok({ id, bytes: view });
}

/** An unpacked message, or why there is none; with `otherDictionary` no message of this connection can be read. */
export type Unpacked =
  | { readonly kind: 'unpacked'; readonly bytes: Buffer }
  | { readonly kind: 'bad'; readonly reason: string }
  | { readonly kind: 'otherDictionary'; readonly reason: string };

/** Unpacks a message, which is one zstd frame. Never throws. */
export function unpackMessage(frame: Buffer, dictionary: ZstdDictionary): Unpacked {
  const id = dictionaryIdOf(frame);
  if (id === undefined) return { kind: 'bad', reason: 'cannot unpack the message: it is not a zstd frame' };
  // A frame without a number is for any dictionary (RFC 8878, 3.1.1.1.3).
  if (id !== 0 && id !== dictionary.id) {
    const reason = `cannot unpack messages: the server uses zstd dictionary ${id}, the one given is ${dictionary.id}`;
    return { kind: 'otherDictionary', reason };
  }
  try {
    const options = { dictionary: dictionary.bytes, maxOutputLength: MOST_MESSAGE_BYTES };
    return { kind: 'unpacked', bytes: zstdDecompressSync(frame, options) };
  } catch (thrown) {
    const tooLarge = errorCode(thrown) === 'ERR_BUFFER_TOO_LARGE';
    const why = tooLarge ? `it has more than ${MOST_MESSAGE_BYTES} bytes` : asError(thrown).message;
    return { kind: 'bad', reason: `cannot unpack the message: ${why}` };
  }
}

/**
 * The dictionary's number in a zstd frame's header (RFC 8878, 3.1.1.1): magic, descriptor, a window byte unless the
 * frame is a single segment, then 0, 1, 2 or 4 bytes. 0 where there is none; undefined where this is no frame.
 */
export function dictionaryIdOf(frame: Buffer): number | undefined {
  if (frame.length < 6 || frame.readUInt32LE(0) !== FRAME_MAGIC) return undefined;
  const descriptor = frame.readUInt8(4);
  const at = (descriptor & 0x20) === 0 ? 6 : 5;
  const size = [0, 1, 2, 4][descriptor & 3] ?? 0;
  if (frame.length < at + size) return undefined;
  return size === 0 ? 0 : frame.readUIntLE(at, size);
}

/** Packs a message as servers do. */
export function packMessage(message: Uint8Array, dictionary: ZstdDictionary): Buffer {
  return zstdCompressSync(message, { dictionary: dictionary.bytes });
}
