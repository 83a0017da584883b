import assert from 'node:assert/strict';
import { chmodSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RIG_NOW, sha256 } from '../../../../test/rig/lifecycle.ts';
import { AS, NAMES, productsOf, publishRig } from '../../../../test/rig/publishing.ts';
import { err } from '../../../core/result.ts';
import type { Outlet } from './outlet.ts';
import { disk } from '../../../core/files.ts';

const DAY = 86_400_000;

test('E1 what changed is published at the very end of its wait, per level, and not before', async (t) => {
  const rig = publishRig(t);
  rig.put('solo_L1_hk_1_V01.fits', 'l1', RIG_NOW - 14 * DAY);
  rig.put('solo_LL01_hk_1_V01.fits', 'll01', RIG_NOW - 60_000);
  const options = { names: NAMES, wait: '14d', 'wait-of': { LL01: '1min' } };
  const early = await rig.run(options, { now: RIG_NOW - 1 });
  assert.deepEqual(rig.published(), {});
  assert.match(early.summary, /nothing to publish; 2 not due yet/);
  assert.deepEqual(early.said, [], 'a run without anything done says nothing');
  await rig.run(options);
  assert.deepEqual(rig.published(), { 'solo_L1_hk_1_V01.fits': 'l1', 'solo_LL01_hk_1_V01.fits': 'll01' });
});

test('E2 levels, products, versions, patterns and suffix letters', async (t) => {
  const files = [
    'L0_ql-x_1_V01',
    'L1_ql-x_1_V01',
    'L1_ql-x_1_V02U',
    'L1_hk-m_1_V02',
    'L1_sci_1_V03C',
    'L2_ql-x_1_V02',
  ];
  const pick = async (options: Record<string, unknown>): Promise<readonly string[]> => {
    const rig = publishRig(t);
    for (const name of files) rig.put(`d/solo_${name}.fits`, name);
    rig.put('d/solo_L1_ql-x_1_V02.svg', 'plot');
    rig.put('d/other.fits', 'no such name');
    rig.put('d/.solo_L1_hk-m_1_V02.fits', 'in the making');
    await rig.run({ names: NAMES, ...options });
    return Object.values(rig.published()).toSorted();
  };
  assert.deepEqual(await pick({ levels: ['L0', 'L2'] }), ['L0_ql-x_1_V01', 'L2_ql-x_1_V02']);
  assert.deepEqual(await pick({ products: ['sci', 'hk-*'], levels: '*' }), [
    'L1_hk-m_1_V02',
    'L1_sci_1_V03C',
  ]);
  assert.deepEqual(await pick({ versions: [2], levels: 'L1', files: '**/*.fits' }), [
    'L1_hk-m_1_V02',
    'L1_ql-x_1_V02U',
  ]);
  assert.deepEqual(await pick({ versions: [3, 1], exclude: ['**/*L0*'] }), [
    'L1_ql-x_1_V01',
    'L1_sci_1_V03C',
  ]);
  const latest = await pick({ versions: 'latest', levels: 'L1', products: 'ql-x' });
  assert.deepEqual(latest, ['L1_ql-x_1_V02U', 'plot']);
  assert.equal((await pick({ versions: '*' })).length, 7);
});

test('E2 the latest version is the highest of its product, whatever else is asked for', async (t) => {
  const rig = publishRig(t);
  rig.put('solo_L1_hk_1_V01.fits', 'old');
  rig.put('solo_L1_hk_1_V02.fits', 'new', RIG_NOW);
  await rig.run({ names: NAMES, versions: 'latest', wait: '1h' });
  assert.deepEqual(rig.published(), {}, 'the new one has to wait, and the old one is not the latest');
});

test('E3 sorted first, then cut: 0, 1, N, all; what failed comes after the rest', async (t) => {
  const rig = publishRig(t);
  for (const [index, name] of ['c', 'a', 'd', 'b'].entries())
    rig.put(name, name, RIG_NOW - (10 - index) * DAY);
  await rig.run({ batch: 0 });
  assert.deepEqual(rig.published(), {});
  const one = await rig.run({ batch: 1 });
  assert.deepEqual(Object.keys(rig.published()), ['c'], 'the oldest');
  assert.match(one.summary, /3 left for the next batch/);
  await rig.run({ batch: 1, order: 'name' });
  await rig.run({ batch: 1, order: 'newest' });
  assert.deepEqual(Object.keys(rig.published()).toSorted(), ['a', 'b', 'c']);
  await rig.run({ batch: -1 });
  assert.equal(Object.keys(rig.published()).length, 4);
});

