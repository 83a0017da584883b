import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTar, makeZip } from '../../../../test/rig/archives.ts';
import { contentsOf, put } from '../../../../test/rig/lifecycle.ts';
import { NOBODY } from '../../../../test/rig/staging.ts';
import { unpackRig } from '../../../../test/rig/unpacking.ts';
import { disk } from '../../../core/files.ts';
import type { VerbFacts } from '../../../core/verb.ts';
import type { UnpackOptions } from './options.ts';
import { unpackKind } from './unpack.ts';

const TEXT = 'spacecraft and planet kernels\n'.repeat(100);

function has(program: string): boolean {
  return spawnSync(program, ['--help']).error === undefined;
}

/** Archives by the programs that people make them with. */
const MADE: readonly (readonly [string, readonly string[]])[] = [
  ['zip', ['zip', '-qr', 'OUT', '.']],
  ['tar', ['tar', '-cf', 'OUT', '.']],
  ['tar.gz', ['tar', '-czf', 'OUT', 'a.txt', 'd', 'run.sh']],
  ['tgz', ['tar', '--format=gnu', '-czf', 'OUT', '.']],
  ['tar.zst', ['tar', '--zstd', '-cf', 'OUT', '.']],
  ['tar.xz', ['tar', '--format=posix', '-cJf', 'OUT', '.']],
];

for (const [ending, [program = '', ...words]] of MADE) {
  const helper = { 'tar.zst': 'zstd', 'tar.xz': 'xz' }[ending] ?? program;
  const skip = has(program) && has(helper) ? false : `there is no ${program} or ${helper} on this machine`;
  test(`unpacks what ${program} made: ${ending}`, { skip }, async (t) => {
    const { base, root, to, run } = unpackRig(t);
    const from = join(base, 'from');
    const long = `d/${'long '.repeat(30)}/${'ü'.repeat(60)}.txt`;
    put(from, 'a.txt', TEXT, Date.UTC(2026, 1, 3));
    put(from, long, 'long');
    put(from, 'run.sh', '#!/bin/sh\n');
    put(from, 'd/empty', '');
    chmodSync(join(from, 'run.sh'), 0o4755);
    mkdirSync(join(root, 'sub'));
    const out = join(root, 'sub', `x.${ending}`);
    const made = spawnSync(
      program,
      words.map((word) => (word === 'OUT' ? out : word)),
      { cwd: from },
    );
    assert.equal(made.status, 0, String(made.stderr));
    const outcome = await run();
    assert.equal(outcome.kind, 'done', outcome.summary);
    assert.match(outcome.summary, /^unpacked 1 archive, 4 files, 2\.9K/);
    assert.deepEqual(contentsOf(join(to, 'sub/x')), {
      'a.txt': TEXT,
      [long]: 'long',
      'run.sh': '#!/bin/sh\n',
      'd/empty': '',
    });
    assert.equal(statSync(join(to, 'sub/x/run.sh')).mode & 0o7777, 0o755, 'no setuid');
    assert.equal(statSync(join(to, 'sub/x/a.txt')).mtimeMs, Date.UTC(2026, 1, 3));
    assert.deepEqual(readdirSync(join(to, 'sub')), ['x']);
    assert.equal((await run()).summary, 'nothing to unpack');
  });
}

test('once each: what was unpacked and taken away does not come back; what is touched neither; another content does', async (t) => {
  const { root, to, run, ledger } = unpackRig(t);
  put(root, 'x.zip', makeZip([{ name: 'a', data: 'one' }]));
  await run();
  assert.equal(ledger.product(root, 'x.zip', 'unpack')?.into, join(to, 'x'));
  rmSync(join(to, 'x'), { recursive: true });
  assert.equal((await run()).summary, 'nothing to unpack');
  utimesSync(join(root, 'x.zip'), 1, 1);
  assert.equal((await run()).summary, 'nothing to unpack');
  assert.deepEqual(readdirSync(to), []);
  put(root, 'x.zip', makeZip([{ name: 'a', data: 'two' }]));
  assert.match(
    (await run()).refused[0]?.reason ?? '',
    /^another content of this name was unpacked before, to /,
  );
  mkdirSync(join(to, 'x'));
  assert.equal((await run({ exists: 'number' })).kind, 'done');
  assert.deepEqual(contentsOf(to), { 'x-2/a': 'two' });
});

