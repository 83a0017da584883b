import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { type HubRow, NUMBER_COLUMNS, WORD_COLUMNS, type WordColumn } from './row.ts';
import { ByteWriter } from './varint.ts';

/**
 * A block: records in the order of their positions, column by column. Its bytes:
 *
 *     version (1 byte) · sections, each: CRC-32 of the packed bytes (4, little endian) · packed length · length · packed bytes (zstd)
 *
 * with `packed length` and `length` as varints. The sections are `rows`, what finds records (numbers and words), `text`, their
 * messages, and `fields`. So what a query does not need is not unpacked.
 */
export const BLOCK_VERSION = 1;
export const SECTIONS = ['rows', 'text', 'fields'] as const;

/** Of log lines level 1 makes 66 bytes a record, level 3 makes 58 in a fifth more time, level 6 makes 57 in twice the time (measured). */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** For blocks that are made of others, away from those who wait. */
const SMALL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

/**
 * @param rows one at least, in the order of their positions. @param small takes more time for fewer bytes.
 * @param seen told the different words of each column, which are found on the way.
 */
export function encodeBlock(
  rows: readonly HubRow[],
  small = false,
  seen: (column: WordColumn, words: ReadonlyMap<string, number>) => void = () => {},
): Buffer {
  const out = new ByteWriter(1024);
  out.bytes(Uint8Array.of(BLOCK_VERSION));
  const numbers = new ByteWriter(rows.length * 12);
  writeRows(rows, numbers, seen);
  const [text, fields] = [new ByteWriter(rows.length * 160), new ByteWriter(rows.length)];
  writeTexts(rows, text, (row) => row.message);
  writeTexts(rows, fields, (row) => row.fields);
  for (const section of [numbers, text, fields]) pack(section.written(), out, small);
  return Buffer.from(out.written());
}

function pack(section: Buffer, out: ByteWriter, small: boolean): void {
  const packed = zstdCompressSync(section, small ? SMALL : FAST);
  const sum = Buffer.allocUnsafe(4);
  sum.writeUInt32LE(crc32(packed));
  out.bytes(sum);
  out.number(packed.length);
  out.number(section.length);
  out.bytes(packed);
}

/** Column by column: all values of one are alike, which is what packs well. */
function writeRows(
  rows: readonly HubRow[],
  out: ByteWriter,
  seen: (column: WordColumn, words: ReadonlyMap<string, number>) => void,
): void {
  out.number(rows.length);
  for (const column of NUMBER_COLUMNS) {
    let before = 0;
    for (const row of rows) {
      const value = row[column];
      out.signed(value - before);
      before = value;
    }
  }
  for (const column of WORD_COLUMNS) {
    const words = new Map<string, number>();
    const places = new ByteWriter(rows.length * 2);
    for (const row of rows) {
      const word = row[column];
      let place = words.get(word);
      if (place === undefined) {
        place = words.size;
        words.set(word, place);
      }
      places.number(place);
    }
    seen(column, words);
    out.number(words.size);
    const one = new ByteWriter(64);
    for (const word of words.keys()) {
      one.clear();
      one.text(word);
      out.number(one.length);
      out.bytes(one.written());
    }
    out.bytes(places.written());
  }
}

/** All lengths, then all texts. */
function writeTexts(rows: readonly HubRow[], out: ByteWriter, textOf: (row: HubRow) => string): void {
  const texts = new ByteWriter(rows.length * 160);
  for (const row of rows) out.number(texts.text(textOf(row)));
  out.bytes(texts.written());
}
