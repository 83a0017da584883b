import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import * as v from 'valibot';
import {
  contentsOf,
  memoryFolder,
  put,
  putParts,
  RIG_NOW,
  rigLedger,
  sha256,
  verbContext,
} from '../../../../test/rig/lifecycle.ts';
import type { Ledger } from '../../../core/ledger.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { disk, type Files } from '../../../core/files.ts';
import { archiveKind } from './archive.ts';
import { archiveOptions } from './options.ts';
import { createPacking } from './packing.ts';
import { type Means, runArchive } from './run.ts';

const H8 = '2026-11-18/2026-11-18T08.ndjson';
const H9 = '2026-11-18/2026-11-18T09.ndjson';
const TEXT = '{"seq":1}\n{"seq":2}\n'.repeat(500);

const inline = (files: Files = disk): Means => ({ files, packing: createPacking(files) });

interface Rig {
  readonly root: string;
  readonly ledger: Ledger;
  readonly run: (
    options?: Record<string, unknown>,
    more?: Partial<VerbContext> & { now?: number; means?: Means },
  ) => Promise<VerbOutcome & { said: readonly string[] }>;
}

function rig(context: TestContext, folder = 'data'): Rig {
  const base = memoryFolder(context);
  const root = join(base, folder);
  const ledger = rigLedger(context, base);
  return {
    root,
    ledger,
    async run(options = {}, { means = inline(), ...more } = {}) {
      const given = verbContext(ledger, base, more);
      const outcome = await runArchive(v.parse(archiveOptions, { root, ...options }), given, means);
      return { ...outcome, said: given.said };
    },
  };
}

test('closed parts become proved archives; the ledger knows them; the files are gone', async (context) => {
  const { root, ledger, run } = rig(context);
  putParts(root, { [H8]: TEXT, [H9]: '' });
  put(root, '2026-11-18/2026-11-18T10.open.ndjson', 'open');
  chmodSync(join(root, H8), 0o640);
  const outcome = await run();
  assert.equal(outcome.kind, 'done', outcome.summary);
  assert.deepEqual(contentsOf(root), {
    '2026-11-18/2026-11-18T10.open.ndjson': 'open',
    [`${H8}.zst`]: TEXT,
    [`${H9}.zst`]: '',
  });
  const archive = readFileSync(join(root, `${H8}.zst`));
  const row = ledger.file(root, H8);
  assert.equal(row?.sha256, sha256(TEXT));
  assert.deepEqual(row?.archived, {
    path: `${H8}.zst`,
    sha256: sha256(archive),
    bytes: archive.length,
    at: RIG_NOW,
  });
  assert.equal(statSync(join(root, `${H8}.zst`)).mode & 0o777, 0o640);
  assert.equal(Math.round(statSync(join(root, `${H8}.zst`)).mtimeMs), RIG_NOW - 48 * 3_600_000);
  const again = await run();
  assert.equal(again.kind, 'done');
  assert.match(again.summary, /^nothing to archive/);
});

test('every hour that was missed is caught up, in threads of their own as well', async (context) => {
  const { root, run } = rig(context);
  const parts = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [
      `2026-11-${10 + (i % 5)}/2026-11-${10 + (i % 5)}T${String(10 + ((i / 5) | 0))}.ndjson`,
      TEXT + i,
    ]),
  );
  putParts(root, parts);
  const base = join(root, '..');
  const given = verbContext(rigLedger(context, base), base);
  const outcome = await runArchive({ root, jobs: 3 }, given);
  assert.equal(outcome.counts['files'], 60, outcome.summary);
  assert.deepEqual(
    contentsOf(root),
    Object.fromEntries(Object.entries(parts).map(([path, data]) => [`${path}.zst`, data])),
  );
  assert.match((await run()).summary, /^nothing/);
});

test('bytes that changed under the same size and time are found by their checksum, and nothing is touched', async (context) => {
  const { root, run } = rig(context);
  putParts(root, { [H8]: 'aaaa\n', [H9]: TEXT });
  const { mtimeMs } = statSync(join(root, H8));
  writeFileSync(join(root, H8), 'aaba\n');
  utimesSync(join(root, H8), mtimeMs / 1000, mtimeMs / 1000);
  const outcome = await run();
  assert.equal(outcome.kind, 'partly');
  assert.deepEqual(outcome.refused, [
    { path: H8, reason: 'its checksum is not the one of the manifest: it changed since it was closed' },
  ]);
  assert.deepEqual(contentsOf(root), { [H8]: 'aaba\n', [`${H9}.zst`]: TEXT });
});

