import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crashingFiles } from '../../../test/rig/crashing-files.ts';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { type PipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { again, draft, filled, REPROCESSED, since } from '../../../test/rig/reprocessing.ts';
import { until } from '../../../test/rig/wait.ts';
import { createRouter } from '../../pipeline/engine/routing.ts';
import { identityOf } from '../../pipeline/steps/install.ts';

test('inputs of another folder, and variables for the steps', async (t) => {
  const rig = await filled(t, ['a-1']);
  const inputs = tempFolder(t);
  mkdirSync(join(inputs, 'sub'));
  writeFileSync(join(inputs, 'sub/c-1.in'), 'c-1\n');
  writeFileSync(join(inputs, 'c-2.other'), 'not meant\n');
  const before = rig.trace();
  await again(rig, { set: { K: 'changed' } }, { inputs });
  assert.deepEqual(since(rig, before), ['LB c-1_V1', 'L0 c', 'L1 c_V1 changed']);
  // A second time it is the same file.
  await again(rig, {}, { inputs });
  assert.equal(since(rig, before).length, 6);
});

test('--on-error stop begins nothing more, and does not hold the service', async (t) => {
  const rig = await filled(t, ['a-1']);
  rig.deliver('a-2.in', 'bad');
  await rig.work();
  assert.equal(await rig.state('a-2.in'), 'failed');
  const before = rig.trace();
  const done = await again(rig, { onError: 'stop' }, { filter: 'a-2*' });
  assert.match(done.stopped ?? '', /^LB has failed: exit code 1/);
  assert.deepEqual(since(rig, before), []);
  rig.deliver('b-1.in', 'fine\n');
  await rig.work();
  assert.equal(await rig.state('b-1.in'), 'done');
});

test('F6 what waits for the service is left to it', async (t) => {
  const rig = await filled(t, ['a-1']);
  const held = rig.start();
  await held.pipeline.hold('a test');
  rig.deliver('b-1.in', 'b-1\n');
  await held.settle();
  await held.stop();
  assert.equal(await rig.state('b-1.in'), 'ready');
  const before = rig.trace();
  await again(rig, {}, { filter: 'a-*' });
  assert.deepEqual(since(rig, before), ['LB a-1_V1', 'L0 a', 'L1 a_V1 usual']);
  assert.equal(await rig.state('b-1.in'), 'ready');
  const resumed = rig.start();
  await resumed.pipeline.resume();
  await resumed.settle();
  await resumed.stop();
  assert.deepEqual(since(rig, before).slice(3), ['LB b-1_V1', 'L0 b', 'L1 b_V1 usual']);
});

test('F7 a run that was killed is given up by whoever comes next, and what it had set aside goes on', async (t) => {
  const rig = await filled(t, ['a-1']);
  const held = rig.start();
  await held.pipeline.hold('a test');
  rig.deliver('b-1.in', 'b-1\n');
  await held.settle();
  await held.stop();
  // As a run leaves it that dies right after it has made its tasks.
  await rig.ledger(async (ledger) => {
    await ledger.setAside();
    const plan = planOf(rig.folder, REPROCESSED);
    const router = createRouter(plan, 'breadth');
    const file = await ledger.inboxFile('inbox', 'a-1.in');
    const [step] = plan.steps;
    assert.ok(file !== undefined && step !== undefined);
    const made = router.draft(step, 'a-1.in');
    assert.ok(made !== undefined);
    await ledger.add([{ draft: made, files: [file.id] }], 1);
    assert.equal((await ledger.inboxFile('inbox', 'a-1.in'))?.state, 'ready');
  });
  const before = rig.trace();
  const resumed = rig.start();
  await resumed.pipeline.resume();
  await resumed.settle();
  await resumed.stop();
  assert.deepEqual(since(rig, before), ['LB b-1_V1', 'L0 b', 'L1 b_V1 usual']);
  assert.deepEqual([await rig.state('a-1.in'), await rig.state('b-1.in')], ['done', 'done']);
});

test('what had failed and is run again is failed no more, or failed once', async (t) => {
  const rig = await filled(t, ['a-1']);
  rig.deliver('b-1.in', 'bad');
  rig.deliver('c-1.in', 'bad');
  await rig.work();
  assert.equal((await rig.failures()).length, 2);
  await again(rig, {}, { filter: 'b-*' });
  assert.equal((await rig.failures()).length, 2);
  writeFileSync(join(rig.folder, 'incoming/b-1.in'), 'mended\n');
  await again(rig, {}, { filter: 'b-*' });
  assert.equal(await rig.state('b-1.in'), 'done');
  assert.equal((await rig.failures()).length, 1);
  assert.equal(await rig.state('c-1.in'), 'failed');
});

test('F7 what waits in its inbox is left to the service; what it has not taken is its own again, where a run does not do everything of it', async (t) => {
  const rig = await filled(t, ['a-1']);
  const delayed = { ...REPROCESSED, inbox: { ...(REPROCESSED['inbox'] as object), delay: '1h' } };
  rig.deliver('b-1.in', 'b-1\n');
  const waiting = rig.start(delayed);
  await until(async () => (await rig.state('b-1.in')) === 'waiting', { what: 'a file that waits' });
  await waiting.stop();
  rig.deliver('c-1.in', 'c-1\n');
  const planned = await draft(rig);
  assert.deepEqual(
    [planned.selection.files.map(({ name }) => name), planned.selection.waiting, planned.isPart],
    [['a-1.in', 'c-1.in'], 1, false],
  );
  await again(rig, { to: 'LB' }, { filter: 'c-*' });
  assert.deepEqual([await rig.state('b-1.in'), await rig.state('c-1.in')], ['waiting', 'seen']);
  assert.deepEqual(Object.keys(rig.products()).toSorted().slice(0, 3), [
    'L0/a_V1.l0',
    'L1/a_V1.l1',
    'LB/a-1_V1.lb',
  ]);
  const before = rig.trace();
  await rig.work();
  assert.deepEqual(since(rig, before).toSorted(), [
    'L0 b',
    'L0 c',
    'L1 b_V1 usual',
    'L1 c_V1 usual',
    'LB b-1_V1',
    'LB c-1_V1',
  ]);
  rig.deliver('d-1.in', 'd-1\n');
  await again(rig, {}, { filter: 'd-*' });
  assert.equal(await rig.state('d-1.in'), 'done', 'a run that did all of it has taken it');
  const after = rig.trace();
  await rig.work();
  assert.deepEqual(since(rig, after), []);
});

test('F7 of a run that dies after its tasks are made, a file that was new is taken by the service; what was tried again meanwhile is done', async (t) => {
  const rig = await filled(t, ['a-1']);
  rig.deliver('x-1.in', 'bad');
  await rig.work();
  writeFileSync(join(rig.folder, 'incoming/x-1.in'), 'bad');
  rig.deliver('c-1.in', 'c-1\n');
  await rig.ledger(async (ledger) => {
    await ledger.setAside();
    const [step] = planOf(rig.folder, REPROCESSED).steps;
    const made = step && createRouter(planOf(rig.folder, REPROCESSED), 'breadth').draft(step, 'c-1.in');
    assert.ok(made !== undefined);
    const identity = await identityOf(join(rig.folder, 'incoming/c-1.in'));
    const [file] = await ledger.sight('inbox', [{ path: 'c-1.in', ...identity, state: 'seen' }], 1);
    assert.ok(file !== undefined);
    await ledger.add([{ draft: made, files: [file.id] }], 1);
    // While nobody runs: `vahti pipeline retry --failed`.
    assert.equal(await ledger.retry({}, 2), 1);
  });
  const before = rig.trace();
  const running = rig.start();
  await running.settle();
  await running.stop();
  assert.deepEqual(since(rig, before), ['LB c-1_V1', 'L0 c', 'L1 c_V1 usual']);
  assert.deepEqual([await rig.state('c-1.in'), await rig.state('x-1.in')], ['done', 'failed']);
});

/** Runs the service over one more file, until it dies behind an operation on the disk; answers with those that it did. */
async function runDying(rig: PipelineRig, at: number): Promise<readonly string[]> {
  rig.deliver('b-1.in', 'b-1\n');
  const crashing = crashingFiles(at, 'after');
  const dying = rig.start(undefined, { files: crashing.files });
  await dying.settle().catch(() => {});
  await dying.stop().catch(() => {});
  return crashing.done;
}

test('F7 what a killed service was installing is followed by all that the service does of it, whatever part is run then', async (t) => {
  const operations = await runDying(await filled(t, ['a-1']), Number.POSITIVE_INFINITY);
  const rig = await filled(t, ['a-1']);
  await runDying(
    rig,
    operations.findIndex((name) => name === 'rename' || name === 'link'),
  );
  const installing = await rig.ledger((ledger) => ledger.tasks({ states: ['installing'], limit: 9 }));
  assert.deepEqual(
    installing.map(({ step }) => step),
    ['LB'],
  );
  const before = rig.trace();
  await again(rig, { to: 'LB' }, { filter: 'a-*' });
  await rig.work();
  assert.deepEqual(since(rig, before), ['LB a-1_V1', 'L0 b', 'L1 b_V1 usual']);
  assert.equal(await rig.state('b-1.in'), 'done');
});

test('F7 what is to be done again after a run was killed is not given up with it, its own failures neither', async (t) => {
  const rig = await filled(t, []);
  for (const name of ['a-1.in', 'b-1.in']) rig.deliver(name, 'bad');
  await rig.work();
  assert.equal((await rig.failures()).length, 2);
  await rig.ledger(async (ledger) => {
    await ledger.setAside();
    const router = createRouter(planOf(rig.folder, REPROCESSED), 'breadth');
    const [a, b] = [await ledger.inboxFile('inbox', 'a-1.in'), await ledger.inboxFile('inbox', 'b-1.in')];
    const step = router.step('LB');
    assert.ok(a !== undefined && b !== undefined && step !== undefined);
    const [of, next] = [router.draft(step, 'a-1.in'), router.draft(step, 'b-1.in')];
    assert.ok(of !== undefined && next !== undefined);
    // As a run leaves it that dies when one of its tasks has failed, and another waits.
    await ledger.add([{ draft: of, files: [a.id] }], 1);
    const owner = { boot: 'boot', pid: 1, startTicks: 1, life: 'life' };
    const [claim] = await ledger.claim(owner, new Map([['LB', 1]]), 1, 1);
    assert.ok(claim !== undefined);
    await ledger.end(claim, { state: 'failed', exit: '1', error: 'of the run', log: null }, 1);
    await ledger.add([{ draft: next, files: [b.id] }], 1);
    assert.equal(await ledger.retry({}, 2), 3);
  });
  await rig.work();
  // Each was done again, and has failed again; what only the run had yet to do is given up.
  const { failed, given } = await rig.ledger(async (ledger) => ({
    failed: await ledger.tasks({ states: ['failed'], limit: 10 }),
    given: await ledger.tasks({ states: ['cancelled'], limit: 10 }),
  }));
  assert.deepEqual(
    failed.map(({ error }) => error?.startsWith('exit code 1')),
    [true, true, true],
  );
  assert.deepEqual(
    given.map(({ error }) => error),
    ['given up with its run, ready'],
  );
  assert.deepEqual([await rig.state('a-1.in'), await rig.state('b-1.in')], ['failed', 'failed']);
});

test('F7 a file of a batch that a run has cut in two is done by its parts, and not left to the service', async (t) => {
  const rig = await filled(t, ['a-1']);
  rig.deliver('c-1.in', 'c-1\n');
  await rig.ledger(async (ledger) => {
    await ledger.setAside();
    const [step] = planOf(rig.folder, REPROCESSED).steps;
    const made = step && createRouter(planOf(rig.folder, REPROCESSED), 'breadth').draft(step, 'c-1.in');
    assert.ok(made !== undefined);
    const identity = await identityOf(join(rig.folder, 'incoming/c-1.in'));
    const [file] = await ledger.sight('inbox', [{ path: 'c-1.in', ...identity, state: 'seen' }], 1);
    const drafts = [{ draft: made, files: [file?.id ?? 0] }];
    await ledger.add(drafts, 1);
    const owner = { boot: 'b', pid: 1, startTicks: 1, life: 'l' };
    const ending = { exit: '1', error: 'cut in two', log: null } as const;
    const [whole] = await ledger.claim(owner, new Map([['LB', 1]]), 1, 2);
    assert.ok(whole !== undefined);
    await ledger.end(whole, { ...ending, state: 'cancelled', drafts }, 3);
    const [half] = await ledger.claim(owner, new Map([['LB', 1]]), 1, 4);
    assert.ok(half !== undefined);
    await ledger.end(half, { ...ending, state: 'skipped' }, 5);
    await ledger.restore(6);
  });
  assert.equal(await rig.state('c-1.in'), 'done');
});