test('what a killed run left of an archive that is gone goes too; what is another’s stays', async (t) => {
  const { root, to, run, ledger } = unpackRig(t);
  put(root, 'd/x.zip', makeZip([{ name: 'a', data: 'one' }]));
  const names: string[] = [];
  const mkdir = async (path: string): Promise<void> => {
    names.push(path);
    await disk.mkdir(path);
  };
  await run({}, { means: { files: { ...disk, mkdir }, writers: NOBODY } });
  const [, hidden = ''] = names;
  assert.match(hidden, /\/d\/\.x\.[0-9a-f]{12}\.tmp$/);
  mkdirSync(hidden);
  put(to, 'd/.y.0123456789ab.tmp/a', 'of another job');
  rmSync(join(root, 'd/x.zip'));
  await run();
  assert.deepEqual(readdirSync(join(to, 'd')), ['.y.0123456789ab.tmp', 'x']);
  assert.notEqual(ledger.file(root, 'd/x.zip'), undefined);
});

test('a folder that is there is never written into; links are skipped where that is said', async (t) => {
  const { root, to, run } = unpackRig(t);
  put(to, 'x/mine', 'mine');
  put(
    root,
    'x.tar',
    makeTar([
      { name: 'a', data: 'b' },
      { name: 'l', type: '2', link: '/etc' },
    ]),
  );
  assert.match(
    (await run({ links: 'skip' })).refused[0]?.reason ?? '',
    /x is there already, and not from this archive$/,
  );
  const outcome = await run({ links: 'skip', exists: 'number' });
  assert.ok(
    outcome.said.some((line) => line.endsWith('; 1 links left out')),
    outcome.said.join(),
  );
  assert.deepEqual(contentsOf(to), { 'x/mine': 'mine', 'x-2/a': 'b' });
});

test('then: delete and move take an archive away when it is unpacked, and the ledger knows it', async (t) => {
  const { base, root, to, run, ledger } = unpackRig(t);
  put(root, 'a.zip', makeZip([{ name: 'a', data: 'one' }]));
  put(root, 'bad.zip', 'bad');
  // One that was kept at first.
  await run();
  const deleted = await run({ then: 'delete' });
  assert.equal(deleted.summary.split('; ')[0], 'took 1 away');
  assert.deepEqual(readdirSync(root), ['bad.zip']);
  assert.equal(ledger.file(root, 'a.zip')?.purged?.run, 'r1');
  const aside = join(base, 'aside');
  mkdirSync(aside);
  put(root, 'd/b.zip', makeZip([{ name: 'b', data: 'two' }]));
  await run({ then: 'move', 'move-to': aside });
  assert.deepEqual(readdirSync(join(aside, 'd')), ['b.zip']);
  assert.deepEqual(contentsOf(to), { 'a/a': 'one', 'd/b/b': 'two' });
});

test('a dry run says what would be done, and does nothing; links among archives are refused', async (t) => {
  const { root, to, run } = unpackRig(t);
  put(root, 'a.zip', makeZip([{ name: 'a', data: 'one' }]));
  put(to, 'b/x', 'x');
  put(root, 'b.tar', makeTar([{ name: 'a' }]));
  symlinkSync('a.zip', join(root, 'c.zip'));
  const { said, summary } = await run({ then: 'delete' }, { dryRun: true });
  assert.deepEqual(said, [
    'left c.zip: it is a symbolic link',
    `would unpack a.zip to ${to}/a`,
    'would delete a.zip',
    `left b.tar: ${to}/b is there already, and not from this archive`,
  ]);
  assert.match(summary, /^would unpack 1 archive; would take 1 away; 2 left/);
  assert.deepEqual(readdirSync(to), ['b']);
});

test('mistakes in the config are found', () => {
  const facts: VerbFacts = { folder: '/etc', jobs: new Map() };
  const problems = (options: Partial<UnpackOptions>) =>
    unpackKind.problems?.({ root: 'in', to: 'out', ...options }, facts);
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems({ to: '.', then: 'move' }), [
    'cannot unpack in to .: one lies in the other',
    'cannot use then: move without move-to',
  ]);
  assert.deepEqual(problems({ 'move-to': 'out/x' }), [
    'cannot use move-to without then: move',
    'cannot move archives to out/x: it and out lie in each other',
  ]);
});
