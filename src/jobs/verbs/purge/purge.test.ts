import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
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
import { disk } from '../../../core/files.ts';
import type { Ledger, LedgerCopy } from '../../../core/ledger.ts';
import type { VerbContext, VerbOutcome } from '../../../core/verb.ts';
import { createPacking } from '../archive/packing.ts';
import { runArchive } from '../archive/run.ts';
import { purgeOptions } from './options.ts';
import { runPurge } from './run.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const H8 = '2026-11-18/2026-11-18T08.ndjson';
const H9 = '2026-11-18/2026-11-18T09.ndjson';
const NEXT = '2026-11-19/2026-11-19T00.ndjson';
const TEXT = '{"seq":1}\n'.repeat(100);

interface Rig {
  readonly base: string;
  readonly root: string;
  readonly ledger: Ledger;
  readonly archive: () => Promise<VerbOutcome>;
  readonly prove: (path: string, more?: Partial<LedgerCopy>) => void;
  readonly run: (
    options?: Record<string, unknown>,
    more?: Partial<VerbContext> & { now?: number },
  ) => Promise<VerbOutcome & { said: readonly string[] }>;
}

function rig(context: TestContext): Rig {
  const base = memoryFolder(context);
  const root = join(base, 'data');
  const ledger = rigLedger(context, base);
  return {
    base,
    root,
    ledger,
    archive: () => runArchive({ root }, verbContext(ledger, base), { files: disk, packing: createPacking() }),
    prove(path, more) {
      const row = ledger.file(root, path);
      assert.ok(row);
      const { sha256: sum, bytes } = row.archived ?? row;
      const copy = {
        job: 'offsite',
        target: 'backup:/srv',
        path,
        sha256: sum,
        bytes,
        verifiedAt: RIG_NOW - DAY,
      };
      ledger.proved(root, path, { ...copy, ...more });
    },
    async run(options = {}, more = {}) {
      const given = verbContext(ledger, base, { job: 'clean', run: 'p1', ...more });
      const parsed = v.parse(purgeOptions, { root, older: '1d', 'proved-by': 'offsite', ...options });
      return { ...(await runPurge(parsed, given)), said: given.said };
    },
  };
}

/** Two days old parts, archived, and proved elsewhere. */
async function proved(context: TestContext, parts: readonly string[] = [H8, H9, NEXT]): Promise<Rig> {
  const made = rig(context);
  putParts(made.root, Object.fromEntries(parts.map((path) => [path, TEXT + path])));
  assert.equal((await made.archive()).kind, 'done');
  for (const path of parts) made.prove(path);
  return made;
}

test('what is proved elsewhere and old enough goes, with its empty folders; tombstones stay', async (context) => {
  const { root, ledger, run } = await proved(context);
  put(root, '2026-11-19/notes.txt', 'mine');
  const outcome = await run();
  assert.equal(outcome.kind, 'done', outcome.summary);
  assert.match(outcome.summary, /^deleted 3 files, \d+B; 1 that the ledger does not know left alone$/);
  assert.ok(outcome.said.includes('left alone: 2026-11-19/notes.txt: the ledger does not know it'));
  assert.deepEqual(contentsOf(root), { '2026-11-19/notes.txt': 'mine' });
  assert.equal(existsSync(join(root, '2026-11-18')), false);
  assert.deepEqual(ledger.file(root, H8)?.purged, { at: RIG_NOW, run: 'p1' });
  assert.equal(ledger.copies(root, H8).length, 1);
  assert.match((await run()).summary, /^nothing to delete/);
});