test('a part that grew after it was closed is refused', async (context) => {
  const { root, run } = rig(context);
  putParts(root, { [H8]: TEXT });
  writeFileSync(join(root, H8), 'more\n', { flag: 'a' });
  const outcome = await run();
  assert.match(outcome.refused[0]?.reason ?? '', /^it has 10005 bytes, the manifest says 10000/);
  assert.equal(existsSync(join(root, `${H8}.zst`)), false);
});

test('an hour that is there again after it was archived never takes the place of its archive', async (context) => {
  const { root, ledger, run } = rig(context);
  putParts(root, { [H8]: TEXT });
  await run();
  put(root, H8, 'late lines\n');
  const outcome = await run();
  assert.match(outcome.refused[0]?.reason ?? '', /archive of another content; neither of the two is touched/);
  assert.deepEqual(contentsOf(root), { [H8]: 'late lines\n', [`${H8}.zst`]: TEXT });
  unlinkSync(join(root, `${H8}.zst`));
  assert.equal((await run()).kind, 'partly');
  assert.deepEqual(contentsOf(root), { [H8]: 'late lines\n' });
  assert.equal(ledger.file(root, H8)?.sha256, sha256(TEXT));
  // The same content again is no other one.
  put(root, H8, TEXT);
  assert.equal((await run()).kind, 'done');
  assert.deepEqual(contentsOf(root), { [`${H8}.zst`]: TEXT });
});

test('a file of no collector is another one when its name was archived before', async (context) => {
  const { root, run } = rig(context);
  put(root, 'app.log', TEXT);
  assert.equal((await run({ files: '*.log' })).kind, 'done');
  unlinkSync(join(root, 'app.log.zst'));
  put(root, 'b.log', TEXT);
  await run({ files: '*.log' });
  put(root, 'app.log', 'new\n');
  const outcome = await run({ files: '*.log' });
  assert.match(outcome.refused[0]?.reason ?? '', /another content of this name was archived before/);
});

test('a growing file is waited for: by its age, by two looks, by who has it open', async (context) => {
  const { root, run } = rig(context);
  put(root, 'young.log', TEXT, RIG_NOW - 60_000);
  put(root, 'future.log', TEXT, RIG_NOW + 3_600_000);
  put(root, 'grows.log', TEXT);
  put(root, 'open.log', TEXT);
  put(root, 'over.log', TEXT);
  const fd = openSync(join(root, 'open.log'), 'a');
  context.after(() => closeSync(fd));
  const given = verbContext(rigLedger(context, join(root, '..')), root);
  const clock = {
    ...given.clock,
    sleep: async (ms: number) => {
      assert.equal(ms, 10_000);
      writeFileSync(join(root, 'grows.log'), 'x', { flag: 'a' });
      utimesSync(join(root, 'grows.log'), RIG_NOW / 1000 - 7_200, RIG_NOW / 1000 - 7_200);
      return true;
    },
  };
  const outcome = await run({ files: '*.log' }, { clock });
  assert.equal(outcome.kind, 'done', outcome.summary);
  assert.equal(outcome.counts['waiting'], 4);
  assert.equal(outcome.counts['files'], 1);
  assert.equal(existsSync(join(root, 'over.log.zst')), true);
  assert.equal(existsSync(join(root, 'open.log')), true);
});

test('a file that grows while it is read is left as it is (gzip would keep a part of it and remove the rest)', async (context) => {
  const { root, run } = rig(context);
  put(root, 'a.log', TEXT);
  const files: Files = {
    ...disk,
    async read(fd, position, length) {
      const data = await disk.read(fd, position, length);
      if (position === 0) writeFileSync(join(root, 'a.log'), 'another line\n', { flag: 'a' });
      return data;
    },
  };
  const outcome = await run({ files: '*.log' }, { means: inline(files) });
  assert.deepEqual(outcome.refused, [{ path: 'a.log', reason: 'it changed while it was read' }]);
  assert.deepEqual(contentsOf(root), { 'a.log': `${TEXT}another line\n` });
});

test('a file that is appended to between its archive and its removal is not removed', async (context) => {
  const { root, run } = rig(context);
  put(root, 'a.log', TEXT);
  const files: Files = {
    ...disk,
    async rename(from, to) {
      await disk.rename(from, to);
      writeFileSync(join(root, 'a.log'), 'late\n', { flag: 'a' });
    },
  };
  const outcome = await run({ files: '*.log' }, { means: inline(files) });
  assert.deepEqual(outcome.refused, [{ path: 'a.log', reason: 'it changed since it was read' }]);
  assert.deepEqual(contentsOf(root), { 'a.log': `${TEXT}late\n`, 'a.log.zst': TEXT });
});

