import { LeftAlone } from '../../files/trouble.ts';
import { type ByteReader, createByteReader } from './byte-reader.ts';
import { damaged, type Entry, utf8 } from './entry.ts';

/** Tar as POSIX.1-1988 (ustar), POSIX.1-2001 (pax) and GNU tar write it; sparse files are not unpacked. */

const BLOCK = 512;
/** Names and other facts that stand in an entry of their own, bytes. */
const MOST_FACTS = 1_048_576;

const KINDS: Readonly<Record<string, Entry['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '5': 'folder',
  '1': 'link',
  '2': 'link',
};
const REFUSED: Readonly<Record<string, string>> = {
  '3': 'a device',
  '4': 'a device',
  '6': 'a pipe',
  S: 'a sparse file',
};

/** What stands before an entry and is of it: a long name, pax headers. */
interface Facts {
  readonly path?: string;
  readonly size?: number;
  readonly mtimeMs?: number;
}

/**
 * The entries of a tar file, one after the other.
 * @throws LeftAlone for what is damaged, or no tar file, or has something in it that is never unpacked.
 */
export async function* readTar(pieces: AsyncIterable<Buffer>): AsyncGenerator<Entry, void> {
  const reader = createByteReader(pieces);
  let global: Facts = {};
  let facts: Facts = {};
  for (let isFirst = true; ; isFirst = false) {
    const header = await reader.take(BLOCK);
    if (header.length < BLOCK)
      throw isFirst ? new LeftAlone('it is no tar file') : damaged('it ends before its end');
    if (header.every((byte) => byte === 0)) return;
    if (checksum(header) !== Number.parseInt(header.toString('latin1', 148, 156), 8))
      throw isFirst ? new LeftAlone('it is no tar file') : damaged('the checksum of an entry is wrong');
    const type = String.fromCharCode(header[156] ?? 0);
    const known: Facts = { ...global, ...facts };
    const size = known.size ?? numeric(header, 124, 12);
    if (type === 'x') facts = { ...facts, ...(await readPax(reader, octal(header, 124, 12))) };
    else if (type === 'g') global = { ...global, ...(await readPax(reader, octal(header, 124, 12))) };
    else if (type === 'L')
      facts = { ...facts, path: untilNul(await readFacts(reader, octal(header, 124, 12))) };
    else if (type === 'K') await readFacts(reader, octal(header, 124, 12));
    else {
      yield* readEntry(reader, header, type, size, known);
      facts = {};
    }
  }
}

async function* readEntry(
  reader: ByteReader,
  header: Buffer,
  type: string,
  size: number,
  known: Facts,
): AsyncGenerator<Entry, void> {
  const name = known.path ?? nameOf(header);
  const listed = KINDS[type];
  if (listed === undefined)
    throw new LeftAlone(
      `its entry ${JSON.stringify(name)} is ${REFUSED[type] ?? `of an unknown kind, ${JSON.stringify(type)}`}`,
    );
  // Before POSIX a folder was a file with a slash at its end.
  const kind = listed === 'file' && name.endsWith('/') ? 'folder' : listed;
  const bytes = kind === 'file' ? size : 0;
  let left = bytes;
  async function* content(): AsyncGenerator<Buffer, void> {
    for await (const piece of reader.stream(bytes)) {
      left -= piece.length;
      yield piece;
    }
    if (left > 0) throw damaged('it ends within an entry');
  }
  yield {
    name,
    kind,
    mtimeMs: known.mtimeMs ?? numeric(header, 136, 12) * 1000,
    isExecutable: (octal(header, 100, 8) & 0o100) !== 0,
    content,
  };
  // Who did not want it: the next entry comes behind it all the same.
  for await (const piece of reader.stream(left)) left -= piece.length;
  if (left > 0) throw damaged('it ends within an entry');
  await reader.take(padding(bytes));
}

function padding(bytes: number): number {
  return (BLOCK - (bytes % BLOCK)) % BLOCK;
}

function nameOf(header: Buffer): string {
  const name = untilNul(header.subarray(0, 100));
  // Only POSIX has the prefix: old GNU tar has other things there.
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? untilNul(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const text = utf8(end < 0 ? bytes : bytes.subarray(0, end));
  if (text === undefined) throw new LeftAlone('it has an entry whose name is not UTF-8');
  return text;
}

async function readFacts(reader: ByteReader, bytes: number): Promise<Buffer> {
  if (bytes > MOST_FACTS) throw new LeftAlone('it has a name that is too long');
  const data = await reader.take(bytes);
  const behind = await reader.take(padding(bytes));
  if (data.length < bytes || behind.length < padding(bytes)) throw damaged('it ends within an entry');
  return data;
}

/** `LENGTH KEY=VALUE\n`, again and again; the length counts itself. */
async function readPax(reader: ByteReader, bytes: number): Promise<Facts> {
  const data = await readFacts(reader, bytes);
  const found = new Map<string, string>();
  for (let at = 0; at < data.length && data[at] !== 0; ) {
    const blank = data.indexOf(32, at);
    const length = Number(data.toString('latin1', at, blank < 0 ? at : blank));
    if (blank < 0 || !Number.isInteger(length) || length <= blank - at || at + length > data.length)
      throw damaged('its pax headers cannot be read');
    const text = utf8(data.subarray(blank + 1, at + length - 1));
    if (text === undefined) throw new LeftAlone('it has an entry whose name is not UTF-8');
    const equals = text.indexOf('=');
    found.set(text.slice(0, equals), text.slice(equals + 1));
    at += length;
  }
  for (const key of found.keys())
    if (key.startsWith('GNU.sparse.')) throw new LeftAlone('it has a sparse file in it');
  const [path, size, mtime] = [found.get('path'), found.get('size'), found.get('mtime')];
  if (path?.includes('\0') === true) throw new LeftAlone('it has an entry with an impossible name');
  if (size !== undefined && !/^\d{1,15}$/.test(size)) throw damaged('its pax headers cannot be read');
  return {
    ...(path === undefined ? {} : { path }),
    ...(size === undefined ? {} : { size: Number(size) }),
    ...(mtime === undefined ? {} : { mtimeMs: Number(mtime) * 1000 }),
  };
}

function checksum(header: Buffer): number {
  let sum = 8 * 32;
  for (let at = 0; at < BLOCK; at += 1) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  return sum;
}

function octal(header: Buffer, at: number, length: number): number {
  const text = header
    .toString('latin1', at, at + length)
    .replace(/[\0 ]+$/, '')
    .trim();
  if (!/^[0-7]*$/.test(text)) throw damaged('a number of an entry cannot be read');
  return text === '' ? 0 : Number.parseInt(text, 8);
}

/** Octal, or (GNU) the first bit set and the rest binary. */
function numeric(header: Buffer, at: number, length: number): number {
  const first = header[at] ?? 0;
  if (first < 0x80) return octal(header, at, length);
  if (first === 0xff) return 0;
  let value = first & 0x7f;
  for (let index = at + 1; index < at + length; index += 1) value = value * 256 + (header[index] ?? 0);
  if (!Number.isSafeInteger(value)) throw damaged('a number of an entry cannot be read');
  return value;
}