test('what is not proved is refused, file by file, with its reason', async (context) => {
  const { root, ledger, prove, run } = await proved(context);
  const archived = ledger.file(root, H8)?.archived;
  const cases: readonly (readonly [more: Partial<LedgerCopy>, reason: RegExp])[] = [
    [{ job: 'other' }, /^offsite has not proved a copy of it$/],
    [{ sha256: 'f'.repeat(64) }, /^offsite proved other bytes at backup:\/srv$/],
    [{ bytes: 1 }, /^offsite proved other bytes/],
    [{ verifiedAt: RIG_NOW - 46 * DAY }, /^offsite read its copy back 46d ago, 45d is the most$/],
    [{ verifiedAt: RIG_NOW + DAY }, /^offsite proved it at a time that lies in the future$/],
    [{ target: root }, /^offsite has its copy in the same folder/],
    [{ target: `${root}/backup` }, /^offsite has its copy in the same folder/],
  ];
  for (const [more, reason] of cases) {
    ledger.disproved(root, H8, 'offsite', 'backup:/srv', 'test');
    ledger.disproved(root, H8, 'offsite', more.target ?? 'backup:/srv', 'test');
    prove(H8, more);
    const outcome = await run({ 'max-files': 1 });
    const refused = outcome.refused.find(({ path }) => path === H8);
    assert.match(refused?.reason ?? 'not refused', reason);
    assert.equal(outcome.kind, 'partly');
    assert.equal(existsSync(join(root, `${H8}.zst`)), true);
    ledger.disproved(root, H8, more.job ?? 'offsite', more.target ?? 'backup:/srv', 'test');
  }
  // The bytes of the file itself prove it as those of its archive do.
  prove(H8, { sha256: sha256(TEXT + H8), bytes: (TEXT + H8).length });
  assert.equal((await run()).kind, 'done');
  assert.notEqual(archived, undefined);
  assert.equal(existsSync(join(root, `${H8}.zst`)), false);
});

test('copies: each job by default; so many places where it is said, never one place twice', async (context) => {
  const { root, prove, run } = await proved(context, [H8]);
  const both = { 'proved-by': ['offsite', 'tape'] };
  assert.match(
    (await run(both)).refused[0]?.reason ?? '',
    /^1 of 2 copies are proved: tape has not proved a copy/,
  );
  prove(H8, { job: 'tape' });
  assert.match(
    (await run(both)).refused[0]?.reason ?? '',
    /^1 of 2 copies are proved: they lie in the same place/,
  );
  // An earlier place of the one job does not stand in for the other job.
  prove(H8, { job: 'offsite', target: 'old:/srv' });
  assert.equal((await run({ 'proved-by': ['offsite', 'disk'] })).kind, 'partly');
  assert.equal((await run({ copies: 3 })).kind, 'partly');
  assert.equal((await run({ ...both, copies: 2 })).kind, 'done');
  assert.equal(existsSync(join(root, `${H8}.zst`)), false);
});

test('a file whose bytes changed under the same size and time is not what was proved', async (context) => {
  const { root, run } = await proved(context, [H8]);
  const path = join(root, `${H8}.zst`);
  const { mtimeMs, size } = statSync(path);
  writeFileSync(path, Buffer.alloc(size, 7));
  utimesSync(path, mtimeMs / 1000, mtimeMs / 1000);
  const outcome = await run();
  assert.match(outcome.refused[0]?.reason ?? '', /\.zst is not what was proved elsewhere: it changed since/);
  assert.equal(existsSync(path), true);
});

test('an hour that is there again beside its archive keeps both', async (context) => {
  const { root, run } = await proved(context, [H8]);
  put(root, H8, 'late lines\n');
  const outcome = await run();
  assert.match(outcome.refused[0]?.reason ?? '', /^it is not what was proved elsewhere/);
  assert.deepEqual(Object.keys(contentsOf(root)).length, 2);
});

test('young files wait, by the time of their events; parts that no job took in are refused', async (context) => {
  const { root, run } = await proved(context, [H8]);
  putParts(root, { [NEXT]: TEXT }, RIG_NOW - HOUR);
  assert.equal((await run({ older: '3d' })).summary, 'nothing to delete');
  putParts(root, { [H9]: TEXT }, RIG_NOW - 5 * DAY);
  const outcome = await run({ older: '3d' });
  assert.deepEqual(outcome.refused, [{ path: H9, reason: 'no job has taken it into the ledger' }]);
  assert.equal(existsSync(join(root, `${H8}.zst`)), true);
});

