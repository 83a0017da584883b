import assert from 'node:assert/strict';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contentsOf, memoryFolder, put, sha256 } from '../../../../test/rig/lifecycle.ts';
import { divided, NOBODY, stageRig } from '../../../../test/rig/staging.ts';
import type { VerbFacts } from '../../../core/verb.ts';
import { disk } from '../../../core/files.ts';
import { stageKind } from './stage.ts';
import type { StageOptions } from './options.ts';

const HOUR_MS = 3_600_000;

test('settled files are moved with their folders; dots, others and what is excluded stay', async (t) => {
  const { root, to, run } = stageRig(t);
  put(root, 'a.csv', 'one');
  put(root, 'd/e/b.csv', 'two');
  put(root, '.b.csv.NmRJ4x', 'rsync is at it');
  put(root, 'd/c.part', 'part');
  const { ino } = statSync(join(root, 'a.csv'));
  const outcome = await run({ exclude: '**/*.part' });
  assert.equal(outcome.kind, 'done', outcome.summary);
  assert.match(outcome.summary, /^moved 2 files, 6B, to /);
  assert.deepEqual(contentsOf(to), { 'a.csv': 'one', 'd/e/b.csv': 'two' });
  assert.deepEqual(contentsOf(root), { '.b.csv.NmRJ4x': 'rsync is at it', 'd/c.part': 'part' });
  assert.equal(statSync(join(to, 'a.csv')).ino, ino, 'it was copied where a rename would do');
  const again = await run({ exclude: '**/*.part' });
  assert.equal(again.summary, 'nothing to move');
});

test('flatten brings all into one folder; two of one name are not mixed up', async (t) => {
  const { root, to, run } = stageRig(t);
  put(root, 'x/a.csv', 'one');
  put(root, 'y/a.csv', 'two');
  const outcome = await run({ structure: 'flatten' });
  assert.equal(outcome.kind, 'partly');
  assert.match(outcome.summary, /1 left: y\/a\.csv: another file of this name is there: .*\/work\/a\.csv$/);
  assert.deepEqual(contentsOf(to), { 'a.csv': 'one' });
  await run({ structure: 'flatten', exists: 'number' });
  assert.deepEqual(contentsOf(to), { 'a.csv': 'one', 'a-2.csv': 'two' });
});

test('a file waits for its delay from its arrival on, whatever time it claims to have', async (t) => {
  const { root, to, run } = stageRig(t);
  put(root, 'old.csv', 'x', 0);
  put(root, 'future.csv', 'x', Date.now() + 1000 * HOUR_MS);
  const early = await run({ delay: '2h' });
  assert.equal(early.kind, 'done');
  assert.equal(early.summary, 'nothing to move; 2 not ready yet');
  const late = await run({ delay: '2h' }, { now: Date.now() + 3 * HOUR_MS });
  assert.equal(late.counts['files'], 2);
  assert.deepEqual(Object.keys(contentsOf(to)), ['future.csv', 'old.csv']);
});

test('what changes between the looks, or is open for writing, waits', async (t) => {
  const { root, to, run } = stageRig(t);
  put(root, 'grows.csv', 'a');
  put(root, 'open.csv', 'b');
  const fd = openSync(join(root, 'open.csv'), 'a');
  const given = { ...(await import('../../../core/clock.ts')).systemClock, now: () => Date.now() + HOUR_MS };
  const sleep = async (): Promise<boolean> => {
    put(root, 'grows.csv', 'ab');
    return true;
  };
  const outcome = await run({}, { clock: { ...given, sleep } });
  closeSync(fd);
  assert.equal(outcome.summary, 'nothing to move; 2 not ready yet');
  assert.deepEqual(contentsOf(to), {});
});

test('to another file system: a copy, read back, with its time and rights; then the old one goes', async (t) => {
  const { to: memory, root: _, ...rig } = stageRig(t);
  const other = mkdtempSync(join(tmpdir(), 'vahti-stage-'));
  t.after(() => rmSync(other, { recursive: true, force: true }));
  const isReal = statSync(other).dev !== statSync(memory).dev;
  put(other, 'd/a.csv', 'one'.repeat(1000), 1_000_000);
  const means = isReal ? {} : { files: divided(other, memory) };
  const outcome = await rig.run({ root: other }, { means });
  assert.equal(outcome.kind, 'done', outcome.summary);
  assert.deepEqual(contentsOf(memory), { 'd/a.csv': 'one'.repeat(1000) });
  assert.deepEqual(contentsOf(other), {});
  assert.equal(statSync(join(memory, 'd/a.csv')).mtimeMs, 1_000_000);
});

test('equal bytes there already: the new one goes, whatever `exists` says; also another name of one file', async (t) => {
  const { root, to, run } = stageRig(t);
  put(root, 'a', 'same');
  put(to, 'a', 'same');
  put(root, 'b', 'linked');
  linkSync(join(root, 'b'), join(to, 'b'));
  const outcome = await run();
  assert.equal(outcome.summary, 'removed 2 files that lay there already');
  assert.deepEqual(contentsOf(root), {});
  assert.deepEqual(contentsOf(to), { a: 'same', b: 'linked' });
});

