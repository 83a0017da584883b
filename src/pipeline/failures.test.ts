import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAlive } from '../../test/rig/vahti.ts';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig, untilTraced } from '../../test/rig/pipeline.ts';
import { until } from '../../test/rig/wait.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-c', script, 'sh', ...words];
/** Fails for what holds `bad`, unless the file `mended` is there. */
const PICKY = sh(
  'echo "looks at $3"; grep -q bad "$1" && [ ! -e mended ] && exit 7; cp "$1" "$2/$3"',
  '{in}',
  '{out}',
  '{stem}',
);

test('B3 C8 a step that fails leaves its input failed, says why, and nothing half in the products', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { steps: { A: { from: 'inbox', run: PICKY } } });
  rig.deliver('a.in', 'bad\n');
  rig.deliver('b.in', 'good\n');
  await rig.work();
  assert.deepEqual([await rig.state('a.in'), await rig.state('b.in')], ['failed', 'done']);
  assert.deepEqual(rig.products(), { b: 'good\n' });
  assert.deepEqual(await rig.failures(), ['A: exit code 7: looks at a']);
  const [run] = await rig.ledger(async (ledger) => {
    const [file] = await ledger.filesAt('a.in');
    const [task] = await ledger.tasksOfRoot(file?.id ?? 0);
    return ledger.runsOf(task?.id ?? 0);
  });
  assert.equal(readFileSync(join(rig.folder, 'state/logs', run?.log ?? ''), 'utf8'), 'looks at a\n');
});

test('B4 C8 a failed input is tried again as often as it may be, and holds up nothing meanwhile', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, {
    parallel: 1,
    steps: { A: { from: 'inbox', run: PICKY, retry: '2 every 100ms' } },
  });
  rig.deliver('a.in', 'bad\n');
  const running = rig.start();
  await running.settle();
  rig.deliver('b.in', 'good\n');
  await running.settle();
  await until(async () => (await running.pipeline.figures()).files['failed'] === 1, {
    what: 'the input to fail',
  });
  await running.stop();
  assert.equal(await rig.state('b.in'), 'done');
  const runs = await rig.ledger(async (ledger) =>
    ledger.runsOf((await ledger.tasks({ states: ['failed'], limit: 1 }))[0]?.id ?? 0),
  );
  assert.deepEqual(
    runs.map(({ attempt, outcome, exit }) => [attempt, outcome, exit]),
    [
      [1, 'retry', '7'],
      [2, 'retry', '7'],
      [3, 'failed', '7'],
    ],
  );
});

test('B5 B7 one failed input is done again by command, and its success clears the error', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, {
    steps: { A: { from: 'inbox', run: PICKY }, B: { from: 'A', run: ['cp', '{in}', '{out}/{name}.b'] } },
  });
  rig.deliver('a.in', 'bad a\n');
  rig.deliver('c.in', 'bad c\n');
  const running = rig.start();
  await running.settle();
  assert.deepEqual((await running.pipeline.figures()).files, { failed: 2 });
  writeFileSync(join(rig.folder, 'mended'), '');
  assert.equal(await running.pipeline.retry({ path: 'a.in' }), 1);
  await running.settle();
  await running.stop();
  assert.deepEqual([await rig.state('a.in'), await rig.state('c.in')], ['done', 'failed']);
  assert.deepEqual(rig.products(), { a: 'bad a\n', 'a.b': 'bad a\n' });
});

test('C4 I5 what hangs is ended with its whole group at its deadline, and the next input proceeds', async (t) => {
  leakCheck(t);
  const hang = sh(
    '[ "$3" = b ] && exit 0; trap "" TERM; sleep 300 & echo "$!" > grandchild; wait; sleep 300',
    '{in}',
    '{out}',
    '{stem}',
  );
  const rig = pipelineRig(t, {
    parallel: 1,
    steps: { A: { from: 'inbox', run: hang, timeout: '300ms', stop: '200ms' } },
  });
  rig.deliver('a.in', 'hangs\n');
  rig.deliver('b.in', 'is well\n');
  await rig.work();
  assert.deepEqual([await rig.state('a.in'), await rig.state('b.in')], ['failed', 'done']);
  assert.deepEqual(await rig.failures(), ['A: timed out after 300ms']);
  assert.equal(isAlive(Number(readFileSync(join(rig.folder, 'grandchild'), 'utf8'))), false);
});

test('B11 TERM: what runs is ended, its task waits for the next runner, and nothing is lost', async (t) => {
  leakCheck(t);
  const slow = sh(
    'echo "began $3" >> "$TRACE"; [ -e quick ] || sleep 300; cp "$1" "$2/$3"',
    '{in}',
    '{out}',
    '{stem}',
  );
  const rig = pipelineRig(t, { steps: { A: { from: 'inbox', run: slow } } });
  rig.deliver('a.in', 'x\n');
  const running = rig.start();
  await running.pipeline.look();
  await untilTraced(rig, 'began a');
  await running.stop();
  assert.equal(await rig.state('a.in'), 'ready');
  writeFileSync(join(rig.folder, 'quick'), '');
  await rig.work();
  assert.equal(await rig.state('a.in'), 'done');
  const [run, again] = await rig.ledger(async (ledger) => ledger.runsOf(1));
  assert.deepEqual([run?.outcome, again?.attempt, again?.outcome], ['ready', 1, 'done']);
});

