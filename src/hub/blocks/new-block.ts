import type { Database } from '../../core/sqlite.ts';
import { type BlockWords, LISTED } from './bucket.ts';
import { encodeCounts } from './counts.ts';
import { encodeBlock } from './encode.ts';
import { tokensOf } from './tokens.ts';
import type { HubRow, WordColumn } from './row.ts';

/** A block that is not stored yet, with what finds it. */
export interface NewBlock {
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly earliest: number;
  readonly latest: number;
  readonly received: number;
  readonly receivedLast: number;
  readonly levels: number;
  readonly words: string;
  /** Of a block that stays; null of one that will be merged with others. */
  readonly counts: Uint8Array | null;
  readonly tokens: Uint8Array | null;
  readonly data: Uint8Array;
}

/** More values than this of one column are not listed. */
const MOST_WORDS = 256;

/** @param rows one at least, in the order of their positions. @param stays it is packed well, and can be searched without being read. */
export function createBlock(rows: readonly HubRow[], stays: boolean): NewBlock {
  let [earliest, latest] = [Infinity, -Infinity];
  let [received, receivedLast] = [Infinity, -Infinity];
  let levels = 0;
  for (const row of rows) {
    if (row.time < earliest) earliest = row.time;
    if (row.time > latest) latest = row.time;
    if (row.received < received) received = row.received;
    if (row.received > receivedLast) receivedLast = row.received;
    levels |= 1 << row.level;
  }
  const [first, last] = [rows[0]?.position ?? 0, rows.at(-1)?.position ?? 0];
  const listed: [string, readonly string[]][] = [];
  const data = encodeBlock(rows, stays, (column, found) => {
    if (isListed(column) && found.size <= MOST_WORDS) listed.push([column, [...found.keys()]]);
  });
  const words = JSON.stringify(Object.fromEntries(listed) satisfies BlockWords);
  const counts = stays ? encodeCounts(rows) : null;
  const tokens = stays ? tokensOf(rows) : null;
  return {
    first,
    last,
    count: rows.length,
    earliest,
    latest,
    received,
    receivedLast,
    levels,
    words,
    counts,
    tokens,
    data,
  };
}

function isListed(column: WordColumn): boolean {
  return (LISTED as readonly WordColumn[]).includes(column);
}

/** To be called in a transaction. */
export function insertBlock(db: Database, block: NewBlock): void {
  const {
    first,
    last,
    count,
    earliest,
    latest,
    received,
    receivedLast,
    levels,
    words,
    counts,
    tokens,
    data,
  } = block;
  db.run(
    `INSERT INTO blocks (first, last, count, earliest, latest, received, received_last, levels, words, counts, tokens, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [first, last, count, earliest, latest, received, receivedLast, levels, words, counts, tokens, data],
  );
}
