import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { type HubRow, NUMBER_COLUMNS, type NumberColumn, WORD_COLUMNS, type WordColumn } from './row.ts';
import { ByteWriter } from './varint.ts';

/**
 * A block: records in the order of their positions, column by column. Its bytes:
 *
 *     version (1 byte) · sections, each: CRC-32 of the packed bytes (4, little endian) · packed length · length · packed bytes (zstd)
 *
 * with `packed length` and `length` as varints; where no record has fields their section has no bytes. The sections are `rows`, what
 * finds records (numbers and words), `text`, their messages, and `fields`. So what a query does not need is not unpacked.
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
  if (rows.some((row) => row.fields !== '')) writeTexts(rows, fields, (row) => row.fields);
  for (const section of [numbers, text, fields]) pack(section.written(), out, small);
  return Buffer.from(out.written());
}

function pack(section: Buffer, out: ByteWriter, small: boolean): void {
  const packed = section.length === 0 ? section : zstdCompressSync(section, small ? SMALL : FAST);
  const sum = Buffer.allocUnsafe(4);
  sum.writeUInt32LE(crc32(packed));
  out.bytes(sum);
  out.number(packed.length);
  out.number(section.length);
  out.bytes(packed);
}

/** Whole numbers, each as what it differs from the one before. */
class Differences {
  readonly out: ByteWriter;
  #before = 0;

  constructor(rows: number) {
    this.out = new ByteWriter(rows * 3);
  }

  add(value: number): void {
    this.out.signed(value - this.#before);
    this.#before = value;
  }
}

/** Words that come again and again: each once, and a place in their list for each row. */
class Places {
  readonly words = new Map<string, number>();
  readonly out: ByteWriter;
  #last: string | undefined;
  #place = 0;

  constructor(rows: number) {
    this.out = new ByteWriter(rows * 2);
  }

  add(word: string): void {
    if (word !== this.#last) {
      const known = this.words.get(word);
      this.#place = known ?? this.words.size;
      if (known === undefined) this.words.set(word, this.#place);
      this.#last = word;
    }
    this.out.number(this.#place);
  }
}

/**
 * Column by column: all values of one are alike, which is what packs well. The rows are gone through once, each value by its own name:
 * half of the time of going through them for each column.
 */
function writeRows(
  rows: readonly HubRow[],
  out: ByteWriter,
  seen: (column: WordColumn, words: ReadonlyMap<string, number>) => void,
): void {
  const count = rows.length;
  const numbers = {
    position: new Differences(count),
    seq: new Differences(count),
    time: new Differences(count),
    received: new Differences(count),
    level: new Differences(count),
  } satisfies Record<NumberColumn, Differences>;
  const words = {
    agent: new Places(count),
    host: new Places(count),
    service: new Places(count),
    life: new Places(count),
    kind: new Places(count),
    sender: new Places(count),
  } satisfies Record<WordColumn, Places>;
  for (const row of rows) {
    numbers.position.add(row.position);
    numbers.seq.add(row.seq);
    numbers.time.add(row.time);
    numbers.received.add(row.received);
    numbers.level.add(row.level);
    words.agent.add(row.agent);
    words.host.add(row.host);
    words.service.add(row.service);
    words.life.add(row.life);
    words.kind.add(row.kind);
    words.sender.add(row.sender);
  }
  out.number(count);
  for (const column of NUMBER_COLUMNS) out.bytes(numbers[column].out.written());
  for (const column of WORD_COLUMNS) writeWords(column, words[column], out, seen);
}

function writeWords(
  column: WordColumn,
  { words, out: places }: Places,
  out: ByteWriter,
  seen: (column: WordColumn, words: ReadonlyMap<string, number>) => void,
): void {
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

/** All lengths, then all texts. */
function writeTexts(rows: readonly HubRow[], out: ByteWriter, textOf: (row: HubRow) => string): void {
  const texts = new ByteWriter(rows.length * 160);
  for (const row of rows) out.number(texts.text(textOf(row)));
  out.bytes(texts.written());
}
