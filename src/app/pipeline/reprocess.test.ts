import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { again, draft, filled, refusal, since } from '../../../test/rig/reprocessing.ts';

test('F1 only the steps between the first and the last run', async (t) => {
  const rig = await filled(t);
  let before = rig.trace();
  const done = await again(rig, { from: 'L0', to: 'L0' });
  assert.deepEqual(since(rig, before).toSorted(), ['L0 a', 'L0 b']);
  assert.deepEqual(
    done.products.map(({ path }) => path).toSorted(),
    ['L0/a_V1.l0', 'L0/b_V1.l0'].map((path) => join(rig.folder, 'products', path)),
  );
  before = rig.trace();
  await again(rig, { to: 'LB' });
  assert.equal(
    since(rig, before).every((line) => line.startsWith('LB ')),
    true,
  );
  assert.equal(await rig.state('a-1.in'), 'done');
});

test('F1 a step that is not there, or where no way leads, is said so', async (t) => {
  const rig = await filled(t, []);
  assert.equal(await refusal(rig, { from: 'LO' }), 'cannot find a step "LO" (there are LB, L0, L1)');
  assert.equal(await refusal(rig, { from: 'L1', to: 'LB' }), 'cannot run from L1 to LB: no way leads there');
  assert.equal(
    await refusal(rig, { from: 'LB', to: 'L1', without: ['L0'] }),
    'cannot run from LB to L1: no way leads there without L0',
  );
  assert.equal(await refusal(rig, { without: ['LB'] }), 'cannot run anything: no step is left');
});

test('levels go one after the other, and make what the service makes file by file', async (t) => {
  const rig = await filled(t, ['a-1', 'a-2', 'a-3', 'b-1', 'b-2']);
  const live = rig.products();
  const before = rig.trace();
  const elsewhere = tempFolder(t);
  await again(rig, { products: elsewhere });
  const levels = since(rig, before).map((line) => line.slice(0, 2));
  assert.deepEqual(
    levels,
    levels.toSorted((a, b) => order(a) - order(b)),
  );
  for (const [path, text] of Object.entries(live))
    assert.equal(readFileSync(join(elsewhere, path), 'utf8'), text, path);
  assert.deepEqual(rig.products(), live);
});

function order(level: string): number {
  return ['LB', 'L0', 'L1'].indexOf(level);
}

test('F2 lines of a list that name nothing are told; an empty selection is empty, never everything', async (t) => {
  const rig = await filled(t);
  const incoming = join(rig.folder, 'incoming');
  const list = [join(incoming, 'a-1.in'), join(incoming, 'nothing.in'), join(incoming, '')];
  const some = await draft(rig, {}, { list });
  assert.deepEqual(
    some.selection.files.map(({ file }) => file),
    [join(incoming, 'a-1.in')],
  );
  assert.deepEqual(some.selection.missing, [join(incoming, 'nothing.in'), join(incoming, '')]);
  assert.deepEqual((await draft(rig, {}, { list: ['nothing'] })).selection.files, []);
  assert.deepEqual((await draft(rig, {}, { list: [] })).selection.files, []);
  assert.deepEqual((await draft(rig, {}, { filter: 'x*' })).selection.files, []);
});

test('F3 a pattern means the same files with a list as without one', async (t) => {
  const rig = await filled(t, ['a-1', 'deep/a-2', 'b-1']);
  for (const from of ['LB', 'L0']) {
    const all = (await draft(rig, { from })).selection.files.map(({ file }) => file);
    assert.ok(all.length >= 3);
    for (const filter of ['a*', '*-1*', '**', 'deep/*', '**/a-2*', '*.in', 'LB/b*', '[ab]-1*', 'none']) {
      const without = (await draft(rig, { from }, { filter })).selection.files.map(({ file }) => file);
      const listed = (await draft(rig, { from }, { filter, list: all })).selection.files;
      assert.deepEqual(listed.map(({ file }) => file).toSorted(), without.toSorted(), `${from} ${filter}`);
    }
  }
});

test('F4 another folder is cleaned of what was made there, and of nothing else', async (t) => {
  const rig = await filled(t);
  const products = tempFolder(t);
  await again(rig, { products });
  writeFileSync(join(products, 'L0/mine.txt'), 'mine');
  const done = await again(rig, { products, version: 2 }, { clean: true });
  assert.equal(done.removed, 7);
  assert.equal(readFileSync(join(products, 'L0/mine.txt'), 'utf8'), 'mine');
  assert.deepEqual(
    ['L0/a_V1.l0', 'L0/a_V2.l0', 'L1/a_V1.l1', 'L1/a_V2.l1'].map((path) => existsSync(join(products, path))),
    [false, true, false, true],
  );
});

test('F4 products never go into an inbox, nor among those of the service', async (t) => {
  const rig = await filled(t, []);
  for (const products of ['incoming/x', 'products/x'].map((path) => join(rig.folder, path)))
    assert.match(await refusal(rig, { products }), /^cannot put products into .* lie in each other$/);
});

test('F5 a new version leaves the files of the old one as they are', async (t) => {
  const rig = await filled(t);
  const old = Object.entries(rig.products());
  const times = old.map(([path]) => statSync(join(rig.folder, 'products', path)).mtimeMs);
  await again(rig, { version: 7 });
  const now = rig.products();
  for (const [path, text] of old) assert.equal(now[path], text);
  assert.deepEqual(
    old.map(([path]) => statSync(join(rig.folder, 'products', path)).mtimeMs),
    times,
  );
  assert.ok('L1/b_V7.l1' in now);
});
