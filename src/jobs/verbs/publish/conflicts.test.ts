import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { disk } from '../../../core/files.ts';
import { RIG_NOW, sha256 } from '../../../../test/rig/lifecycle.ts';
import { NAMES, publishRig } from '../../../../test/rig/publishing.ts';

const DAY = 86_400_000;

const COMPARE = ['sh', '-c', 'test "$(head -n1 "$0")" = "$(head -n1 "$1")"', '{old}', '{new}'];

test('E7 one public name: the same payload is ignored, others become supplements, one too many is put aside as an error', async (t) => {
  const rig = publishRig(t);
  const aside = join(rig.base, 'aside');
  mkdirSync(aside);
  // As the pipeline of the reference has it: 8 files of one name.
  rig.put('a/n.fits', 'one\nheader 1');
  rig.put('b/n.fits', 'one\nheader 2');
  rig.put('c/n.fits', 'two\n');
  rig.put('d/n.fits', 'three\n');
  rig.put('e/n.fits', 'two\nheader 3');
  rig.put('f/n.fits', 'four\n');
  rig.put('g/n.fits', 'five\n');
  rig.put('h/n.fits', 'six\n');
  writeFileSync(join(rig.base, 'list'), '# not these\nh/n.fits\n');
  const options = {
    as: 'out/{name}{ext}',
    compare: COMPARE,
    conflict: { supplements: 2, quarantine: aside },
    blacklist: join(rig.base, 'list'),
    order: 'name',
  };
  const dry = await rig.run(options, { dryRun: true });
  assert.deepEqual(rig.published(), {});
  const real = await rig.run(options);
  assert.deepEqual(rig.published(), {
    'out/n.fits': 'one\nheader 1',
    'out/n-sup1.fits': 'two\n',
    'out/n-sup2.fits': 'three\n',
  });
  const { published, supplements, ignored, blacklisted, errors } = real.counts;
  assert.deepEqual(
    { published, supplements, ignored, blacklisted, errors },
    { published: 1, supplements: 2, ignored: 2, blacklisted: 1, errors: 2 },
  );
  for (const name of ['supplements', 'published', 'ignored', 'blacklisted', 'errors'])
    assert.equal(dry.counts[name], real.counts[name], `a dry run says the same of ${name}`);
  assert.equal(real.kind, 'partly');
  assert.match(
    real.summary,
    /its public name out\/n\.fits is that of a\/n\.fits, .* has its 2 supplements already/,
  );
  const put = Object.values(rig.states()).toSorted();
  assert.deepEqual(put.slice(0, 4), ['blacklisted', 'ignored', 'ignored', 'published as out/n.fits']);
  assert.equal(readFileSync(join(aside, `n-${sha256('four\n').slice(0, 8)}.fits`), 'utf8'), 'four\n');
  const again = await rig.run(options);
  assert.deepEqual([again.kind, again.said], ['done', []], 'what was put aside is told once');
  await rig.run({ ...options, conflict: { supplements: 3, quarantine: aside } });
  assert.equal(rig.published()['out/n-sup3.fits'], 'four\n', 'until more are allowed');
});

test('E7 without a policy, two files of one public name are an error that names both; equal ones are ignored', async (t) => {
  const rig = publishRig(t);
  rig.put('a/n', 'a');
  rig.put('b/n', 'b');
  rig.put('c/n', 'a');
  const { summary, counts } = await rig.run({ as: '{name}' });
  assert.match(
    summary,
    /left: b\/n: its public name n is that of a\/n, which holds something else: write a template/,
  );
  assert.deepEqual([counts['published'], counts['ignored'], counts['errors']], [1, 1, 1]);
  assert.equal((await rig.run({ as: '{name}' })).kind, 'partly', 'and one again in each run');
});

test('E7 a program that compares gets copies: whatever it does to them, the sources and what is published stay', async (t) => {
  const rig = publishRig(t);
  for (const name of ['a/n', 'b/n', 'c/n']) rig.put(name, name);
  await rig.run({ as: '{name}', files: ['a/*'] });
  // What lay there is gone: its source is compared.
  rmSync(join(rig.there, 'n'));
  const compare = ['sh', '-c', 'echo more >> "$0"; echo more >> "$1"; false', '{old}', '{new}'];
  const { counts } = await rig.run({ as: '{name}', compare, conflict: { supplements: 2 } });
  assert.deepEqual([counts['supplements'], counts['errors']], [2, undefined]);
  assert.deepEqual(rig.sources(), { 'a/n': 'a/n', 'b/n': 'b/n', 'c/n': 'c/n' });
  assert.deepEqual(rig.published(), { 'n-sup1': 'b/n', 'n-sup2': 'c/n' });
});

test('E9 what was ignored is published when what it was the same as gets another content', async (t) => {
  const rig = publishRig(t);
  for (const name of ['a/n', 'b/n']) rig.put(name, 'the same');
  const options = { as: '{name}', changed: 'republish', conflict: { supplements: 1 } };
  await rig.run(options);
  assert.deepEqual(rig.states(), { 'a/n': 'published as n', 'b/n': 'ignored' });
  rig.put('a/n', 'another', RIG_NOW);
  await rig.run(options);
  assert.deepEqual(rig.published(), { n: 'another' });
  await rig.run(options);
  assert.deepEqual(rig.published(), { n: 'another', 'n-sup1': 'the same' });
  assert.equal((await rig.run(options)).summary, 'nothing to publish');
});