test('on-error: stop begins nothing new after a failure, over restarts, until a person says so', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, {
    'on-error': 'stop',
    parallel: 1,
    steps: { A: { from: 'inbox', run: PICKY } },
  });
  rig.deliver('a.in', 'bad\n');
  await rig.work();
  rig.deliver('b.in', 'good\n');
  await rig.work();
  assert.equal(await rig.state('b.in'), 'ready');
  const running = rig.start();
  await running.settle();
  assert.match((await running.pipeline.figures()).held ?? '', /^A has failed: exit code 7/);
  await running.pipeline.resume();
  await running.settle();
  await running.stop();
  assert.equal(await rig.state('b.in'), 'done');
});

test('an input that is gone fails its task, and one that was written anew is left to its next arrival', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { parallel: 1, steps: { A: { from: 'inbox', run: PICKY } } });
  for (const name of ['a', 'b']) rig.deliver(`${name}.in`, `${name}\n`);
  const running = rig.start();
  await running.pipeline.hold('the test looks');
  await running.settle();
  rmSync(join(rig.folder, 'incoming/a.in'));
  writeFileSync(join(rig.folder, 'incoming/b.in'), 'other content\n');
  await running.pipeline.resume();
  await running.settle();
  await running.stop();
  assert.deepEqual(await rig.failures(), [`A: cannot read ${join(rig.folder, 'incoming/a.in')}: it is gone`]);
  assert.deepEqual(rig.products(), { b: 'other content\n' });
});

test('a product that belongs to another step, or is none, fails the run and touches nothing', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, {
    parallel: 1,
    steps: {
      A: { from: 'inbox', run: ['cp', '{in}', '{out}/same'] },
      B: { from: 'A', run: sh('echo other > "$1/same"', '{out}') },
      C: { from: 'A', run: ['ln', '-s', '/etc/passwd', '{out}/link'] },
      D: { from: 'A', run: ['cp', '{in}', '{out}/wrong'], makes: '{day}.fits' },
    },
  });
  rig.deliver('a.in', 'mine\n');
  await rig.work();
  assert.deepEqual(rig.products(), { same: 'mine\n' });
  assert.deepEqual(await rig.failures(), [
    'B: cannot put a product at same: A has made what is there',
    'C: cannot take link for a product: it is no regular file',
    'D: cannot take wrong for a product: the step makes {day}.fits',
  ]);
  assert.equal(await rig.state('a.in'), 'partial');
  assert.ok(!existsSync(join(rig.folder, 'products/link')));
});

test('a product never takes the place of one that was made of other inputs, unless that is wanted', async (t) => {
  leakCheck(t);
  const A = { from: 'inbox', run: ['cp', '{in}', '{out}/latest'] };
  const rig = pipelineRig(t, { parallel: 1, steps: { A } });
  rig.deliver('a.in', 'a\n');
  rig.deliver('b.in', 'b\n');
  await rig.work();
  assert.deepEqual(rig.products(), { latest: 'a\n' });
  assert.deepEqual(await rig.failures(), [
    'A: cannot put a product at latest: what is there was made of other inputs; write a place of its own, "merge" or "overwrite: true"',
  ]);
  rig.deliver('a.in', 'other\n');
  await rig.work();
  assert.deepEqual(rig.products(), { latest: 'other\n' }, 'the same input may');
  rig.deliver('c.in', 'c\n');
  await rig.work({ steps: { A: { ...A, overwrite: true } } });
  assert.deepEqual(rig.products(), { latest: 'c\n' });
});

test('what somebody else has put where a product goes is left alone, unless that is wanted or it is the same', async (t) => {
  leakCheck(t);
  const A = { from: 'inbox', run: ['cp', '{in}', '{out}/{name}'] };
  const rig = pipelineRig(t, { parallel: 1, steps: { A } });
  mkdirSync(join(rig.folder, 'products'), { recursive: true });
  for (const name of ['a.in', 'b.in']) writeFileSync(join(rig.folder, 'products', name), 'a\n');
  rig.deliver('a.in', 'a\n');
  rig.deliver('b.in', 'b\n');
  await rig.work();
  assert.deepEqual(rig.products(), { 'a.in': 'a\n', 'b.in': 'a\n' });
  assert.deepEqual(await rig.failures(), [
    'A: cannot put a product at b.in: what lies there was not made by this pipeline; move it away, or write "overwrite: true"',
  ]);
  rig.deliver('b.in', 'other\n');
  await rig.work({ steps: { A: { ...A, overwrite: true } } });
  assert.deepEqual(rig.products(), { 'a.in': 'a\n', 'b.in': 'other\n' });
});

test('of two runs at a time that make the same product of other inputs one fails', async (t) => {
  leakCheck(t);
  const run = sh('sleep 0.1; cp "$1" "$2/latest"', '{in}', '{out}');
  const rig = pipelineRig(t, { parallel: 4, steps: { A: { from: 'inbox', run, concurrency: 4 } } });
  for (const name of ['a', 'b', 'c', 'd']) rig.deliver(`${name}.in`, `${name}\n`);
  await rig.work();
  assert.equal((await rig.failures()).length, 3);
});
