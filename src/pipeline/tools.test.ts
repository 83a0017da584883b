import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig, type PipelineRig } from '../../test/rig/pipeline.ts';

/** What runs were made with, the oldest first. */
function toolsOf(rig: PipelineRig): Promise<readonly (string | null)[]> {
  return rig.ledger(async (ledger) => {
    const all = await ledger.tasks({ limit: 10 });
    return (await Promise.all(all.map(({ id }) => ledger.runsOf(id)))).flat().map(({ tool }) => tool);
  });
}

test('C10 each run knows the content of its script and of what it uses', async (t) => {
  leakCheck(t);
  const A = { from: 'inbox', run: ['sh', 'tool.sh', '{in}', '{out}'], uses: ['conf/VERSION.TXT'] };
  const rig = pipelineRig(t, { steps: { A } });
  mkdirSync(join(rig.folder, 'conf'));
  writeFileSync(join(rig.folder, 'conf/VERSION.TXT'), '1');
  writeFileSync(join(rig.folder, 'tool.sh'), 'cp "$1" "$2"');
  const running = rig.start();
  const one = async (name: string): Promise<void> => {
    rig.deliver(`${name}.in`, name);
    await running.settle();
  };
  await one('a');
  await one('b');
  writeFileSync(join(rig.folder, 'tool.sh'), 'cp "$1" "$2" # mended');
  await one('c');
  writeFileSync(join(rig.folder, 'conf/VERSION.TXT'), '2');
  await one('d');
  await running.stop();
  const [a, b, c, d] = await toolsOf(rig);
  assert.match(a ?? '', /^[0-9a-f]{16}$/);
  assert.equal(b, a);
  assert.equal(new Set([a, c, d]).size, 3);
});

const WORKER = `
const version = require('node:fs').readFileSync('conf', 'utf8');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { run } = JSON.parse(line);
  require('node:fs').writeFileSync(run.out + '/' + run.inputs[0].name, version + ' ' + process.pid);
  console.log('{"done":{}}');
});`;

test('C10 a worker is started anew between two inputs when what it uses has changed', async (t) => {
  leakCheck(t);
  const A = { from: 'inbox', run: [process.execPath, 'worker.cjs'], worker: true, uses: 'conf', stop: '1s' };
  const rig = pipelineRig(t, { parallel: 1, steps: { A } });
  writeFileSync(join(rig.folder, 'worker.cjs'), WORKER);
  writeFileSync(join(rig.folder, 'conf'), 'one');
  const running = rig.start();
  for (const name of ['a', 'b', 'c']) {
    if (name === 'c') writeFileSync(join(rig.folder, 'conf'), 'two');
    rig.deliver(`${name}.in`, name);
    await running.settle();
  }
  await running.stop();
  const [a, b, c] = Object.values(rig.products());
  assert.equal(a, b, 'the same worker');
  assert.match(a ?? '', /^one /);
  assert.match(c ?? '', /^two /);
});
