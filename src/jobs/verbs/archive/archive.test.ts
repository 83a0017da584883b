import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { archiveRig, H8, H9, inline, TEXT } from '../../../../test/rig/archiving.ts';
import {
  contentsOf,
  put,
  putParts,
  RIG_NOW,
  rigLedger,
  sha256,
  verbContext,
} from '../../../../test/rig/lifecycle.ts';
import { disk, type Files } from '../../../core/files.ts';
import { archiveKind } from './archive.ts';
import { runArchive } from './run.ts';

test('closed parts become proved archives; the ledger knows them; the files are gone', async (context) => {
  const { root, ledger, run } = archiveRig(context);
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
  const { root, run } = archiveRig(context);
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

test('an archive that lies beside its file is proved, and finishes it; a damaged one is refused', async (context) => {
  const { root, run, ledger } = archiveRig(context);
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
  const { root, run, ledger } = archiveRig(context);
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
  const { root: other, run: go } = archiveRig(context);
  put(other, 'a.log.zst', Buffer.concat([zstdCompressSync(TEXT), zstdCompressSync(TEXT)]));
  put(other, 'b.log.zst', Buffer.concat([zstdCompressSync(TEXT), Buffer.from('garbage')]));
  const { refused } = await go({ files: '*.log' });
  assert.equal(refused.length, 2);
  for (const { reason } of refused) assert.match(reason, /bytes lie behind its first frame/);
});

test('the file is kept for as long as keep-raw says, also by a clock that was set back', async (context) => {
  const { root, run } = archiveRig(context);
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

test('names with newlines and spaces, sparse and unreadable files, links and leftovers', async (context) => {
  const { root, run } = archiveRig(context);
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

test('a dry run says every file, and does nothing', async (context) => {
  const { root, run, ledger } = archiveRig(context);
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
  const { root, run } = archiveRig(context);
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
