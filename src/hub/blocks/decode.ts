import { crc32, zstdDecompressSync } from 'node:zlib';
import type { RecordKind } from '../../core/record.ts';
import { BLOCK_VERSION, SECTIONS } from './encode.ts';
import { type HubRow, NUMBER_COLUMNS, type NumberColumn, WORD_COLUMNS, type WordColumn } from './row.ts';
import { ByteReader } from './varint.ts';

/** A block whose bytes are not what was written. */
export class BlockDamagedError extends Error {
  override readonly name = 'BlockDamagedError';
}

/** What a query looks at; a section is unpacked when something of it is asked for first. */
export interface Block {
  readonly count: number;
  /** What it takes when everything is unpacked, roughly. */
  readonly bytes: number;
  /** The values of a column, row by row. */
  numbers(column: NumberColumn): Float64Array;
  /** The words of a column, and for each row which of them it has. */
  words(column: WordColumn): Words;
  /** The bytes of all messages, and where each ends. */
  texts(): Texts;
  /** The bytes of all messages as they are stored, behind their lengths: to see that something is in none of them, without reading what finds records. */
  storedTexts(): Buffer;
  fields(row: number): string;
  row(row: number): HubRow;
  /** A record without its texts, which need not be unpacked for it. */
  heading(row: number): Heading;
}

export type Heading = Omit<HubRow, 'message' | 'fields'>;

export interface Words {
  readonly words: readonly string[];
  readonly places: Uint32Array;
}

export interface Texts {
  readonly bytes: Buffer;
  /** Where the text of a row ends; that of the first begins at 0. */
  readonly ends: Uint32Array;
}

/** A larger section is not written: it is damage. */
const MOST_BYTES = 1024 * 1024 * 1024;
const MOST_AT_ONCE = 4 * 1024 * 1024;

/** @throws BlockDamagedError here, or when a section is unpacked. */
export function openBlock(bytes: Buffer): Block {
  if (bytes[0] !== BLOCK_VERSION)
    throw new BlockDamagedError(`cannot read a block of version ${String(bytes[0])}`);
  const packed = locate(bytes.subarray(1));
  const rows = once(() => readRows(unpack(packed, 0)));
  const storedTexts = once(() => unpack(packed, 1));
  const texts = once(() => readTexts(storedTexts(), rows().count));
  const fields = once(() => readTexts(unpack(packed, 2), rows().count));
  const numbers = (column: NumberColumn): Float64Array =>
    rows().numbers[NUMBER_COLUMNS.indexOf(column)] as Float64Array;
  const words = (column: WordColumn): Words => rows().words[WORD_COLUMNS.indexOf(column)] as Words;
  const wordOf = (column: WordColumn, row: number): string => {
    const found = words(column);
    return found.words[found.places[row] ?? 0] ?? '';
  };
  const heading = (row: number): Heading => ({
    position: numbers('position')[row] as number,
    agent: wordOf('agent', row),
    seq: numbers('seq')[row] as number,
    time: numbers('time')[row] as number,
    received: numbers('received')[row] as number,
    host: wordOf('host', row),
    service: wordOf('service', row),
    life: wordOf('life', row),
    kind: wordOf('kind', row) as RecordKind,
    level: numbers('level')[row] as number,
    sender: wordOf('sender', row),
  });
  return {
    get count() {
      return rows().count;
    },
    bytes: packed.reduce((sum, { length }) => sum + length, 0) * 2,
    numbers,
    words,
    texts,
    storedTexts,
    fields: (row) => textOf(fields(), row),
    row: (row) => ({ ...heading(row), message: textOf(texts(), row), fields: textOf(fields(), row) }),
    heading,
  };
}

/** The text of a row. */
export function textOf({ bytes, ends }: Texts, row: number): string {
  return bytes.toString('utf8', row === 0 ? 0 : ends[row - 1], ends[row]);
}

interface Packed {
  readonly sum: number;
  readonly length: number;
  readonly bytes: Buffer;
}

function locate(bytes: Buffer): readonly Packed[] {
  const reader = new ByteReader(bytes);
  return damaged(() =>
    SECTIONS.map(() => {
      const sum = reader.bytes(4).readUInt32LE();
      const packed = reader.number();
      const length = reader.number();
      return { sum, length, bytes: reader.bytes(packed) };
    }),
  );
}

function unpack(sections: readonly Packed[], index: number): Buffer {
  const section = sections[index] as Packed;
  const name = SECTIONS[index] as string;
  if (crc32(section.bytes) !== section.sum || section.length > MOST_BYTES)
    throw new BlockDamagedError(`cannot read the section ${name} of a block: its checksum is wrong`);
  if (section.length === 0 && section.bytes.length === 0) return section.bytes;
  return damaged(() => {
    const maxOutputLength = Math.max(1, section.length);
    // All into one piece of memory: pieces of 16 KiB take a quarter more. A length may be damage, too.
    const chunkSize = Math.min(Math.max(64, maxOutputLength), MOST_AT_ONCE);
    return zstdDecompressSync(section.bytes, { maxOutputLength, chunkSize });
  });
}

function readRows(bytes: Buffer): {
  readonly count: number;
  readonly numbers: readonly Float64Array[];
  readonly words: readonly Words[];
} {
  const reader = new ByteReader(bytes);
  return damaged(() => {
    const count = reader.number();
    const numbers = NUMBER_COLUMNS.map(() => {
      const values = new Float64Array(count);
      let before = 0;
      for (let row = 0; row < count; row++) {
        before += reader.signed();
        values[row] = before;
      }
      return values;
    });
    const words = WORD_COLUMNS.map(() => {
      const found = Array.from({ length: reader.number() }, () => reader.text());
      const places = new Uint32Array(count);
      for (let row = 0; row < count; row++) places[row] = reader.number();
      return { words: found, places };
    });
    return { count, numbers, words };
  });
}

function readTexts(section: Buffer, count: number): Texts {
  const reader = new ByteReader(section);
  return damaged(() => {
    const ends = new Uint32Array(count);
    if (section.length === 0) return { bytes: section, ends };
    let end = 0;
    for (let row = 0; row < count; row++) {
      end += reader.number();
      ends[row] = end;
    }
    return { bytes: reader.bytes(end), ends };
  });
}

function damaged<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new BlockDamagedError('cannot read a block: its bytes make no sense', { cause: error });
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
