import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryFolder } from '../../../test/rig/lifecycle.ts';
import { systemClock } from '../../core/clock.ts';
import { holdProducts, remakeProducts } from './products-lock.ts';

const options = (waits: (what: string) => void = () => {}, signal = new AbortController().signal) => ({
  what: 'vahti pipeline run tm',
  clock: systemClock,
  signal,
  waits,
});

test('many publish at a time; a run that makes the products anew waits for them, and keeps new ones out', async (t) => {
  const state = memoryFolder(t);
  const products = join(state, 'products');
  mkdirSync(join(products, 'L1'), { recursive: true });
  const first = holdProducts(state, products, [products]);
  const second = holdProducts(state, join(products, 'L1'), [products]);
  assert.ok(first.ok && second.ok);
  const said = Promise.withResolvers<string>();
  const wanted = remakeProducts(state, products, options(said.resolve));
  assert.match(await said.promise, /^waits for a job that publishes from .*\/products$/);
  first.value.release();
  second.value.release();
  const run = await wanted;
  assert.ok(run.ok);
  for (const folder of [products, join(products, 'L1'), state]) {
    const held = holdProducts(state, folder, [products]);
    assert.match(
      held.ok ? '' : held.error.message,
      /products are being made anew by vahti pipeline run tm since 20/,
      folder,
    );
  }
  const elsewhere = holdProducts(state, join(state, 'others'), [products]);
  assert.ok(elsewhere.ok);
  elsewhere.value.release();
  const another = await remakeProducts(state, products, options());
  assert.match(another.ok ? '' : another.error, /are being made anew by vahti pipeline run tm/);
  run.value.release();
  const after = holdProducts(state, products, []);
  assert.ok(after.ok);
  const told = new AbortController();
  const given = remakeProducts(
    state,
    products,
    options(() => told.abort(), told.signal),
  );
  assert.equal((await given).ok, false, 'a run that is told to end does not wait on');
  after.value.release();
});

test('a lock that cannot be used is no reason to wait', (t) => {
  const state = memoryFolder(t);
  writeFileSync(join(state, 'pipelines'), 'in the way of a folder');
  const held = holdProducts(state, join(state, 'products'), []);
  assert.ok(!held.ok && held.error.kind === 'unusable');
  assert.match(held.error.message, /^cannot use .*products-locks: ENOTDIR/);
});

test('a run that is killed lets publishing go on', async (t) => {
  const state = memoryFolder(t);
  const products = join(state, 'products');
  mkdirSync(products);
  const script = `
    import { remakeProducts } from ${JSON.stringify(join(import.meta.dirname, 'products-lock.ts'))};
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../core/clock.ts'))};
    const signal = new AbortController().signal;
    const done = await remakeProducts(${JSON.stringify(state)}, ${JSON.stringify(products)}, { what: 'a run', clock: systemClock, signal, waits() {} });
    process.stdout.write(String(done.ok));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  assert.equal(String((await once(child.stdout, 'data'))[0]), 'true');
  const held = holdProducts(state, products, []);
  assert.match(held.ok ? '' : held.error.message, /made anew by a run since/);
  child.kill('SIGKILL');
  await exited;
  const free = holdProducts(state, products, []);
  assert.ok(free.ok, 'what it left behind says nothing any more');
  free.value.release();
});
