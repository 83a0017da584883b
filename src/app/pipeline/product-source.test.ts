import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256 } from '../../../test/rig/lifecycle.ts';
import { planOf } from '../../../test/rig/pipeline.ts';
import { again, filled, REPROCESSED } from '../../../test/rig/reprocessing.ts';
import type { PipelineProduct } from '../../core/products.ts';
import type { Plan } from '../plan.ts';
import { productSource } from './product-source.ts';
import { remakeProducts } from './products-lock.ts';
import { systemClock } from '../../core/clock.ts';

test('what the ledger of a pipeline has as current, by steps; a run that makes it anew excludes jobs that publish', async (t) => {
  const rig = await filled(t);
  const state = join(rig.folder, 'state');
  mkdirSync(join(state, 'pipelines'));
  symlinkSync(state, join(state, 'pipelines', 'p'));
  const planned = planOf(rig.folder, REPROCESSED);
  const plan = {
    state,
    services: [{ name: 'p', pipeline: { ...planned, products: join(state, 'linked', 'products') } }],
  };
  // The config may name its folder by a link: a job finds it by its real path.
  symlinkSync(rig.folder, join(state, 'linked'));
  const source = productSource(plan as unknown as Plan);
  const all: PipelineProduct[] = [];
  for await (const product of source.products('p', ['L0', 'L1'])) all.push(product);
  const products = rig.products();
  const known = all.map(({ step, file, sha256: sum }) => [step, file.slice(rig.folder.length + 10), sum]);
  const wanted = Object.entries(products).filter(([path]) => !path.startsWith('LB/'));
  assert.deepEqual(
    known,
    wanted.map(([path, data]) => [path.slice(0, 2), path, sha256(data)]),
  );
  assert.ok(
    all.every(({ complete, version, changed }) => complete && version === 1 && changed <= Date.now()),
  );
  const none = async () => {
    for await (const product of source.products('q')) assert.fail(product.file);
  };
  await assert.rejects(none, /^Error: cannot find a pipeline "q"$/);

  const folder = join(rig.folder, 'products');
  const signal = new AbortController().signal;
  const own = await remakeProducts(state, folder, {
    what: 'a run',
    clock: systemClock,
    signal,
    waits: () => {},
  });
  assert.ok(own.ok);
  const held = source.hold(folder);
  assert.match(
    held.ok ? '' : held.error.message,
    /^the products in .*\/products are being made anew by a run since /,
  );
  await assert.rejects(again(rig), /cannot run it: the products in .* are being made anew by a run since /);
  own.value.release();
  await again(rig);
  const free = source.hold(folder);
  assert.ok(free.ok, 'a run lets go what it held');
  free.value.release();
});
