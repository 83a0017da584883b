import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
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

test('bytes that changed under the same size and time are found by their checksum, and nothing is touched', async (context) => {
  const { root, run } = archiveRig(context);
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
  const { root, run } = archiveRig(context);
  putParts(root, { [H8]: TEXT });
  writeFileSync(join(root, H8), 'more\n', { flag: 'a' });
  const outcome = await run();
  assert.match(outcome.refused[0]?.reason ?? '', /^it has 10005 bytes, the manifest says 10000/);
  assert.equal(existsSync(join(root, `${H8}.zst`)), false);
});

test('an hour that is there again after it was archived never takes the place of its archive', async (context) => {
  const { root, ledger, run } = archiveRig(context);
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
  const { root, run } = archiveRig(context);
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
  const { root, run } = archiveRig(context);
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
  const { root, run } = archiveRig(context);
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
  const { root, run } = archiveRig(context);
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

test('an archive that rots while its file is kept is told, and the file stays', async (context) => {
  const { root, run } = archiveRig(context);
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
  const { root, run } = archiveRig(context);
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
    const { root, run } = archiveRig(context);
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

test('a folder that is not there, is empty where files should be, or is no collector’s is an error', async (context) => {
  const { root, run, ledger } = archiveRig(context);
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
