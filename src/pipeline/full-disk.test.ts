import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leakCheck } from '../../test/rig/leaks.ts';
import { pipelineRig } from '../../test/rig/pipeline.ts';
import { disk } from '../core/files.ts';
import { StoreFullError } from '../core/sqlite.ts';

const STEPS = { steps: { A: { from: 'inbox', run: ['cp', '{in}', '{out}'], to: '{stem}/{name}' } } };

/** Fails so many times, then works. */
function failing<Words extends unknown[], T>(
  times: number,
  error: Error,
  work: (...words: Words) => Promise<T>,
) {
  let left = times;
  return (...words: Words): Promise<T> => (left-- > 0 ? Promise.reject(error) : work(...words));
}

const noRoom = (): Error => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

test('a full disk is waited for, wherever it hits, and nothing is done twice or lost', async (t) => {
  leakCheck(t);
  const operations = ['mkdir', 'datasync', 'rename', 'syncFolder'] as const;
  for (const operation of operations) {
    const rig = pipelineRig(t, STEPS);
    rig.deliver('a.in', 'x\n');
    const work = disk[operation] as (...words: unknown[]) => Promise<void>;
    const files = { ...disk, [operation]: failing(1, noRoom(), work) };
    await rig.work(undefined, { files });
    assert.deepEqual(rig.products(), { 'a/a.in': 'x\n' }, operation);
    const runs = await rig.ledger((ledger) => ledger.runsOf(1));
    assert.deepEqual(
      runs.map(({ attempt, outcome }) => [attempt, outcome]),
      [[1, 'done']],
      operation,
    );
  }
});

test('a ledger without room is waited for', async (t) => {
  leakCheck(t);
  const full = new StoreFullError('cannot use the ledger of p: no space left');
  const rig = pipelineRig(t, STEPS);
  rig.deliver('a.in', 'x\n');
  await rig.work(undefined, {
    around: (ledger) => ({
      ...ledger,
      arrive: failing(1, full, ledger.arrive),
      claim: failing(1, full, ledger.claim),
      intend: failing(1, full, ledger.intend),
      succeed: failing(1, full, ledger.succeed),
    }),
  });
  assert.deepEqual(rig.products(), { 'a/a.in': 'x\n' });
  assert.equal(await rig.state('a.in'), 'done');
});

test('what ends once there is room again ended then, and not when there was none', async (t) => {
  leakCheck(t);
  const full = new StoreFullError('cannot use the ledger of p: no space left');
  const rig = pipelineRig(t, STEPS);
  rig.deliver('a.in', 'x\n');
  const moments: number[] = [];
  await rig.work(undefined, {
    around: (ledger) => ({
      ...ledger,
      async succeed(held, success, now) {
        moments.push(now);
        if (moments.length === 1) throw full;
        return ledger.succeed(held, success, now);
      },
    }),
  });
  const [first = 0, second = 0] = moments;
  assert.ok(second > first, `${second - first} ms later`);
  const [ended] = await rig.ledger(async (ledger) =>
    (await ledger.filesAt('a.in')).map((file) => file.kind === 'inbox' && file.ended),
  );
  assert.equal(ended, second);
});