test('E4 a second run publishes nothing, and says nothing', async (t) => {
  const rig = publishRig(t);
  rig.put('d/a', 'a');
  assert.match((await rig.run()).summary, /^published 1 file, 1B, to /);
  const row = rig.rows().get('d/a');
  assert.deepEqual(
    [row?.state, row?.sha256, row?.sent, row?.temp],
    ['published', sha256('a'), sha256('a'), null],
  );
  const again = await rig.run();
  assert.deepEqual([again.kind, again.said, again.summary], ['done', [], 'nothing to publish']);
  // A new time alone is no new content.
  utimesSync(join(rig.root, 'd/a'), RIG_NOW / 1000, RIG_NOW / 1000);
  assert.equal((await rig.run()).summary, 'nothing to publish');
});

test('E5 a copy that failed is retried by the next run; the others are published all the same', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'a');
  rig.put('b', 'b');
  writeFileSync(join(rig.there, 'x'), 'in the way of a folder');
  rig.put('x/c', 'c');
  const first = await rig.run();
  assert.equal(first.kind, 'partly');
  assert.deepEqual(rig.states(), { a: 'published as a', b: 'published as b', 'x/c': 'error as x/c' });
  assert.match(first.said.join('\n'), /^errors: 1\n {2}x\/c: x is no folder here\npublished: 2\n/);
  rmSync(join(rig.there, 'x'));
  assert.equal((await rig.run()).kind, 'done');
  assert.deepEqual(rig.published(), { a: 'a', b: 'b', 'x/c': 'c' });
});

test('E5 a copy that does not read back as it was is not published', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'a');
  const files = {
    ...disk,
    write: (fd: number, _: Uint8Array, at: number) => disk.write(fd, Buffer.from('z'), at),
  };
  const bad = await rig.run({}, { means: { files } });
  assert.match(bad.summary, /does not read back as it was/);
  assert.deepEqual([rig.published(), rig.states()], [{}, { a: 'error as a' }]);
  assert.equal((await rig.run()).kind, 'done');
});

test('E10 the source is byte-identical and untouched, whatever hooks do to the copy', async (t) => {
  const rig = publishRig(t);
  rig.put('solo_L1_hk_1_V01U.fits', 'body\n');
  rig.put('solo_L1_hk_2_V01U.fits', 'fails\n');
  chmodSync(join(rig.root, 'solo_L1_hk_1_V01U.fits'), 0o444);
  const before = statSync(join(rig.root, 'solo_L1_hk_1_V01U.fits'), { bigint: true });
  const hook = [
    'sh',
    '-c',
    '! grep -q fails "$0" && echo "FILENAME=$1 LEVEL=$2" >> "$0"',
    '{file}',
    '{public}',
    '{level}',
  ];
  const { counts, said } = await rig.run({ names: NAMES, as: AS, hooks: [hook] });
  assert.deepEqual(rig.published(), {
    'L1/solo_hk_1_V01.fits': 'body\nFILENAME=L1/solo_hk_1_V01.fits LEVEL=L1\n',
  });
  const after = statSync(join(rig.root, 'solo_L1_hk_1_V01U.fits'), { bigint: true });
  assert.deepEqual([after.ctimeNs, after.ino, after.mode], [before.ctimeNs, before.ino, before.mode]);
  assert.equal(statSync(join(rig.there, 'L1/solo_hk_1_V01.fits')).mode & 0o777, 0o444);
  assert.equal(counts['errors'], 1);
  assert.match(said.join('\n'), /its hook sh ended with exit code 1/);
  assert.equal((await rig.run({ names: NAMES, as: AS, hooks: [hook] })).counts['published'], undefined);
});

test('E12 the report counts in sections; a dry run says exactly what would be done, and does nothing', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'a');
  rig.put('b', 'b');
  const dry = await rig.run({ as: 'p/{name}' }, { dryRun: true });
  assert.deepEqual(dry.said, ['would be published: 2', '  a: as p/a', '  b: as p/b']);
  assert.match(dry.summary, /^would publish 2 files, 2B, to /);
  assert.deepEqual([rig.published(), [...rig.rows()]], [{}, []]);
  const real = await rig.run({ as: 'p/{name}' });
  assert.deepEqual(real.said, ['published: 2', '  a: as p/a', '  b: as p/b']);
});

test('E13 a file that is rewritten while it is read is published as it was at one moment', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'x'.repeat(1000));
  let writes = 0;
  const path = join(rig.root, 'a');
  const read: typeof disk.read = async (fd, at, length) => {
    // The first two readings are disturbed by a writer that writes in place.
    if (at > 0 && writes < 2) writeFileSync(path, String((writes += 1)).repeat(1000 + writes));
    return disk.read(fd, at, Math.min(length, 600));
  };
  await rig.run({}, { means: { files: { ...disk, read } } });
  assert.deepEqual(rig.published(), { a: '2'.repeat(1002) });
  rig.put('b', 'y'.repeat(1000));
  const never: typeof disk.read = async (fd, at, length) => {
    if (at === 600) writeFileSync(join(rig.root, 'b'), String((writes += 1) % 10).repeat(1000));
    return disk.read(fd, at, Math.min(length, 600));
  };
  const { kind, summary } = await rig.run({}, { means: { files: { ...disk, read: never } } });
  assert.equal(kind, 'partly');
  assert.match(summary, /b: it changed while it was read/);
  assert.equal((await rig.run()).kind, 'done');
});

