import { bytes, type Database, nullable, number } from '../../core/sqlite.ts';
import { BLOCK, BLOCK_COLUMNS, type BlockWords } from './bucket.ts';

/** A stored block, without its bytes. Times are microseconds. */
export interface FoundBlock {
  readonly db: Database;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly earliest: number;
  readonly latest: number;
  readonly received: number;
  readonly receivedLast: number;
  readonly levels: number;
  readonly words: BlockWords;
  /** What was taken before it is past its window, microseconds. */
  readonly cutoff: number;
}

/** An open bucket, and what was taken before `cutoff` (microseconds) is past its window. */
export interface ScannedBucket {
  readonly db: Database;
  readonly cutoff: number;
}

/** The blocks of several buckets one after another, those first that end last; read in pieces, so that the newest few cost little. */
export interface Scan {
  /** When the newest record of the next block happened; undefined behind the last. */
  peek(): number | undefined;
  take(): FoundBlock;
}

const PIECE = 64;

export function scanNewestFirst(buckets: readonly ScannedBucket[], since: number, until: number): Scan {
  const ways = buckets.map((bucket) => scanBucket(bucket, since, until));
  const best = (): Scan | undefined => {
    let found: Scan | undefined;
    for (const way of ways) {
      const latest = way.peek();
      if (latest !== undefined && latest > (found?.peek() ?? -Infinity)) found = way;
    }
    return found;
  };
  return {
    peek: () => best()?.peek(),
    take: () => {
      const way = best();
      if (way === undefined) throw new Error('cannot take a block behind the last');
      return way.take();
    },
  };
}

function scanBucket({ db, cutoff }: ScannedBucket, since: number, until: number): Scan {
  let piece: FoundBlock[] = [];
  let [latest, first] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  let isOver = false;
  const fill = (): void => {
    if (piece.length > 0 || isOver) return;
    piece = db
      .all(
        BLOCK,
        `SELECT ${BLOCK_COLUMNS} FROM blocks INDEXED BY blocks_latest
         WHERE (latest, first) < (?, ?) AND latest >= ? AND earliest < ? AND received_last >= ?
         ORDER BY latest DESC, first DESC LIMIT ${PIECE}`,
        [latest, first, since, until, cutoff],
      )
      .map((row) => toBlock(db, cutoff, row));
    isOver = piece.length < PIECE;
    const last = piece.at(-1);
    if (last !== undefined) [latest, first] = [last.latest, last.first];
  };
  return {
    peek() {
      fill();
      return piece[0]?.latest;
    },
    take() {
      fill();
      return piece.shift() as FoundBlock;
    },
  };
}

type Row = { readonly [K in keyof typeof BLOCK]: ReturnType<(typeof BLOCK)[K]> };

export function toBlock(db: Database, cutoff: number, { received_last, words, ...row }: Row): FoundBlock {
  return { ...row, db, cutoff, receivedLast: received_last, words: JSON.parse(words) as BlockWords };
}

/** The bytes of a block; undefined where it was merged with others, or went, meanwhile. */
export function dataOf({ db, first, count }: FoundBlock): Buffer | undefined {
  const sql = 'SELECT data FROM blocks WHERE first = ? AND count = ?';
  const row = db.get({ data: bytes }, sql, [first, count]);
  return row && Buffer.from(row.data.buffer, row.data.byteOffset, row.data.byteLength);
}

/** Its tokens and counts; null where it has none yet. */
export function extraOf({ db, first, count }: FoundBlock, which: 'tokens' | 'counts'): Uint8Array | null {
  const sql = `SELECT ${which} AS extra FROM blocks WHERE first = ? AND count = ?`;
  return db.get({ extra: nullable(bytes) }, sql, [first, count])?.extra ?? null;
}

const COUNT = { count: number };

/** How many records there are in blocks that reach into a stretch of time. */
export function countIn(buckets: readonly ScannedBucket[], since: number, until: number): number {
  return buckets.reduce((sum, { db, cutoff }) => {
    const sql =
      'SELECT ifnull(sum(count), 0) AS count FROM blocks WHERE latest >= ? AND earliest < ? AND received_last >= ?';
    return sum + (db.get(COUNT, sql, [since, until, cutoff])?.count ?? 0);
  }, 0);
}