test('an archive that lies beside its file is proved, and finishes it; a damaged one is refused', async (context) => {
  const { root, run, ledger } = rig(context);
  putParts(root, { [H8]: TEXT, [H9]: TEXT });
  writeFileSync(join(root, `${H8}.gz`), gzipSync(TEXT));
  writeFileSync(join(root, `${H9}.gz`), gzipSync(TEXT).subarray(0, 40));
  const outcome = await run();
  assert.equal(outcome.refused.length, 1);
  assert.match(outcome.refused[0]?.reason ?? '', /its archive is damaged: unexpected end of file/);
  assert.equal(existsSync(join(root, H8)), false);
  assert.equal(existsSync(join(root, H9)), true);
  assert.equal(ledger.file(root, H8)?.archived?.path, `${H8}.gz`);
});

test('an archive alone is read back and taken in; more than one frame, or other content, is refused', async (context) => {
  const { root, run, ledger } = rig(context);
  putParts(root, { [H8]: TEXT, [H9]: TEXT });
  unlinkSync(join(root, H8));
  unlinkSync(join(root, H9));
  writeFileSync(join(root, `${H8}.zst`), zstdCompressSync(TEXT));
  writeFileSync(join(root, `${H9}.zst`), zstdCompressSync('other'));
  put(root, '2026-11-18/2026-11-18T11.ndjson.zst', zstdCompressSync('no part'));
  const outcome = await run();
  assert.equal(ledger.file(root, H8)?.sha256, sha256(TEXT));
  assert.deepEqual(
    outcome.refused.map(({ path }) => path),
    [H9],
  );
  const { root: other, run: go } = rig(context);
  put(other, 'a.log.zst', Buffer.concat([zstdCompressSync(TEXT), zstdCompressSync(TEXT)]));
  put(other, 'b.log.zst', Buffer.concat([zstdCompressSync(TEXT), Buffer.from('garbage')]));
  const { refused } = await go({ files: '*.log' });
  assert.equal(refused.length, 2);
  for (const { reason } of refused) assert.match(reason, /bytes lie behind its first frame/);
});

test('the file is kept for as long as keep-raw says, also by a clock that was set back', async (context) => {
  const { root, run } = rig(context);
  const hour = 3_600_000;
  putParts(root, { [H8]: TEXT });
  const options = { 'keep-raw': '2h' };
  await run(options);
  assert.deepEqual(Object.keys(contentsOf(root)), [H8, `${H8}.zst`]);
  for (const now of [RIG_NOW + hour, RIG_NOW - 90 * hour]) await run(options, { now });
  assert.equal(existsSync(join(root, H8)), true);
  const outcome = await run(options, { now: RIG_NOW + 3 * hour });
  assert.equal(outcome.counts['removed'], 1, outcome.summary);
  assert.deepEqual(contentsOf(root), { [`${H8}.zst`]: TEXT });
});

test('an archive that rots while its file is kept is told, and the file stays', async (context) => {
  const { root, run } = rig(context);
  putParts(root, { [H8]: TEXT });
  await run({ 'keep-raw': '1h' });
  const path = join(root, `${H8}.zst`);
  const rotten = readFileSync(path);
  rotten[20] = (rotten[20] ?? 0) ^ 1;
  writeFileSync(path, rotten);
  const outcome = await run({ 'keep-raw': '1h' }, { now: RIG_NOW + 7_200_000 });
  assert.match(outcome.refused[0]?.reason ?? '', /is not the archive that was made of it/);
  assert.equal(existsSync(join(root, H8)), true);
});

test('a full disk ends the run, says so, and leaves every file as it was', async (context) => {
  const { root, run } = rig(context);
  putParts(root, { [H8]: TEXT, [H9]: TEXT });
  const files: Files = {
    ...disk,
    write: async () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
  };
  const outcome = await run({ jobs: 1 }, { means: inline(files) });
  assert.equal(outcome.kind, 'failed');
  assert.match(outcome.summary, /ended early: the disk is full/);
  assert.deepEqual(contentsOf(root), { [H8]: TEXT, [H9]: TEXT });
});

test('a sync that fails ends the run before anything is removed', async (context) => {
  for (const failing of ['datasync', 'syncFolder'] as const) {
    const { root, run } = rig(context);
    putParts(root, { [H8]: TEXT });
    const files: Files = {
      ...disk,
      [failing]: async () => {
        throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
      },
    };
    const outcome = await run({}, { means: inline(files) });
    assert.notEqual(outcome.kind, 'done');
    assert.equal(existsSync(join(root, H8)), true);
    assert.equal((await run()).kind, 'done');
    assert.deepEqual(contentsOf(root), { [`${H8}.zst`]: TEXT });
  }
});

