import { type Database, number } from '../../core/sqlite.ts';
import { BLOCK, BLOCK_COLUMNS } from './bucket.ts';
import { openBlock } from './decode.ts';
import { createBlock, insertBlock, type NewBlock } from './new-block.ts';
import type { HubRow } from './row.ts';
import { dataOf, type FoundBlock, toBlock } from './scan.ts';

/** Small blocks become large ones: they pack better, and know their words and counts. Making them is work for another thread. */

/** Records of a large block, and its packed bytes: it is unpacked as a whole. */
const LARGE = 8192;
const LARGE_BYTES = 2 * 1024 * 1024;
const MOST_BLOCKS = 4096;

/** A large block, and the small ones that it takes the place of. */
export interface Merged {
  readonly path: string;
  readonly sources: readonly { readonly first: number; readonly count: number }[];
  readonly block: NewBlock;
}

/**
 * Makes the next large block of a bucket, out of its oldest small ones; undefined where there is none to be made.
 * @param isOver nothing comes into the bucket any more: its last small blocks become one too, however few they are.
 */
export function mergeNext(db: Database, isOver: boolean): Merged | undefined {
  const small = db
    .all(
      { ...BLOCK, bytes: number },
      `SELECT ${BLOCK_COLUMNS}, length(data) AS bytes FROM blocks INDEXED BY blocks_small WHERE tokens IS NULL ORDER BY first LIMIT ${MOST_BLOCKS}`,
    )
    .map(({ bytes, ...row }) => ({ ...toBlock(db, 0, row), bytes }));
  const chosen = choose(small);
  // More could still join it.
  if (
    chosen.length === 0 ||
    (chosen.length === small.length && small.length < MOST_BLOCKS && !isOver && sizeOf(chosen) < LARGE)
  )
    return undefined;
  const rows: HubRow[] = [];
  for (const block of chosen) {
    const data = dataOf(block);
    if (data === undefined) return undefined;
    const opened = openBlock(data);
    for (let row = 0; row < opened.count; row++) rows.push(opened.row(row));
  }
  const sources = chosen.map(({ first, count: had }) => ({ first, count: had }));
  return { path: db.path, sources, block: createBlock(rows, true) };
}

type Sized = FoundBlock & { readonly bytes: number };

function sizeOf(blocks: readonly FoundBlock[]): number {
  return blocks.reduce((sum, block) => sum + block.count, 0);
}

/** As many as make a large block. Between them there is no other block: positions of one bucket only grow. */
function choose(small: readonly Sized[]): readonly Sized[] {
  const chosen: Sized[] = [];
  let [count, bytes] = [0, 0];
  for (const block of small) {
    count += block.count;
    bytes += block.bytes;
    if (chosen.length > 0 && (count > LARGE || bytes > LARGE_BYTES)) break;
    chosen.push(block);
  }
  return chosen;
}

/** Puts a large block in the place of its sources. To be called in a transaction of the writer; false where they are not there any more. */
export function replace(db: Database, { sources, block }: Merged): boolean {
  const [from, to] = [sources[0]?.first ?? 0, sources.at(-1)?.first ?? 0];
  const there = db.get(
    { blocks: number, records: number },
    'SELECT count(*) AS blocks, ifnull(sum(count), 0) AS records FROM blocks WHERE first BETWEEN ? AND ? AND tokens IS NULL',
    [from, to],
  );
  if (there?.blocks !== sources.length || there.records !== block.count) return false;
  db.run('DELETE FROM blocks WHERE first BETWEEN ? AND ?', [from, to]);
  insertBlock(db, block);
  return true;
}
