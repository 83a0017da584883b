import { crc32 } from 'node:zlib';
import type { Files } from '../../../core/files.ts';
import { LeftAlone } from '../../files/trouble.ts';
import { damaged, utf8 } from './entry.ts';

/** The list at the end of a zip file, as APPNOTE.TXT of PKWARE (6.3.10) describes it. */

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const LISTED = 0x02014b50;
const END_BYTES = 22;
const MOST_COMMENT = 65_535;
/** A list that is longer is not read, bytes. */
const MOST_LIST = 67_108_864;

export interface Listed {
  readonly name: string;
  /** As it stands in front of the bytes as well. */
  readonly rawName: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly mtimeMs: number | undefined;
  /** Of stat(2), where Unix made it; else 0. */
  readonly mode: number;
  /** Where its own header begins, and where it has to be over: the next one, or the list. */
  readonly at: number;
  readonly limit: number;
}

interface End {
  readonly entries: number;
  readonly at: number;
  readonly bytes: number;
}

/** Reads the list. @param most entries that are read. @throws LeftAlone where that is not possible. */
export async function listZip(
  files: Files,
  fd: number,
  size: number,
  most: number,
): Promise<readonly Listed[]> {
  const end = await findEnd(files, fd, size);
  if (end.entries > most)
    throw new LeftAlone(`it has ${end.entries} entries, ${most} are the most (max-files)`);
  if (end.bytes > MOST_LIST) throw new LeftAlone('its list is too long');
  const list = await files.read(fd, end.at, end.bytes);
  if (list.length < end.bytes) throw damaged('its list cannot be read');
  const found: Omit<Listed, 'limit'>[] = [];
  for (let at = 0; found.length < end.entries; ) {
    if (at + 46 > list.length || list.readUInt32LE(at) !== LISTED) throw damaged('its list cannot be read');
    const [name, extra, comment] = [28, 30, 32].map((field) => list.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    const length = 46 + name + extra + comment;
    if (at + length > list.length) throw damaged('its list cannot be read');
    found.push(readListed(list.subarray(at, at + length), name, extra));
    at += length;
  }
  return withLimits(found, end.at);
}

/** No two entries may lie in each other: that is how small files become endless ones. Where each begins is known; where it ends is looked at there. */
function withLimits(found: readonly Omit<Listed, 'limit'>[], listAt: number): readonly Listed[] {
  const order = found.toSorted((a, b) => a.at - b.at);
  const limits = new Map(order.map((one, index) => [one, order[index + 1]?.at ?? listAt]));
  return found.map((one) => ({ ...one, limit: limits.get(one) ?? listAt }));
}

async function findEnd(files: Files, fd: number, size: number): Promise<End> {
  const tailAt = Math.max(0, size - END_BYTES - MOST_COMMENT);
  const tail = await files.read(fd, tailAt, size - tailAt);
  for (let at = tail.length - END_BYTES; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== END || at + END_BYTES + tail.readUInt16LE(at + 20) !== tail.length)
      continue;
    const end = {
      entries: tail.readUInt16LE(at + 10),
      bytes: tail.readUInt32LE(at + 12),
      at: tail.readUInt32LE(at + 16),
    };
    const disks = [tail.readUInt16LE(at + 4), tail.readUInt16LE(at + 6)];
    const is64 = end.entries === 0xffff || end.bytes === 0xffffffff || end.at === 0xffffffff;
    if (disks.some((disk) => disk !== 0 && !is64)) throw new LeftAlone('it is one of several pieces');
    const whole = is64 ? await readEnd64(files, fd, tailAt + at) : end;
    if (whole.at + whole.bytes > tailAt + at) throw damaged('its list cannot be read');
    return whole;
  }
  throw new LeftAlone('it is no zip file, or its end is missing');
}

async function readEnd64(files: Files, fd: number, endAt: number): Promise<End> {
  const locator = await files.read(fd, Math.max(0, endAt - 20), 20);
  if (locator.length < 20 || locator.readUInt32LE(0) !== LOCATOR_64)
    throw damaged('its list cannot be found');
  const record = await files.read(fd, safe(locator.readBigUInt64LE(8)), 56);
  if (record.length < 56 || record.readUInt32LE(0) !== END_64) throw damaged('its list cannot be found');
  if (record.readUInt32LE(16) !== 0 || record.readUInt32LE(20) !== 0)
    throw new LeftAlone('it is one of several pieces');
  const [entries, bytes, at] = [32, 40, 48].map((field) => safe(record.readBigUInt64LE(field))) as [
    number,
    number,
    number,
  ];
  return { entries, bytes, at };
}

function readListed(entry: Buffer, nameBytes: number, extraBytes: number): Omit<Listed, 'limit'> {
  const rawName = entry.subarray(46, 46 + nameBytes);
  const extra = extraFields(entry.subarray(46 + nameBytes, 46 + nameBytes + extraBytes));
  const flags = entry.readUInt16LE(8);
  const madeBy = entry.readUInt16LE(4) >> 8;
  const wide = [24, 20, 42].map((field) => entry.readUInt32LE(field));
  const [bytes = 0, packedBytes = 0, at = 0] = widened(wide, extra.get(1));
  return {
    name: nameOf(rawName, flags, extra.get(0x7075)),
    rawName: Buffer.from(rawName),
    flags,
    method: entry.readUInt16LE(10),
    crc: entry.readUInt32LE(16),
    packedBytes,
    bytes,
    at,
    mtimeMs: timeOf(entry, extra.get(0x5455)),
    // 3 is Unix, 19 Darwin.
    mode: madeBy === 3 || madeBy === 19 ? entry.readUInt32LE(38) >>> 16 : 0,
  };
}

/** Numbers of which each that is 0xffffffff stands in the extra field, in this order. */
function widened(numbers: readonly number[], field: Buffer | undefined): readonly number[] {
  let at = 0;
  return numbers.map((number) => {
    if (number !== 0xffffffff) return number;
    if (field === undefined || at + 8 > field.length) throw damaged('a length in its list is missing');
    at += 8;
    return safe(field.readBigUInt64LE(at - 8));
  });
}

function extraFields(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at + 2);
    found.set(bytes.readUInt16LE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

/** The upper half of code page 437, the language of zip files that do not name another one. */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ';

function nameOf(raw: Buffer, flags: number, unicode: Buffer | undefined): string {
  const isSame = unicode !== undefined && unicode.length > 5 && unicode.readUInt32LE(1) === crc32(raw);
  const name = utf8(isSame ? unicode.subarray(5) : raw);
  if (name !== undefined) return name;
  if ((flags & 0x800) !== 0) throw new LeftAlone('it has an entry whose name is not UTF-8');
  return [...raw]
    .map((byte) => (byte < 128 ? String.fromCharCode(byte) : (CP437[byte - 128] ?? '?')))
    .join('');
}

function timeOf(entry: Buffer, unix: Buffer | undefined): number | undefined {
  if (unix !== undefined && unix.length >= 5 && ((unix[0] ?? 0) & 1) !== 0) return unix.readInt32LE(1) * 1000;
  const [time, date] = [entry.readUInt16LE(12), entry.readUInt16LE(14)];
  if (date === 0) return undefined;
  // The clock of who made it, whose zone is nowhere said.
  return Date.UTC(
    1980 + (date >> 9),
    ((date >> 5) & 15) - 1,
    date & 31,
    time >> 11,
    (time >> 5) & 63,
    (time & 31) * 2,
  );
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('a number in it is too large');
  return Number(value);
}