test('the caps end a run as partly, oldest first, and the next one goes on', async (context) => {
  const { root, run } = await proved(context);
  const outcome = await run({ 'max-files': 2 });
  assert.equal(outcome.kind, 'partly');
  assert.match(outcome.summary, /deleted 2 files.*ended early: max-files is reached/);
  assert.deepEqual(Object.keys(contentsOf(root)), [`${NEXT}.zst`]);
  assert.match((await run({ 'max-bytes': '5B' })).summary, /nothing to delete; ended early: max-bytes/);
  assert.equal((await run({ 'max-files': 2 })).kind, 'done');
});

test('a disk that is not mounted: nothing is done, nothing is written down', async (context) => {
  const { base, root, ledger, run } = await proved(context);
  put(root, 'lost+found/readme', 'of the disk itself');
  renameSync(root, join(base, 'elsewhere'));
  assert.match(
    (await run()).summary,
    /^cannot purge .*: there is no such folder; is its disk not mounted\?$/,
  );
  mkdirSync(root);
  const outcome = await run();
  assert.equal(outcome.kind, 'failed');
  assert.match(outcome.summary, /none of the 3 files that the ledger knows is there/);
  // Nor for a file that a killed run was about to delete.
  for (const path of [H8, H9, NEXT]) ledger.purging(root, path, { at: RIG_NOW, run: 'killed' });
  assert.match(
    (await run()).summary,
    /3 that a killed run may have deleted: the folder is empty, is its disk mounted\?/,
  );
  assert.equal(ledger.file(root, H8)?.purged, null);
  rmSync(root, { recursive: true });
  renameSync(join(base, 'elsewhere'), root);
  assert.equal((await run()).counts['files'], 3);
});

test('links are never followed, files outside are never touched, nor what is open for writing', async (context) => {
  const { base, root, ledger, run } = await proved(context, [H8, H9]);
  put(base, 'outside/2026-11-18T08.ndjson.zst', 'outside');
  rmSync(join(root, `${H8}.zst`));
  symlinkSync(join(base, 'outside/2026-11-18T08.ndjson.zst'), join(root, `${H8}.zst`));
  const fd = openSync(join(root, `${H9}.zst`), 'r+');
  const outcome = await run();
  closeSync(fd);
  assert.deepEqual(outcome.refused, [
    { path: H8, reason: 'it is not a regular file' },
    { path: H9, reason: 'a process has it open for writing' },
  ]);
  rmSync(join(root, '2026-11-18'), { recursive: true });
  symlinkSync(join(base, 'outside'), join(root, '2026-11-18'));
  assert.match((await run()).summary, /^nothing to delete; 2 that the ledger knows are not here/);
  assert.equal(existsSync(join(base, 'outside/2026-11-18T08.ndjson.zst')), true);
  assert.equal(ledger.file(root, H8)?.purged, null);
});

test('a file that somebody else deleted gets no tombstone', async (context) => {
  const { root, ledger, run } = await proved(context, [H8, H9]);
  rmSync(join(root, `${H8}.zst`));
  const outcome = await run();
  assert.match(outcome.summary, /1 that the ledger knows are not here, and no purge deleted them/);
  assert.equal(ledger.file(root, H8)?.purged, null);
});

test('a dry run says exactly what would go, and does nothing', async (context) => {
  const { root, ledger, run } = await proved(context, [H8]);
  const before = contentsOf(root);
  const { said, summary } = await run({}, { dryRun: true });
  assert.match(
    said[0] ?? '',
    /^would delete .*T08\.ndjson\.zst, \d+B: proved by offsite at backup:\/srv 1d ago$/,
  );
  assert.match(summary, /^would delete 1 file/);
  assert.deepEqual(contentsOf(root), before);
  assert.equal(ledger.file(root, H8)?.purging, null);
});