test('E9 a new content that cannot be published again comes after the rest, and is read once', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'a');
  const hooks = [['sh', '-c', '! grep -q bad "$0"', '{file}']];
  const options = { changed: 'republish', hooks, batch: 1 };
  await rig.run(options);
  rig.put('a', 'bad', RIG_NOW - 3_600_000);
  rig.put('b', 'b', RIG_NOW - 1_800_000);
  assert.match((await rig.run(options)).summary, /left: a: its hook sh ended/);
  assert.equal((await rig.run(options)).counts['published'], 1, 'b, though a is older');
  assert.deepEqual(rig.published(), { a: 'a', b: 'b' });
  assert.equal((await rig.run(options)).counts['errors'], 1, 'and a is tried again in each run');
});

test('E9 a change that was told is not read again while the file keeps its size and time', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'a');
  await rig.run();
  rig.put('a', 'b', RIG_NOW - 3_600_000);
  const read: string[] = [];
  const open: typeof disk.open = (path, how) => {
    read.push(path);
    return disk.open(path, how);
  };
  const means = { files: { ...disk, open } };
  assert.equal((await rig.run({}, { means })).counts['changed'], 1);
  assert.deepEqual(read, [join(rig.root, 'a')]);
  assert.equal((await rig.run({}, { means })).counts['changed-before'], 1);
  assert.equal(read.length, 1);
  rig.put('a', 'c', RIG_NOW - 1_800_000);
  assert.equal((await rig.run({}, { means })).counts['changed'], 1, 'a third content is told');
});

test('E8 the blacklist names files, paths, public names and patterns; what is taken out of it is published', async (t) => {
  const rig = publishRig(t);
  const list = join(rig.base, 'list');
  for (const name of ['a/x.fits', 'b/y.fits', 'c/z.fits', 'd/w.fits']) rig.put(name, name);
  writeFileSync(list, 'x.fits\nb/*\n\nP_z.fits\n# d/w.fits\n');
  const options = { as: 'P_{name}{ext}', blacklist: list, batch: 1 };
  const first = await rig.run(options);
  assert.deepEqual(rig.published(), { 'P_w.fits': 'd/w.fits' }, 'they take no place in the batch');
  assert.equal(first.counts['blacklisted'], 3);
  assert.deepEqual((await rig.run(options)).said, [], 'told once');
  writeFileSync(list, '');
  await rig.run({ ...options, batch: -1 });
  assert.equal(Object.keys(rig.published()).length, 4);
  rmSync(list);
  const missing = await rig.run(options);
  assert.deepEqual([missing.kind, missing.summary.slice(0, 25)], ['failed', 'cannot read the blacklist']);
});

test('E9 changed after it was published: told once, published again, or an error until there is a new version', async (t) => {
  for (const changed of ['report', 'republish', 'new-version']) {
    const rig = publishRig(t);
    const options = { names: NAMES, changed };
    rig.put('solo_L1_hk_1_V01U.fits', 'old');
    await rig.run(options);
    rig.put('solo_L1_hk_1_V01U.fits', 'new and more', RIG_NOW - DAY);
    const told = await rig.run(options);
    const name = 'solo_L1_hk_1_V01U.fits';
    assert.equal(rig.published()[name], changed === 'republish' ? 'new and more' : 'old', changed);
    assert.match(told.said.join('\n'), /solo_L1_hk_1_V01U\.fits/, `${changed} is never silent`);
    assert.equal(told.kind, changed === 'new-version' ? 'partly' : 'done', changed);
    const again = await rig.run(options);
    assert.equal(again.said.length > 0, changed === 'new-version', changed);
    rig.put('solo_L1_hk_1_V02.fits', 'new version');
    const newer = await rig.run(options);
    assert.equal(newer.kind, 'done', changed);
    assert.equal(rig.published()['solo_L1_hk_1_V02.fits'], 'new version');
    if (changed === 'report') {
      rig.put(name, 'a third content');
      assert.match((await rig.run(options)).said.join('\n'), /changed after they were published: 1/);
    }
  }
});

test('E9 what somebody else changed at the target is never overwritten, nor is what they put there', async (t) => {
  const rig = publishRig(t);
  rig.put('a', 'ours');
  rig.put('b', 'ours');
  rig.put('c', 'same');
  rig.put('e', 'link');
  writeFileSync(join(rig.there, 'b'), 'theirs');
  writeFileSync(join(rig.there, 'c'), 'same');
  symlinkSync('/etc/passwd', join(rig.there, 'e'));
  const first = await rig.run();
  assert.equal(first.counts['errors'], 2);
  assert.equal(rig.published()['b'], 'theirs');
  assert.equal(rig.states()['c'], 'published as c', 'what lies there already is as good');
  writeFileSync(join(rig.there, 'a'), 'theirs');
  rig.put('a', 'ours, changed', RIG_NOW - DAY);
  const again = await rig.run({ changed: 'republish' });
  assert.match(
    again.said.join('\n'),
    /a: something else lies at .*\/public\/a, which this job did not put there/,
  );
  assert.equal(rig.published()['a'], 'theirs');
  rmSync(join(rig.there, 'a'));
  await rig.run({ changed: 'republish' });
  assert.equal(rig.published()['a'], 'ours, changed');
});
