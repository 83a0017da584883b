import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { layoutOf } from '../../src/collect/layout.ts';
import { columnsOf } from '../../src/collect/query/columns.ts';
import { loadDuckDb, NoDuckDbError } from '../../src/collect/query/duckdb.ts';
import { type QueryOptions, withQuery } from '../../src/collect/query/query.ts';
import { systemClock } from '../../src/core/clock.ts';
import { sealLine } from '../../src/core/sealed-line.ts';
import { memoryFolder, put, putParts } from './lifecycle.ts';

/** Why tests with a real DuckDB are skipped; false where it is there. */
export const NO_DUCKDB = await loadDuckDb().then(
  () => false as const,
  (thrown: unknown) => {
    if (thrown instanceof NoDuckDbError) return 'there is no DuckDB here (npm ci puts it there)';
    throw thrown;
  },
);

export const DAY = '2026-11-18/2026-11-18T';
const OPEN = `${DAY}12.open.ndjson`;

/** Lines as a firehose’s collector writes them, with numbers from `first` on. */
export function lines(first: number, count: number): string {
  return Array.from({ length: count }, (_, index) => {
    const time = new Date(Date.UTC(2026, 10, 18, 0, 0, first + index)).toISOString();
    const commit = {
      rev: 'r',
      operation: 'create',
      collection: 'a.b.c',
      rkey: 'k',
      record: { n: index, t: 'ä\n🌲' },
      cid: 'c',
    };
    return `${JSON.stringify({ seq: first + index, time, received: time, did: 'did:plc:a', kind: 'commit', commit })}\n`;
  }).join('');
}

/** Closed parts and one that is open, as far as a commit says. */
export function folderWith(
  t: TestContext,
  {
    closed = {},
    open,
    torn = '',
  }: {
    readonly closed?: Readonly<Record<string, string>>;
    readonly open?: { readonly first: number; readonly count: number };
    readonly torn?: string | Buffer;
  },
  name = "da'[t]a",
): string {
  const root = join(memoryFolder(t), name);
  writeFolder(root, closed, open, torn);
  return root;
}

export function writeFolder(
  root: string,
  closed: Readonly<Record<string, string>>,
  open: { readonly first: number; readonly count: number } | undefined,
  torn: string | Buffer,
): void {
  putParts(root, closed);
  const text = open === undefined ? '' : lines(open.first, open.count);
  const last = open === undefined ? 0 : open.first + open.count - 1;
  const part = {
    ino: 1,
    len: Buffer.byteLength(text),
    lines: open?.count ?? 0,
    first: open?.first ?? 0,
    last,
    k: [0, 1],
    from: 0,
    to: 0,
    close: 0,
  };
  if (open !== undefined) put(root, OPEN, Buffer.concat([Buffer.from(text), Buffer.from(torn)]));
  const files = open === undefined ? {} : { [OPEN.replace('.open.ndjson', '')]: part };
  const counts = { frames: 0, repeated: 0, corrected: 0, quarantined: 0, kinds: {} };
  mkdirSync(join(root, '.vahti'), { recursive: true });
  const checkpoint = {
    v: 1,
    epoch: 1,
    cursor: last,
    k: 1,
    time: 1,
    boot: 'b',
    clock: { base: 0, offsets: [] },
    files,
    counts,
    quarantine: 0,
  };
  writeFileSync(join(root, '.vahti/checkpoint.ndjson'), sealLine(checkpoint));
}

/** The rows of an answer. */
export async function ask(
  root: string,
  sql: string,
  more: Partial<QueryOptions> = {},
): Promise<(string | null)[][]> {
  const found: (string | null)[][] = [];
  const table = { name: 'firehose', layout: layoutOf(root), columns: columnsOf('atproto'), longestLine: 0 };
  const options: QueryOptions = {
    sql,
    tables: [table],
    form: 'text',
    memoryBytes: 2 ** 29,
    timeoutMs: 30_000,
    clock: systemClock,
    signal: new AbortController().signal,
    gone: () => {},
    ...more,
  };
  await withQuery(options, async ({ batches }) => {
    for await (const batch of batches) found.push(...batch.map((row) => [...row]));
  });
  return found;
}

/** Puts an archive in the place of a file. */
export function archive(root: string, path: string, format: 'zst' | 'gz', text: string): void {
  put(root, `${path}.${format}`, format === 'zst' ? zstdCompressSync(text) : gzipSync(text));
  rmSync(join(root, path));
}
