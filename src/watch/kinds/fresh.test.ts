import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import * as v from 'valibot';
import { complaints, openWatch, writtenAt } from '../../../test/rig/watching.ts';
import type { FoundFile } from './found-files.ts';
import { fresh, isNewer } from './fresh.ts';

const FILES = { files: 'raw/**/*.ndjson', within: '90s' };

test('the newest of the files is judged, in whatever folder it is', async (t) => {
  const { folder, look } = openWatch(t, fresh, FILES);
  const now = Date.now();
  assert.equal((await look({ now, life: { startedAt: now - 1000 } })).verdict, 'unknown');
  assert.deepEqual(await look({ now }), {
    verdict: 'late',
    value: null,
    reason: 'there is no file raw/**/*.ndjson, 1h after its start, 1m30s at most',
  });
  fs.mkdirSync(`${folder}/raw/22`, { recursive: true });
  for (const [name, ago] of [
    ['a.ndjson', 500_000],
    ['22/b.ndjson', 200_000],
    ['22/c.txt', 0],
    ['.d.ndjson', 0],
  ] as const) {
    fs.writeFileSync(`${folder}/raw/${name}`, 'x');
    writtenAt(`${folder}/raw/${name}`, now - ago);
  }
  const late = await look({ now });
  assert.deepEqual(late, {
    verdict: 'late',
    value: '3m20s old',
    reason: 'raw/22/b.ndjson was written 3m20s ago, 1m30s at most',
  });
  writtenAt(`${folder}/raw/a.ndjson`, now - 10_000);
  assert.equal((await look({ now })).reason, 'raw/a.ndjson was written 10s ago');
  // A newer file is found once the known one is past half of its time, or gone.
  writtenAt(`${folder}/raw/22/b.ndjson`, now);
  assert.equal((await look({ now })).reason, 'raw/a.ndjson was written 10s ago');
  assert.equal((await look({ now: now + 34_000 })).reason, 'raw/a.ndjson was written 44s ago');
  assert.equal((await look({ now: now + 36_000 })).reason, 'raw/22/b.ndjson was written 36s ago');
  fs.rmSync(`${folder}/raw/22/b.ndjson`);
  assert.equal((await look({ now })).reason, 'raw/a.ndjson was written 10s ago');
});

test('what an earlier life wrote is no evidence; a folder of that name is no file', async (t) => {
  const { folder, look } = openWatch(t, fresh, { files: '*', within: '90s' });
  const now = Date.now();
  fs.mkdirSync(`${folder}/sub`);
  fs.symlinkSync('sub', `${folder}/link`);
  fs.symlinkSync('nowhere', `${folder}/dangling`);
  assert.match((await look({ now })).reason, /^there is no file \*/);
  fs.writeFileSync(`${folder}/a`, '');
  writtenAt(`${folder}/a`, now - 5000);
  const judged = await look({ now, life: { startedAt: now - 4000 } });
  assert.equal(judged.verdict, 'unknown');
  assert.match(judged.reason, /^a was written last before this life began/);
});

test('what cannot be read is unknown, with the reason', async (t) => {
  const { look } = openWatch(t, fresh, { ...FILES, files: `${'x'.repeat(300)}/*` });
  const judged = await look();
  assert.equal(judged.verdict, 'unknown');
  assert.match(judged.reason, /^cannot look at x+.*ENAMETOOLONG/);
});

test('without files the last commit of a built-in kind counts', async (t) => {
  const now = Date.now();
  let figures: Record<string, unknown> | undefined;
  const { look } = openWatch(
    t,
    fresh,
    { within: '90s' },
    { context: { figures: () => Promise.resolve(figures) } },
  );
  assert.deepEqual(await look({ now }), {
    verdict: 'unknown',
    value: null,
    reason: 'svc gives no figures; where it is no built-in kind, name its files',
  });
  figures = { committed: now - 2000 };
  assert.deepEqual(await look({ now }), { verdict: 'ok', value: '2s old', reason: 'svc committed 2s ago' });
  assert.equal((await look({ now: now + 100_000 })).verdict, 'late');
  figures = { committed: null };
  assert.equal((await look({ now })).verdict, 'late');
  assert.equal((await look({ now, life: { startedAt: now } })).verdict, 'unknown');
});

test('a time in the future does not hide other files', () => {
  const file = (mtime: number): FoundFile => ({ name: 'a', size: 0, mtime, ctime: mtime });
  const now = 1e12;
  for (const [a, b, newer] of [
    [now - 5, now - 6, true],
    [now - 6, now - 5, false],
    [now + 30_000, now, true],
    [now + 61_000, now - 1e9, false],
    [now - 1e9, now + 61_000, true],
    [now + 70_000, now + 61_000, true],
  ] as const)
    assert.equal(isNewer(file(a), file(b), now), newer, `${a} ${b}`);
});

test('wrong options are refused', () => {
  assert.deepEqual(complaints(fresh, FILES), []);
  assert.deepEqual(complaints(fresh, { ...FILES, within: '90' }), [
    'cannot read 90 as a duration: give a unit, e.g. 90s',
  ]);
  assert.equal(complaints(fresh, { files: '', within: '1s' }).length, 1);
  assert.equal(complaints(fresh, { files: 'x' }).length, 1);
  const bare = v.parse(fresh.options, { within: '90s' });
  assert.deepEqual(fresh.problems?.(bare, { folder: '/', figures: ['committed'] }), []);
  assert.deepEqual(fresh.problems?.(bare, { folder: '/', figures: [] }), [
    'cannot tell what is fresh without "files", the files that it writes; only a collector knows its commits by itself',
  ]);
  assert.deepEqual(fresh.problems?.(v.parse(fresh.options, FILES), { folder: '/', figures: [] }), []);
});