test('names with newlines and spaces, sparse and unreadable files, links and leftovers', async (context) => {
  const { root, run } = rig(context);
  const name = 'päivä 1\nnew "line".log';
  put(root, name, TEXT);
  put(root, 'empty.log', '');
  put(root, 'sparse.log', '');
  truncateSync(join(root, 'sparse.log'), 5_000_000);
  utimesSync(join(root, 'sparse.log'), 1_700_000_000, 1_700_000_000);
  put(root, 'dir/target.txt', 'target');
  symlinkSync(join(root, 'dir/target.txt'), join(root, 'link.log'));
  symlinkSync(join(root, 'dir'), join(root, 'linked-folder'));
  put(root, '.empty.log.zst.0123456789ab.tmp', 'half an arch');
  put(root, 'loose.log', 'x');
  const unreadable = process.getuid?.() !== 0;
  if (unreadable) chmodSync(join(root, 'loose.log'), 0);
  const outcome = await run({ files: '**/*.log' });
  assert.equal(outcome.kind, unreadable ? 'partly' : 'done', outcome.summary);
  const left = contentsOf(root);
  assert.equal(left[`${name}.zst`], TEXT);
  assert.equal(left['empty.log.zst'], '');
  assert.equal(left['sparse.log.zst'], '\0'.repeat(5_000_000));
  assert.equal(left['dir/target.txt'], 'target');
  assert.equal(existsSync(join(root, 'link.log')), true);
  assert.equal(
    Object.keys(left).some((path) => path.endsWith('.tmp')),
    false,
  );
  for (const line of outcome.said) assert.equal(line.includes('\n'), false);
});

test('a folder that is not there, is empty where files should be, or is no collector’s is an error', async (context) => {
  const { root, run, ledger } = rig(context);
  assert.match(
    (await run()).summary,
    /cannot archive .*data: there is no such folder; is its disk not mounted\?/,
  );
  put(root, 'a.log', TEXT);
  assert.match((await run()).summary, /no collector writes there, so `files` must say/);
  await run({ files: '*.log' });
  unlinkSync(join(root, 'a.log.zst'));
  const outcome = await run({ files: '*.log' });
  assert.equal(outcome.kind, 'failed');
  assert.match(
    outcome.summary,
    /none of the 1 files that the ledger knows is there; is what belongs there not mounted/,
  );
  assert.equal(ledger.file(root, 'a.log')?.purged, null);
});

test('a dry run says every file, and does nothing', async (context) => {
  const { root, run, ledger } = rig(context);
  putParts(root, { [H8]: TEXT, [H9]: TEXT });
  writeFileSync(join(root, `${H9}.gz`), gzipSync(TEXT));
  const before = contentsOf(root);
  const { said, summary } = await run({}, { dryRun: true });
  assert.deepEqual(said, [
    `would archive ${H8} as ${H8}.zst, read that back, and remove it`,
    `would prove ${H9} by its archive, and remove it`,
  ]);
  assert.match(summary, /^would archive 1 file; would settle 1/);
  assert.deepEqual(contentsOf(root), before);
  assert.deepEqual([...ledger.files(root)], []);
});

test('a run that is told to end leaves no half file, and the next one goes on', async (context) => {
  const { root, run } = rig(context);
  putParts(root, { [H8]: TEXT, [H9]: TEXT });
  const abort = new AbortController();
  const progress = (): void => abort.abort();
  const outcome = await run({ jobs: 1 }, { signal: abort.signal, progress });
  assert.equal(outcome.kind, 'partly');
  assert.deepEqual(contentsOf(root), { [`${H8}.zst`]: TEXT, [H9]: TEXT });
  const other = new AbortController();
  const files: Files = {
    ...disk,
    async write(fd, data, position) {
      other.abort();
      await disk.write(fd, data, position);
    },
  };
  assert.equal((await run({}, { signal: other.signal, means: inline(files) })).kind, 'partly');
  assert.deepEqual(contentsOf(root), { [`${H8}.zst`]: TEXT, [H9]: TEXT });
  assert.equal((await run()).kind, 'done');
});

test('options: a level that the format does not have', () => {
  const facts = { folder: '/', jobs: new Map() };
  assert.deepEqual(archiveKind.problems?.({ root: 'd', to: 'gz', level: 12 }, facts), [
    'cannot compress to gz with level 12: 9 is its highest',
  ]);
  assert.deepEqual(archiveKind.problems?.({ root: 'd', level: 19 }, facts), []);
});
