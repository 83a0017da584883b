import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import type { ProductSource } from '../../src/core/products.ts';
import { ok } from '../../src/core/result.ts';
import { sealLine } from '../../src/core/sealed-line.ts';
import type { VerbContext } from '../../src/core/verb.ts';
import { openLedger } from '../../src/jobs/ledger/sqlite.ts';

/** When the parts of a rig were closed, and what its clock shows. */
export const RIG_NOW = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;

export const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** A folder in memory where that is to be had, deleted after the test. */
export function memoryFolder(context: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vahti-life-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function put(root: string, path: string, data: string | Buffer, mtimeMs = RIG_NOW - 48 * HOUR): void {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, data);
  utimesSync(full, mtimeMs / 1000, mtimeMs / 1000);
}

/** Makes a collector's folder: closed parts by path, each with its line in the manifest. */
export function putParts(
  root: string,
  parts: Readonly<Record<string, string>>,
  to = RIG_NOW - 48 * HOUR,
): void {
  mkdirSync(join(root, '.vahti'), { recursive: true });
  const manifest = join(root, '.vahti/manifest.ndjson');
  let k = 0;
  for (const [path, data] of Object.entries(parts)) {
    put(root, path, data);
    const lines = data.split('\n').length - 1;
    const line = {
      v: 1,
      part: path.replace(/\.ndjson$/, ''),
      epoch: 1,
      first: k,
      last: k + lines,
      k: [k, k + lines],
      lines,
      bytes: Buffer.byteLength(data),
      sha256: sha256(data),
      from: to - HOUR,
      to,
      ino: statSync(join(root, path)).ino,
      closed: to + 60_000,
    };
    k += lines;
    writeFileSync(manifest, sealLine(line), { flag: 'a' });
  }
}

/** The content below a root by path, archives unpacked; with what else lies there under its own name. */
export function contentsOf(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name).slice(root.length + 1);
    if (path.startsWith('.vahti/')) continue;
    const data = readFileSync(join(root, path));
    found[path] = (
      path.endsWith('.zst') ? zstdDecompressSync(data) : path.endsWith('.gz') ? gunzipSync(data) : data
    ).toString('utf8');
  }
  return found;
}

export function rigLedger(context: Pick<TestContext, 'after'>, folder: string): Ledger {
  const opened = openLedger(join(folder, 'ledger.db'), systemClock);
  if (!opened.ok) throw opened.error;
  context.after(() => opened.value.close());
  return opened.value;
}

/** No pipelines, and nobody who makes products anew. */
export const NO_PRODUCTS: ProductSource = {
  products(pipeline) {
    throw new Error(`cannot find a pipeline "${pipeline}"`);
  },
  hold: () => ok({ release() {} }),
};

/** What a verb is given, with what it said. Waits of its clock are over at once. */
export function verbContext(
  ledger: Ledger,
  folder: string,
  { now = RIG_NOW, ...more }: Partial<VerbContext> & { readonly now?: number } = {},
): VerbContext & { readonly said: string[] } {
  const said: string[] = [];
  const clock: Clock = { ...systemClock, now: () => now, micros: () => now * 1000, sleep: async () => true };
  return {
    job: 'archive',
    run: 'r1',
    folder,
    state: folder,
    products: NO_PRODUCTS,
    zone: 'UTC',
    env: {},
    clock,
    ledger,
    dryRun: false,
    say: (line) => said.push(line),
    progress: () => {},
    signal: new AbortController().signal,
    ...more,
    said,
  };
}

/** A ledger that dies as the files do: before or after a call that writes. */
export function crashingLedger(ledger: Ledger, around: <T>(name: string, call: () => T) => T): Ledger {
  return {
    ...ledger,
    take: (file) => around('take', () => ledger.take(file)),
    produced: (root, path, product) => around('produced', () => ledger.produced(root, path, product)),
    archived: (root, path, archive) => around('archived', () => ledger.archived(root, path, archive)),
    purging: (root, path, by) => around('purging', () => ledger.purging(root, path, by)),
    purged: (root, path, by) => around('purged', () => ledger.purged(root, path, by)),
  };
}
