import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig, type PipelineRig } from '../../test/rig/pipeline.ts';

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

test('B7 members of a group that never was whole go on together', async (t) => {
  leakCheck(t);
  const inbox = { ...INBOX, group: { key: '{group}.{part}.in', count: 3, timeout: '20ms', partial: 'fail' } };
  const steps = {
    A: {
      from: 'inbox',
      run: ['sh', '-c', 'xargs cat < "$1" > "$2/both"', 'sh', '{list}', '{out}'],
    },
  };
  const rig = pipelineRig(t, { inbox, steps });
  rig.deliver('x.1.in', '1\n');
  rig.deliver('x.2.in', '2\n');
  await rig.work();
  assert.deepEqual([await rig.state('x.1.in'), await rig.state('x.2.in')], ['failed', 'failed']);
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
