import { pipeline } from 'node:stream';
import { crc32, createInflateRaw, createZstdDecompress } from 'node:zlib';
import type { Files } from '../../../core/files.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { damaged, type Entry } from './entry.ts';
import { type Listed, listZip } from './zip-list.ts';

const LOCAL = 0x04034b50;
const PIECE = 262_144;
const ENCRYPTED = 0x1 | 0x40 | 0x2000;

const METHODS: Readonly<Record<number, string>> = {
  1: 'shrink',
  6: 'implode',
  9: 'deflate64',
  12: 'bzip2',
  14: 'LZMA',
  95: 'xz',
  98: 'PPMd',
  99: 'AES encryption',
};

/** What stat(2) calls the kinds of files. */
const KIND_BITS = 0o170000;
const LINK = 0o120000;
const PLAIN = new Set([0, 0o100000, 0o040000, LINK]);

/**
 * The entries of a zip file, in the order of its list.
 * @param most entries that are unpacked.
 * @throws LeftAlone for what is damaged, encrypted, or no zip file, or has something in it that is never unpacked.
 */
export async function* readZip(
  files: Files,
  fd: number,
  size: number,
  most: number,
  signal: AbortSignal,
): AsyncGenerator<Entry, void> {
  const all = await listZip(files, fd, size, most);
  for (const one of all) check(one);
  for (const one of all) {
    const kind = one.mode & KIND_BITS;
    yield {
      name: one.name,
      kind: kind === LINK ? 'link' : one.name.endsWith('/') || kind === 0o040000 ? 'folder' : 'file',
      mtimeMs: one.mtimeMs,
      isExecutable: (one.mode & 0o100) !== 0,
      content: () => content(files, fd, one, signal),
    };
  }
}

function check({ name, flags, method, mode }: Listed): void {
  const shown = JSON.stringify(name);
  if ((flags & ENCRYPTED) !== 0) throw new LeftAlone(`its entry ${shown} needs a password`);
  if (method !== 0 && method !== 8 && method !== 93)
    throw new LeftAlone(
      `its entry ${shown} is compressed by ${METHODS[method] ?? `method ${method}`}, which is not known here`,
    );
  if (!PLAIN.has(mode & KIND_BITS)) throw new LeftAlone(`its entry ${shown} is a device or a pipe`);
}

async function* content(
  files: Files,
  fd: number,
  one: Listed,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const start = await dataStart(files, fd, one);
  async function* packed(): AsyncGenerator<Buffer, void> {
    for (let at = start; at < start + one.packedBytes; ) {
      signal.throwIfAborted();
      const piece = await files.read(fd, at, Math.min(PIECE, start + one.packedBytes - at));
      if (piece.length === 0) throw damaged('it ends within an entry');
      at += piece.length;
      yield piece;
    }
  }
  const unpacker =
    one.method === 8 ? createInflateRaw() : one.method === 93 ? createZstdDecompress() : undefined;
  const pieces =
    unpacker === undefined
      ? packed()
      : // An error of either comes out of the pieces.
        (pipeline(packed, unpacker, () => {}) as AsyncIterable<Buffer>);
  let sum = 0;
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > one.bytes)
      throw damaged(`its entry ${JSON.stringify(one.name)} is longer than its list says`);
    sum = crc32(piece, sum);
    yield piece;
  }
  if (bytes !== one.bytes || sum !== one.crc)
    throw damaged(`its entry ${JSON.stringify(one.name)} is not what its list says`);
}

/** What stands in front of the bytes must agree with the list: programs that go by the one or the other see the same. */
async function dataStart(files: Files, fd: number, one: Listed): Promise<number> {
  const header = await files.read(fd, one.at, 30 + one.rawName.length);
  const isSame =
    header.length === 30 + one.rawName.length &&
    header.readUInt32LE(0) === LOCAL &&
    header.readUInt16LE(26) === one.rawName.length &&
    header.subarray(30).equals(one.rawName) &&
    header.readUInt16LE(8) === one.method;
  if (!isSame) throw damaged(`the header of ${JSON.stringify(one.name)} is another one than in its list`);
  const start = one.at + header.length + header.readUInt16LE(28);
  if (start + one.packedBytes > one.limit) throw damaged('its entries lie in each other');
  return start;
}