test('exists: keep leaves both as they are, without trouble', async (t) => {
  const { root, to, run } = stageRig(t);
  put(root, 'a', 'new');
  put(to, 'a', 'old');
  const outcome = await run({ exists: 'keep' });
  assert.deepEqual(
    [outcome.kind, outcome.summary],
    ['done', 'nothing to move; 1 left, as a file of the name is there'],
  );
  assert.deepEqual([contentsOf(root), contentsOf(to)], [{ a: 'new' }, { a: 'old' }]);
});

test('members are moved together when all are there, the first last', async (t) => {
  const { root, to, run } = stageRig(t);
  put(root, 'a.xml', '1');
  put(root, 'a.xml.md5', '2');
  put(root, 'b.xml', '3');
  put(root, 'c.xml.md5', '4');
  put(root, 'notes.txt', '5');
  const moved: string[] = [];
  const files = {
    ...disk,
    rename: async (from: string, into: string) => {
      moved.push(into.slice(to.length + 1));
      await disk.rename(from, into);
    },
  };
  const outcome = await run({ members: ['.xml', '.xml.md5'] }, { means: { files, writers: NOBODY } });
  assert.deepEqual(moved, ['a.xml.md5', 'a.xml']);
  assert.equal(outcome.summary.split(' to ')[1]?.split('; ')[1], '2 not ready yet');
  put(root, 'b.xml.md5', '6');
  assert.equal((await run({ members: ['.xml', '.xml.md5'] })).counts['files'], 2);
  assert.deepEqual(Object.keys(contentsOf(root)), ['c.xml.md5', 'notes.txt']);
});

test('links and the folder of a collector are refused, folders that are not there or in each other too', async (t) => {
  const { root, to, run } = stageRig(t);
  put(to, 'secret', 's');
  symlinkSync(join(to, 'secret'), join(root, 'link'));
  const outcome = await run();
  assert.deepEqual(outcome.refused, [{ path: 'link', reason: 'it is a symbolic link' }]);
  assert.match((await run({ to: join(to, 'none') })).summary, /there is no such folder; make it once/);
  mkdirSync(join(root, 'in'));
  assert.match((await run({ to: join(root, 'in') })).summary, /lie in each other$/);
  const base = memoryFolder(t);
  put(base, '.vahti/manifest.ndjson', '');
  assert.match((await run({ root: base })).summary, /a collector writes there/);
});

test('a file that was fetched is not fetched again because it was moved on: the ledger has its end', async (t) => {
  const { root, ledger, run } = stageRig(t);
  put(root, 'a', 'one');
  ledger.take({ root, path: 'a', sha256: sha256('one'), bytes: 3, mtimeMs: 0 });
  await run();
  assert.equal(ledger.file(root, 'a')?.purged?.run, 'r1');
  ledger.take({ root, path: 'b', sha256: sha256('two'), bytes: 3, mtimeMs: 0 });
  ledger.purging(root, 'b', { at: 1, run: 'killed' });
  await run();
  assert.equal(ledger.file(root, 'b')?.purged?.run, 'killed');
});

test('a file that cannot be moved after all is not said to be gone', async (t) => {
  const { root, ledger, run } = stageRig(t);
  put(root, 'a', 'one');
  ledger.take({ root, path: 'a', sha256: sha256('one'), bytes: 3, mtimeMs: 0 });
  const rename = () => Promise.reject(Object.assign(new Error('EACCES: no'), { code: 'EACCES' }));
  const outcome = await run({}, { means: { files: { ...disk, rename }, writers: NOBODY } });
  assert.deepEqual(outcome.refused, [{ path: 'a', reason: 'EACCES: no' }]);
  assert.deepEqual([ledger.file(root, 'a')?.purging, ledger.file(root, 'a')?.purged], [null, null]);
});

test('a dry run says what would be done, and does nothing', async (t) => {
  const { root, to, run } = stageRig(t);
  put(root, 'x/a', 'one');
  put(root, 'y/a', 'other');
  put(root, 'b', 'same');
  put(to, 'b', 'same');
  const { said, summary } = await run({ structure: 'flatten', exists: 'number' }, { dryRun: true });
  assert.deepEqual(said, [
    `would remove b: ${to}/b has the same bytes`,
    `would move x/a to ${to}/a, 3B`,
    `would move y/a to ${to}/a-2, 5B`,
  ]);
  assert.match(summary, /^would move 2 files, 8B, to .*; would remove 1 file that lay there already$/);
  assert.deepEqual([Object.keys(contentsOf(root)), contentsOf(to)], [['b', 'x/a', 'y/a'], { b: 'same' }]);
});

test('mistakes in the config are found', () => {
  const facts: VerbFacts = { folder: '/etc', jobs: new Map() };
  const problems = (options: Partial<StageOptions>) =>
    stageKind.problems?.({ root: 'in', to: 'out', ...options }, facts);
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems({ to: 'in/out' }), ['cannot stage in to in/out: one lies in the other']);
  assert.deepEqual(problems({ members: ['.a', '.b'], exists: 'number', structure: 'flatten' }), [
    'cannot use exists: number with members: write error or keep',
    'cannot use structure: flatten with members: two sets of one name would be mixed',
  ]);
});
