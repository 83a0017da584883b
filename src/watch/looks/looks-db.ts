import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type Column, number, text } from '../../core/sqlite.ts';
import { ByteReader, ByteWriter } from './bytes.ts';

/** What is kept of looks is one SQLite file. New looks of all watches go to the journal together; from there to chunks, one of a watch and about an hour. */
export const LOOKS_NAME = 'the history of looks';

export const LOOKS_MIGRATIONS: readonly string[] = [
  `CREATE TABLE series (
     id INTEGER PRIMARY KEY,
     service TEXT NOT NULL,
     watch TEXT NOT NULL,
     kind TEXT NOT NULL,
     source TEXT NOT NULL, -- a hash: what the readings depend on may hold a password
     upto INTEGER NOT NULL, -- what the journal has of it up to here is in its chunks
     UNIQUE (service, watch, source)
   ) STRICT;
   CREATE TABLE chunks (
     id INTEGER PRIMARY KEY,
     series INTEGER NOT NULL,
     first INTEGER NOT NULL,
     last INTEGER NOT NULL,
     data BLOB NOT NULL
   ) STRICT;
   CREATE INDEX chunks_series ON chunks (series, last);
   CREATE TABLE journal (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL) STRICT;`,
];

/** Which watch looked, and at what. */
export interface SeriesName {
  readonly service: string;
  readonly watch: string;
  readonly kind: string;
  /** What the readings depend on, see Replay; as a hash. */
  readonly source: string;
}

export type Series = SeriesName & { readonly id: number; readonly upto: number };

/** Some bytes of a series, and between which moments what is in them was seen: wall milliseconds. */
export interface Piece {
  readonly series: number;
  readonly first: number;
  readonly last: number;
  readonly bytes: Uint8Array;
}

/** A row of the journal. */
export interface JournalRow {
  readonly id: number;
  readonly first: number;
  readonly last: number;
  readonly data: Uint8Array;
}

export const SERIES_ROW = {
  id: number,
  service: text,
  watch: text,
  kind: text,
  source: text,
  upto: number,
} as const;

const blob: Column<Uint8Array> = (value) => {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`cannot read column: expected bytes, found ${typeof value}`);
};

export const JOURNAL_ROW = { id: number, first: number, last: number, data: blob } as const;
export const CHUNK_ROW = { first: number, last: number, data: blob } as const;

export function packJournal(
  parts: readonly { readonly series: number; readonly bytes: Uint8Array }[],
): Uint8Array {
  const out = new ByteWriter(4096);
  for (const { series, bytes } of parts) {
    out.natural(series);
    out.bytes(bytes);
  }
  return out.take();
}

/** What a row of the journal has of some series. @throws RangeError where it is damaged. */
export function unpackJournal(
  { first, last, data }: JournalRow,
  isWanted: (series: number) => boolean = () => true,
): Piece[] {
  const input = new ByteReader(data);
  const pieces: Piece[] = [];
  while (!input.isOver) {
    const series = input.natural();
    if (isWanted(series)) pieces.push({ series, bytes: input.bytes(), first, last });
    else input.skip();
  }
  return pieces;
}

export function packChunk(pieces: readonly Uint8Array[]): Uint8Array {
  return zstdCompressSync(Buffer.concat(pieces));
}

/** No chunk is larger; whoever wrote more would fill the memory of who reads it. */
const LARGEST_CHUNK = 16 * 1024 * 1024;

/** @throws where it is damaged. */
export function unpackChunk(data: Uint8Array): Uint8Array {
  return zstdDecompressSync(data, { maxOutputLength: LARGEST_CHUNK });
}
