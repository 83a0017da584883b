import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakCheck } from '../../test/rig/leaks.ts';
import { type PipelineInput, type PipelineRig, pipelineRig } from '../../test/rig/pipeline.ts';
import type { Ledger } from './ledger/ledger.ts';

/** A ledger whose runner dies as soon as something was made of a file with this name. */
function killedBy(name: string): (ledger: Ledger) => Ledger {
  return (ledger) => ({
    ...ledger,
    async intend(held, installs, about, now) {
      const files = await ledger.inputsOf(held.task.id);
      if (files.some(({ path }) => path.startsWith(name))) throw new Error('killed');
      return ledger.intend(held, installs, about, now);
    },
  });
}

async function dieOnce(rig: PipelineRig, config?: PipelineInput): Promise<void> {
  const running = rig.start(config, { around: killedBy('poison') });
  await running.settle().catch(() => {});
  await running.stop().catch(() => {});
}

test('B6 an input that takes its runner with it is parked in the end, alone, and the rest is done', async (t) => {
  leakCheck(t);
  const config = {
    parallel: 3,
    steps: { A: { from: 'inbox', run: ['cp', '{in}', '{out}'], concurrency: 3 } },
  };
  const rig = pipelineRig(t, config);
  for (const name of ['a', 'poison', 'z']) rig.deliver(`${name}.in`, `${name}\n`);
  for (let life = 0; life < 5; life++) await dieOnce(rig);
  await rig.work();
  assert.deepEqual(
    [await rig.state('a.in'), await rig.state('z.in'), await rig.state('poison.in')],
    ['done', 'done', 'parked'],
  );
  assert.deepEqual(await rig.failures(), ['A: its runner was killed 3 times while it ran']);
});

test('B6 a batch that takes its runner with it is cut until the poison is alone', async (t) => {
  leakCheck(t);
  const run = ['sh', '-ec', 'xargs cp -t "$2" < "$1"', 'sh', '{list}', '{out}'];
  const rig = pipelineRig(t, { parallel: 1, steps: { A: { from: 'inbox', each: 'batch', run } } });
  for (const name of ['a', 'b', 'poison', 'z']) rig.deliver(`${name}.in`, `${name}\n`);
  for (let life = 0; life < 10; life++) await dieOnce(rig);
  await rig.work();
  assert.deepEqual(Object.keys(rig.products()), ['a.in', 'b.in', 'z.in']);
  assert.equal(await rig.state('poison.in'), 'parked');
});
