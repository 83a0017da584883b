import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
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
import { contentsOf, put, putParts, RIG_NOW, sha256 } from '../../../../test/rig/lifecycle.ts';
import { NO_SSHD, startSshd } from '../../../../test/rig/sshd.ts';
import { overSsh, syncRig } from '../../../../test/rig/syncing.ts';

const H8 = '2026-11-18/2026-11-18T08.ndjson';
const H9 = '2026-11-18/2026-11-18T09.ndjson';
const TEXT = '{"seq":1}\n{"seq":2}\n'.repeat(500);
test('sync over ssh, with a real rsync and a real sshd', { skip: NO_SSHD }, async (t) => {
  const sshd = await startSshd(t);

  await t.test(
    'closed parts are sent, read back and proved; open ones are not; a second run sends nothing',
    async (t) => {
      const { root, there, ledger, run } = syncRig(t, sshd);
      putParts(root, { [H8]: TEXT, [H9]: '' });
      put(root, '2026-11-18/2026-11-18T10.open.ndjson', 'open');
      put(root, 'stray.txt', 'nobody’s');
      const outcome = await run();
      assert.equal(outcome.kind, 'done', outcome.summary);
      assert.match(outcome.summary, /^sent 2 files, 9.8K, read back and equal, to /);
      assert.deepEqual(contentsOf(there), { [H8]: TEXT, [H9]: '' });
      const target = `${sshd.host}:${there}`;
      assert.deepEqual(ledger.copies(root, H8), [
        { job: 'offsite', target, path: H8, sha256: sha256(TEXT), bytes: TEXT.length, verifiedAt: RIG_NOW },
      ]);
      assert.equal(statSync(join(there, H8)).mtimeMs, statSync(join(root, H8)).mtimeMs);
      const logins = sshd.logins();
      const again = await run();
      assert.match(again.summary, /^nothing to send/);
      assert.equal(sshd.logins(), logins, 'a second run connects for nothing');
    },
  );

  await t.test(
    'names with blanks, line breaks, dashes, quotes and UTF-8 come as they are, below a folder with such a name',
    async (t) => {
      const { root, there, run } = syncRig(t, sshd, {
        root: `-a 'b" $(id)`,
        there: `- far "side's" ;id\`id\` ü`,
      });
      const names = [
        '-',
        '--delete',
        '-rf',
        'a b',
        'new\nline',
        '#c',
        ';d',
        'ünï/日本 語',
        `q'u"o\`te`,
        '$(touch x)',
        'back\\slash',
        '*?[x]',
        ':c',
        'tail ',
        ' head',
        '~',
      ];
      for (const name of names) put(root, name, `this is ${name}`);
      const outcome = await run();
      assert.equal(outcome.kind, 'done', outcome.summary);
      assert.deepEqual(contentsOf(there), Object.fromEntries(names.map((name) => [name, `this is ${name}`])));
      for (const name of names) utimesSync(join(root, name), 1e9, 1e9);
      assert.equal((await run()).counts['found'], names.length);
    },
  );

  await t.test('an archive is sent instead of its file, and proved for it', async (t) => {
    const { root, there, ledger, run } = syncRig(t, sshd);
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

  await t.test(
    'a far file that went bad under the same size and time is found, told, proved no longer, and sent again',
    async (t) => {
      const { root, there, ledger, run } = syncRig(t, sshd);
      for (let i = 0; i < 10; i += 1) put(root, `f${i}`, `content ${i}`);
      await run();
      for (const name of ['f3', 'f7']) {
        const { atime, mtime } = statSync(join(there, name));
        writeFileSync(join(there, name), 'rotten !!'.slice(0, 9));
        utimesSync(join(there, name), atime, mtime);
      }
      rmSync(join(there, 'f5'));
      assert.match(
        (await run()).summary,
        /^nothing to send/,
        'nothing is read back where nothing is asked for',
      );
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
    },
  );

  await t.test('a copy that went bad of a file that was purged is told, and proved no longer', async (t) => {
    const { root, there, ledger, run } = syncRig(t, sshd);
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

  await t.test(
    'a folder that is not there is not made, a host that is not known is not spoken to, a wrong key is said',
    async (t) => {
      const { root, base, there, ledger, run } = syncRig(t, sshd);
      put(root, 'a', TEXT);
      rmSync(there, { recursive: true });
      const missing = await run();
      assert.equal(missing.kind, 'failed');
      assert.match(missing.summary, /has no folder .*; make it once/);
      assert.equal(existsSync(there), false);
      mkdirSync(there);
      const unknown = await run({
        'ssh-options': [
          `Port=${sshd.port}`,
          `UserKnownHostsFile=${base}/nobody`,
          'GlobalKnownHostsFile=/dev/null',
        ],
      });
      assert.match(
        unknown.summary,
        /127\.0\.0\.1 is not known by its host key: check it, and put it into known_hosts$/,
      );
      const keyless = await run({ identity: join(base, 'no-such-key') });
      assert.match(keyless.summary, /(does not let us in|cannot use its options): /);
      const down = await run({ 'ssh-options': ['Port=1', ...sshd.options.slice(1)] });
      assert.match(down.summary, /cannot be reached: .*refused.*; the next run goes on from here$/);
      assert.equal(down.kind, 'failed');
      assert.deepEqual(readdirSync(there), []);
      assert.deepEqual(ledger.copies(root, 'a'), []);
    },
  );

  await t.test(
    'what others lay there is left; what a person deleted here is deleted there, within caps, and never what was purged',
    async (t) => {
      const { root, there, ledger, run } = syncRig(t, sshd);
      const caps = { delete: { 'max-files': 2, 'max-bytes': '1M' } };
      for (const name of ['a', 'b', 'c', 'd', 'purged', 'changed']) put(root, name, `is ${name}`);
      put(there, 'stranger', 'of somebody');
      assert.equal((await run(caps)).kind, 'done');
      ledger.purging(root, 'purged', { at: RIG_NOW, run: 'p' });
      rmSync(join(root, 'purged'));
      rmSync(join(root, 'a'));
      assert.equal((await run()).counts['deleted'], undefined, 'without the key nothing is deleted');
      const dry = await run(caps, { dryRun: true });
      assert.ok(dry.said.some((line) => /^would delete a at /.test(line)));
      assert.ok(existsSync(join(there, 'a')));
      assert.equal((await run(caps)).counts['deleted'], 1);
      assert.deepEqual(ledger.copies(root, 'a'), []);
      for (const name of ['b', 'c', 'd']) rmSync(join(root, name));
      const over = await run(caps);
      assert.equal(over.kind, 'failed');
      assert.match(
        over.summary,
        /3 files .* are gone here, more than one run may delete there .*nothing was deleted/,
      );
      const kept = ['b', 'c', 'changed', 'd', 'purged', 'stranger'];
      assert.deepEqual(readdirSync(there).toSorted(), kept);
      // All of it gone is a disk that is not mounted.
      rmSync(join(root, 'changed'));
      const empty = await run({ delete: { 'max-files': 100, 'max-bytes': '1G' } });
      assert.match(empty.summary, /is what belongs there not mounted\?/);
      assert.deepEqual(readdirSync(there).toSorted(), kept);
      put(root, 'changed', 'is changed');
      rmSync(join(root, '.vahti-source'));
      const unmounted = await run({ delete: { 'max-files': 100, 'max-bytes': '1G' } });
      assert.match(unmounted.summary, /\.vahti-source is not there.*not mounted\?/);
      rmSync(root, { recursive: true });
      assert.match((await run(caps)).summary, /no such folder; is its disk not mounted\?/);
      assert.deepEqual(readdirSync(there).toSorted(), kept);
    },
  );

  await t.test('what is not what was sent is not deleted there', async (t) => {
    const { root, there, run } = syncRig(t, sshd);
    put(root, 'a', 'one');
    put(root, 'b', 'two');
    await run();
    writeFileSync(join(there, 'a'), 'made anew there');
    rmSync(join(root, 'a'));
    const outcome = await run({ delete: { 'max-files': 9, 'max-bytes': '1M' } });
    assert.match(outcome.refused[0]?.reason ?? '', /it is not what was sent there$/);
    assert.equal(readFileSync(join(there, 'a'), 'utf8'), 'made anew there');
  });

  await t.test('include, exclude, files, links, permissions and group reach the far side', async (t) => {
    const { root, there, base, run } = syncRig(t, sshd);
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

  await t.test(
    'fetched files are whole and proved; what is here is not written over; what is young there waits',
    async (t) => {
      const { root, there, ledger, run } = syncRig(t, sshd);
      put(there, 'a b\n/c', TEXT);
      put(there, 'd', 'dd');
      put(there, 'mine', 'theirs');
      put(there, 'young', 'not yet', RIG_NOW - 1_000);
      put(there, 'x.open.ndjson', 'open');
      put(root, 'mine', 'ours');
      put(root, 'd', 'dd');
      const from = overSsh(sshd, there, 'from');
      const outcome = await run(from);
      assert.deepEqual(outcome.refused, [
        {
          path: 'mine',
          reason: 'another file of this name is here, that was not fetched: it is not written over',
        },
      ]);
      assert.deepEqual(contentsOf(root), { 'a b\n/c': TEXT, d: 'dd', mine: 'ours' });
      assert.deepEqual(
        [outcome.counts['files'], outcome.counts['found'], outcome.counts['waiting']],
        [1, 1, 1],
      );
      assert.equal(ledger.copies(root, 'a b\n/c')[0]?.sha256, sha256(TEXT));
      assert.equal(readdirSync(join(root, '.vahti')).length, 0);
      // Changed there: fetched again. Purged here: not.
      put(there, 'd', 'DDD', RIG_NOW - 3_600_000);
      ledger.purging(root, 'a b\n/c', { at: RIG_NOW, run: 'p' });
      rmSync(join(root, 'a b\n/c'));
      ledger.purged(root, 'a b\n/c', { at: RIG_NOW, run: 'p' });
      const again = await run({ ...from, exclude: 'mine' });
      assert.equal(again.kind, 'done', again.summary);
      assert.deepEqual(contentsOf(root), { d: 'DDD', mine: 'ours' });
      // Emptied there: nothing happens here.
      rmSync(there, { recursive: true });
      mkdirSync(there);
      const empty = await run(from);
      assert.match(empty.summary, /is empty, and was not: is its disk not mounted\?/);
      assert.deepEqual(contentsOf(root), { d: 'DDD', mine: 'ours' });
    },
  );
});
