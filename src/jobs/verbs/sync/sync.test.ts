import assert from 'node:assert/strict';
import {
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { contentsOf, put, RIG_NOW, sha256 } from '../../../../test/rig/lifecycle.ts';
import { NO_RSYNC } from '../../../../test/rig/sshd.ts';
import { syncRig } from '../../../../test/rig/syncing.ts';

const TEXT = '{"seq":1}\n{"seq":2}\n'.repeat(500);

test('an archive is sent instead of its file, and proved for it', { skip: NO_RSYNC }, async (t) => {
  const { root, there, ledger, run } = syncRig(t);
  const packed = gzipSync(TEXT);
  put(root, 'x.log', TEXT);
  await run();
  put(root, 'x.log.gz', packed);
  ledger.archived(root, 'x.log', {
    path: 'x.log.gz',
    sha256: sha256(packed),
    bytes: packed.length,
    at: RIG_NOW,
  });
  rmSync(join(root, 'x.log'));
  // One that the ledger does not know, and one in a form of its own.
  put(root, 'y.log.gz', packed);
  put(root, 'z.gz', 'no gzip at all');
  const outcome = await run();
  assert.equal(outcome.kind, 'done', outcome.summary);
  assert.deepEqual(readdirSync(there).toSorted(), ['x.log', 'x.log.gz', 'y.log.gz', 'z.gz']);
  assert.equal(ledger.copies(root, 'x.log')[0]?.sha256, sha256(packed));
  assert.equal(ledger.file(root, 'y.log')?.sha256, sha256(TEXT));
  assert.equal(ledger.file(root, 'z.gz')?.sha256, sha256('no gzip at all'));
  assert.match((await run()).summary, /^nothing to send/);
});

test('a far file that went bad under the same size and time is found, told, proved no longer, and sent again', {
  skip: NO_RSYNC,
}, async (t) => {
  const { root, there, ledger, run } = syncRig(t);
  for (let i = 0; i < 10; i += 1) put(root, `f${i}`, `content ${i}`);
  await run();
  for (const name of ['f3', 'f7']) {
    const { atime, mtime } = statSync(join(there, name));
    writeFileSync(join(there, name), 'rotten !!'.slice(0, 9));
    utimesSync(join(there, name), atime, mtime);
  }
  rmSync(join(there, 'f5'));
  assert.match((await run()).summary, /^nothing to send/, 'nothing is read back where nothing is asked for');
  // A tenth of ten is one a run, longest ago first; the first bad one has all the others read.
  let found;
  for (let at = 1; at <= 10 && found === undefined; at += 1) {
    const outcome = await run({ reverify: '1/10' }, { now: RIG_NOW + at * 60_000 });
    if ((outcome.counts['disproved'] ?? 0) > 0) found = outcome;
    else assert.equal(outcome.counts['reverified'], 1);
  }
  assert.equal(found?.counts['disproved'], 3, found?.summary);
  assert.equal(found?.counts['files'], 3, found?.summary);
  assert.match(found?.said.join('\n') ?? '', /f5 at .*it is not there any more/);
  for (let i = 0; i < 10; i += 1) {
    assert.equal(readFileSync(join(there, `f${i}`), 'utf8'), `content ${i}`);
    assert.equal(ledger.copies(root, `f${i}`).length, 1);
  }
});

test('a copy that went bad of a file that was purged is told, and proved no longer', {
  skip: NO_RSYNC,
}, async (t) => {
  const { root, there, ledger, run } = syncRig(t);
  put(root, 'gone', TEXT);
  put(root, 'stays', TEXT);
  await run();
  ledger.purging(root, 'gone', { at: RIG_NOW, run: 'p' });
  rmSync(join(root, 'gone'));
  ledger.purged(root, 'gone', { at: RIG_NOW, run: 'p' });
  writeFileSync(join(there, 'gone'), 'bad');
  const outcome = await run({ reverify: 'all' });
  assert.equal(outcome.kind, 'partly');
  assert.match(
    outcome.refused[0]?.reason ?? '',
    /other bytes now .* was deleted here on the word of its copies$/,
  );
  assert.deepEqual(ledger.copies(root, 'gone'), []);
  // The same name with another content never takes the place of what was purged.
  put(root, 'gone', 'another');
  const other = await run();
  assert.match(
    other.refused[0]?.reason ?? '',
    /^another content of this name was archived or deleted before/,
  );
  assert.equal(readFileSync(join(there, 'gone'), 'utf8'), 'bad');
});

test('include, exclude, files, links, permissions and group reach the far side', {
  skip: NO_RSYNC,
}, async (t) => {
  const { root, there, base, run } = syncRig(t);
  for (const name of ['a/x.csv', 'a/y.csv', 'a/y.tmp', 'b/z.csv', 'c.txt']) put(root, name, name);
  put(base, 'outside', 'beyond');
  symlinkSync('c.txt', join(root, 'link'));
  symlinkSync(join(base, 'outside'), join(root, 'out'));
  const some = await run({
    include: ['**/*.csv', '**/*.tmp'],
    exclude: 'b/**',
    files: ['a/x.csv', 'a/y.tmp', 'b/z.csv', 'nothing'],
  });
  assert.deepEqual(some.refused, [{ path: 'nothing', reason: 'it is not there' }]);
  assert.deepEqual(Object.keys(contentsOf(there)).toSorted(), ['a/x.csv', 'a/y.tmp']);
  chmodSync(join(root, 'c.txt'), 0o640);
  const kept = await run({
    links: 'keep',
    permissions: 'F604,D750',
    group: String(process.getgid?.() ?? 0),
  });
  assert.equal(kept.counts['links'], 2, kept.summary);
  assert.equal(statSync(join(there, 'c.txt')).mode & 0o777, 0o604);
  assert.equal(statSync(join(there, 'a')).mode & 0o777, 0o750);
  const far = await run({ links: 'copy' });
  assert.equal(far.counts['files'], 2, far.summary);
  assert.equal(contentsOf(there)['out'], 'beyond');
  assert.match((await run({ links: 'copy' })).summary, /^nothing to send/);
});
