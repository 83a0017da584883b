import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { Ledger, LedgerCopy } from '../../core/ledger.ts';
import { openLedger } from './sqlite.ts';

const ROOT = '/data/firehose';

function fresh(context: TestContext): { readonly ledger: Ledger; readonly again: () => Ledger } {
  const folder = mkdtempSync(join(tmpdir(), 'vahti-ledger-'));
  const opened: Ledger[] = [];
  const again = (): Ledger => {
    const ledger = openLedger(join(folder, 'ledger.db'), { now: () => 7 });
    assert.ok(ledger.ok);
    opened.push(ledger.value);
    return ledger.value;
  };
  context.after(() => {
    for (const ledger of opened) ledger.close();
    rmSync(folder, { recursive: true });
  });
  return { ledger: again(), again };
}

const part = (path: string, sha256 = 'a1') => ({ root: ROOT, path, sha256, bytes: 10, mtimeMs: 1.5 });
const copy = (sha256 = 'z1'): LedgerCopy => ({
  job: 'offsite',
  target: 'backup:/srv',
  path: '/srv/p',
  sha256,
  bytes: 4,
  verifiedAt: 99,
});

test('a file, its archive, its copies and its end are kept, also for another process', (context) => {
  const { ledger, again } = fresh(context);
  ledger.take(part('2026/p'));
  ledger.archived(ROOT, '2026/p', { path: '2026/p.zst', sha256: 'z1', bytes: 4, at: 50 });
  ledger.proved(ROOT, '2026/p', copy());
  ledger.purging(ROOT, '2026/p', { at: 98, run: 'r1' });
  ledger.purged(ROOT, '2026/p', { at: 100, run: 'r1' });
  const other = again();
  assert.deepEqual(other.file(ROOT, '2026/p'), {
    ...part('2026/p'),
    archived: { path: '2026/p.zst', sha256: 'z1', bytes: 4, at: 50 },
    purging: { at: 98, run: 'r1' },
    purged: { at: 100, run: 'r1' },
  });
  assert.deepEqual(other.copies(ROOT, '2026/p'), [copy()]);
  assert.equal(other.file('/data/other', '2026/p'), undefined);
  ledger.take(part('2026/p'));
  assert.deepEqual([other.file(ROOT, '2026/p')?.purging, other.file(ROOT, '2026/p')?.purged], [null, null]);
  assert.deepEqual(other.copies(ROOT, 'unknown'), []);
});

test('the same content again keeps what is proved; another content begins anew', (context) => {
  const { ledger } = fresh(context);
  ledger.take(part('p'));
  ledger.archived(ROOT, 'p', { path: 'p.zst', sha256: 'z1', bytes: 4, at: 50 });
  ledger.proved(ROOT, 'p', copy());
  ledger.take({ ...part('p'), mtimeMs: 3 });
  assert.deepEqual(ledger.copies(ROOT, 'p'), [copy()]);
  assert.equal(ledger.file(ROOT, 'p')?.mtimeMs, 3);
  ledger.take(part('p', 'b2'));
  assert.deepEqual(ledger.copies(ROOT, 'p'), []);
  assert.equal(ledger.file(ROOT, 'p')?.archived, null);
});

test('a proof that is taken back does not count any more', (context) => {
  const { ledger } = fresh(context);
  ledger.take(part('p'));
  ledger.proved(ROOT, 'p', copy());
  ledger.proved(ROOT, 'p', { ...copy(), job: 'second' });
  ledger.disproved(ROOT, 'p', 'offsite', 'backup:/srv', 'it is not there any more');
  assert.deepEqual(
    ledger.copies(ROOT, 'p').map(({ job }) => job),
    ['second'],
  );
});

test('what was never taken in can neither be archived nor proved nor purged', (context) => {
  const { ledger } = fresh(context);
  assert.throws(() => ledger.proved(ROOT, 'p', copy()), /cannot find p of \/data\/firehose in the ledger/);
  assert.throws(() => ledger.purged(ROOT, 'p', { at: 1, run: 'r' }), /cannot find/);
});

test('property: all files of a root come once, in order, however many there are', (context) => {
  const { ledger } = fresh(context);
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 40 }), (paths) => {
      for (const path of paths) {
        ledger.take(part(path));
        ledger.take({ ...part(path), root: '/data/other' });
        seen.add(path);
      }
      const listed = [...ledger.files(ROOT)].map(({ path }) => path);
      assert.equal(new Set(listed).size, listed.length);
      assert.deepEqual(new Set(listed), seen);
    }),
    { numRuns: 30 },
  );
});

test('more than a page of files is listed whole', (context) => {
  const { ledger } = fresh(context);
  const count = 1201;
  for (let index = 0; index < count; index += 1) ledger.take(part(`p${String(index).padStart(5, '0')}`));
  const listed = [...ledger.files(ROOT)].map(({ path }) => path);
  assert.equal(listed.length, count);
  assert.deepEqual(listed, listed.toSorted());
});

test('what is written together is there for others at the end, all of it or nothing', (context) => {
  const { ledger, again } = fresh(context);
  const other = again();
  ledger.together(() => {
    ledger.take(part('a'));
    ledger.proved(ROOT, 'a', copy());
    ledger.disproved(ROOT, 'a', 'offsite', 'backup:/srv', 'gone');
    ledger.take(part('b'));
    assert.equal(other.file(ROOT, 'a'), undefined);
  });
  assert.deepEqual(
    [...other.files(ROOT)].map(({ path }) => path),
    ['a', 'b'],
  );
  const fails = (): void => {
    ledger.take(part('c'));
    ledger.proved(ROOT, 'unknown', copy());
  };
  assert.throws(() => ledger.together(fails), /cannot find unknown/);
  assert.equal(other.file(ROOT, 'c'), undefined);
});
