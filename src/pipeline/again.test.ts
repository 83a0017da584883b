import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig, type PipelineRig, planOf } from '../../test/rig/pipeline.ts';
import { goOn } from './again.ts';
import { createRouter } from './engine/routing.ts';
import { identityOf } from './steps/install.ts';

const INBOX = { root: 'incoming', match: '*.in', settle: '10ms', scan: '1h' };
const COPY = { from: 'inbox', run: ['cp', '{in}', '{out}/{name}'] };

/** The numbers of files that failed before there was a task for them. */
function untasked(rig: PipelineRig): Promise<readonly number[]> {
  return rig.ledger(async (ledger) => (await ledger.untasked(undefined, 10)).map(({ id }) => id));
}

test('B7 what an inbox refused goes on when a person says so, and is one failure less', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { inbox: { ...INBOX, 'on-same-name': 'error' }, steps: { A: COPY } });
  rig.deliver('a.in', 'first\n');
  await rig.work();
  rig.deliver('a.in', 'other\n');
  await rig.work();
  assert.equal(await rig.state('a.in'), 'failed');
  assert.deepEqual(rig.products(), { 'a.in': 'first\n' });
  const ids = await untasked(rig);
  assert.equal(ids.length, 1);
  const running = rig.start();
  assert.equal(await running.pipeline.goOn([...ids, 4711]), 1);
  await running.settle();
  // Nothing of it has failed any more, so nothing goes on.
  assert.equal(await running.pipeline.goOn(ids), 0);
  assert.deepEqual((await running.pipeline.figures()).files, { done: 2 });
  await running.stop();
  assert.deepEqual(rig.products(), { 'a.in': 'other\n' });
  // The content is known now: it is refused no more.
  const again = rig.start();
  await again.settle();
  await again.stop();
  assert.equal(await rig.state('a.in'), 'done');
});

const GROUPED = {
  inbox: { ...INBOX, group: { key: '{group}.{part}.in', count: 3, timeout: '20ms', partial: 'fail' } },
  steps: {
    A: {
      from: 'inbox',
      run: ['sh', '-c', 'xargs cat < "$1" > "$2/both"', 'sh', '{list}', '{out}'],
    },
  },
};

/** A pipeline to which two of three members of a group came. */
async function halfGroup(t: TestContext): Promise<PipelineRig> {
  const rig = pipelineRig(t, GROUPED);
  rig.deliver('x.1.in', '1\n');
  rig.deliver('x.2.in', '2\n');
  await rig.work();
  assert.deepEqual([await rig.state('x.1.in'), await rig.state('x.2.in')], ['failed', 'failed']);
  return rig;
}

test('B7 members of a group that never was whole go on together', async (t) => {
  leakCheck(t);
  const rig = await halfGroup(t);
  const running = rig.start();
  assert.equal(
    await running.pipeline.goOn(
      await running.pipeline.ledger.untasked(undefined, 10).then((all) => all.map(({ id }) => id)),
    ),
    2,
  );
  await running.settle();
  await running.stop();
  assert.deepEqual(rig.products(), { both: '1\n2\n' });
  assert.deepEqual([await rig.state('x.1.in'), await rig.state('x.2.in')], ['done', 'done']);
});

test('F7 what goes on after a run was killed is not given up with it, and joins nothing of it', async (t) => {
  leakCheck(t);
  const rig = await halfGroup(t);
  const plan = planOf(rig.folder, GROUPED);
  const ids = await untasked(rig);
  rig.deliver('x.3.in', '3\n');
  const identity = await identityOf(join(rig.folder, 'incoming/x.3.in'));
  await rig.ledger(async (ledger) => {
    await ledger.setAside();
    const third = { path: 'x.3.in', ...identity, state: 'done' as const };
    const files = (await ledger.sight('inbox', [third], 1)).map(({ id }) => id);
    const drafts = createRouter(plan).arrivals('inbox', 'x.3.in', 'x');
    await ledger.add(
      drafts.map((draft) => ({ draft, files })),
      1,
    );
    for (const id of ids) assert.equal(await goOn(ledger, plan, [id], 2), 1);
  });
  await rig.work();
  assert.deepEqual(rig.products(), { both: '1\n2\n' });
  assert.deepEqual([await rig.state('x.1.in'), await rig.state('x.2.in')], ['done', 'done']);
});