test('E13 of a pipeline, only what its ledger has is published; another content waits for the next look', async (t) => {
  const rig = publishRig(t);
  for (const name of ['a', 'b', 'grows', 'L0']) rig.put(name, name);
  rig.put('stray', 'the ledger does not know it');
  const known = {
    a: { data: 'a' },
    b: { data: 'as it was before' },
    grows: { data: 'grows', complete: false },
    L0: { data: 'L0', step: 'L0' },
  };
  const options = { pipeline: 'tm', levels: ['L1'], incomplete: 'wait', as: '{level}/{name}_V{version}' };
  const products = productsOf(rig.root, known);
  const first = await rig.run(options, { products });
  assert.deepEqual(rig.published(), { 'L1/a_V1': 'a' });
  assert.match(first.summary, /b: it is not what its pipeline has of it.*/);
  const second = await rig.run(options, { products: productsOf(rig.root, { ...known, b: { data: 'b' } }) });
  assert.equal(second.kind, 'done');
  assert.deepEqual(rig.published(), { 'L1/a_V1': 'a', 'L1/b_V1': 'b' });
});

test('E11 a target that fails in the middle: what was begun is settled by the next run', async (t) => {
  const rig = publishRig(t);
  for (const name of ['a', 'b']) rig.put(name, name);
  const outlet = (real: Outlet): Outlet => ({
    ...real,
    async name(namings) {
      await real.name(namings.slice(0, 1));
      return { ok: false, error: { reason: 'the connection broke off', passing: true } };
    },
  });
  const broken = await rig.run({}, { means: { outlet } });
  assert.equal(broken.kind, 'failed');
  assert.match(
    broken.summary,
    /^nothing to publish; ended early: .* broke off; the next run goes on from here/,
  );
  assert.deepEqual(Object.values(rig.states()), ['begun as a', 'begun as b']);
  assert.equal(readdirSync(rig.there).length, 2, 'one has its name, one has not');
  const next = await rig.run();
  assert.equal(next.kind, 'done', next.summary);
  assert.match(next.said.join('\n'), /published: 2\n {2}a: as a, by a run that was ended\n {2}b$/);
  assert.deepEqual(readdirSync(rig.there), ['a', 'b']);
});

test('products that are being made anew are left for later, which is no failure', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'a');
  const hold = () =>
    err({
      kind: 'held' as const,
      message: 'the products in /x are being made anew by vahti pipeline run tm since today',
    });
  const { kind, summary } = await rig.run({}, { products: { ...productsOf(rig.root, {}), hold } });
  assert.deepEqual(
    [kind, summary],
    [
      'deferred',
      'left for later: the products in /x are being made anew by vahti pipeline run tm since today',
    ],
  );
  assert.deepEqual(rig.published(), {});
});

test('products whose lock cannot be used are a failure', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'a');
  const hold = () => err({ kind: 'unusable' as const, message: 'cannot use /x: EACCES' });
  const { kind, summary } = await rig.run({}, { products: { ...productsOf(rig.root, {}), hold } });
  assert.deepEqual([kind, summary, rig.published()], ['failed', 'cannot use /x: EACCES', {}]);
});

test('what cannot be read at the target keeps no other file from being published', async (t) => {
  const rig = publishRig(t);
  for (const name of ['a', 'b']) rig.put(name, name);
  writeFileSync(join(rig.there, 'a'), 'of somebody else');
  const open: typeof disk.open = async (path, how) => {
    if (path === join(rig.there, 'a'))
      throw Object.assign(new Error('EACCES: not yours'), { code: 'EACCES' });
    return disk.open(path, how);
  };
  const { kind, summary } = await rig.run({}, { means: { files: { ...disk, open } } });
  assert.equal(kind, 'partly');
  assert.match(summary, /a: something else came to .*\/a meanwhile/);
  assert.deepEqual(rig.published(), { a: 'of somebody else', b: 'b' });
});

test('an empty folder where there were files is told: its disk may not be mounted', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'a');
  await rig.run();
  rmSync(join(rig.root, 'a'));
  const { kind, summary } = await rig.run();
  assert.equal(kind, 'failed');
  assert.match(
    summary,
    /none of the 1 files that were published is in .*; is what belongs there not mounted\?/,
  );
});
