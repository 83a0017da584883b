import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { crashingFiles, type CrashingFiles, type CrashMoment } from '../../test/rig/crashing-files.ts';
import { leakCheck } from '../../test/rig/leaks.ts';
import { type PipelineRig, pipelineRig } from '../../test/rig/pipeline.ts';
import type { Ledger } from './ledger/ledger.ts';

/**
 * B1, B2, I1, I2, I3: a runner dies before or after any operation on the disk and any transaction of the ledger; the next one goes on.
 * Whatever was killed where, the products are those of a run that nobody disturbed, each line of the inputs in them once, and no file
 * is half a file. The merging step adds its inputs to what was there: to run it twice with the same inputs would show.
 */
const SPLIT = `awk -v out="$2" -v s="$3" '{ f = out "/" s "_" $1 ".lb"; print $2 >> f; close(f) }' "$1"`;
const MERGE = 'touch "$1"; { cat "$1"; xargs cat < "$2"; } | sort > "$3/$4.day"';
const CONFIG = {
  parallel: 2,
  steps: {
    LB: {
      from: 'inbox',
      run: ['sh', '-ec', SPLIT, 'sh', '{in}', '{out}', '{stem}'],
      to: 'LB/{name}',
      concurrency: 2,
    },
    L0: {
      from: 'LB',
      each: 'group',
      names: '{source}_{svc}.lb',
      key: '{svc}',
      merge: true,
      run: ['sh', '-ec', MERGE, 'sh', '{target}', '{list}', '{out}', '{svc}'],
      to: 'L0/{name}',
    },
    L1: {
      from: 'L0',
      run: ['sh', '-ec', 'wc -l < "$1" > "$2/$3.count"', 'sh', '{in}', '{out}', '{stem}'],
      to: 'L1/{name}',
    },
  },
};

const INPUTS = { 'a.in': 'x 1\ny 2\nx 3\n', 'b.in': 'y 4\nz 5\n' };
const DAYS = { 'L0/x.day': '1\n3\n', 'L0/y.day': '2\n4\n', 'L0/z.day': '5\n' };

/** A case in so many is run; all of them by VAHTI_FAULT_CASES=all. */
const EVERY = process.env['VAHTI_FAULT_CASES'] === 'all' ? 1 : 17;

/** A ledger whose writing calls are operations at which the runner can die. */
function mortalLedger(ledger: Ledger, { call }: CrashingFiles): Ledger {
  const writes = ['arrive', 'claim', 'intend', 'succeed', 'end', 'promote'] as const;
  const around = Object.fromEntries(
    writes.map((name) => [
      name,
      async (...words: unknown[]) =>
        call(name, () => (ledger[name] as (...all: unknown[]) => Promise<unknown>)(...words)),
    ]),
  );
  return { ...ledger, ...around };
}

async function runOnce(rig: PipelineRig, at: number, moment: CrashMoment): Promise<readonly string[]> {
  const crashing = crashingFiles(at, moment);
  const running = rig.start(CONFIG, {
    files: crashing.files,
    around: (ledger) => mortalLedger(ledger, crashing),
  });
  await running.settle().catch(() => {});
  await running.stop().catch(() => {});
  return crashing.done;
}

async function check(rig: PipelineRig, what: string): Promise<void> {
  const products = rig.products();
  assert.deepEqual(await rig.failures(), [], what);
  const days = Object.fromEntries(Object.entries(products).filter(([path]) => path.startsWith('L0/')));
  assert.deepEqual(days, DAYS, what);
  assert.deepEqual(
    Object.entries(products)
      .filter(([path]) => path.startsWith('L1/'))
      .map(([path, text]) => [path, text.trim()]),
    [
      ['L1/x.count', '2'],
      ['L1/y.count', '2'],
      ['L1/z.count', '1'],
    ],
    what,
  );
  for (const name of Object.keys(INPUTS)) assert.equal(await rig.state(name), 'done', `${what}: ${name}`);
  const unfinished = await rig.ledger((ledger) =>
    ledger.tasks({ states: ['ready', 'running', 'installing', 'retry', 'failed', 'parked'], limit: 10 }),
  );
  assert.deepEqual(unfinished, [], what);
}

function newRig(t: TestContext): PipelineRig {
  const rig = pipelineRig(t, CONFIG);
  for (const [name, text] of Object.entries(INPUTS)) rig.deliver(name, text);
  return rig;
}

test('B1 B2 killed at any operation, the next runner makes what an undisturbed one would have made', async (t) => {
  leakCheck(t);
  const undisturbed = newRig(t);
  const operations = await runOnce(undisturbed, Number.POSITIVE_INFINITY, 'before');
  await check(undisturbed, 'undisturbed');
  t.diagnostic(`${operations.length} operations`);
  for (let at = 0; at < operations.length; at += EVERY) {
    for (const moment of at === 0 ? (['before', 'after'] as const) : (['after'] as const)) {
      const rig = newRig(t);
      await runOnce(rig, at, moment);
      await rig.work();
      await check(rig, `killed ${moment} operation ${at}, ${operations[at]}`);
    }
  }
});

test('B1 a runner that dies again and again gets there in the end', async (t) => {
  leakCheck(t);
  const rig = newRig(t);
  for (let at = 5; at < 70; at += 13) await runOnce(rig, at, 'before');
  await rig.work();
  await check(rig, 'killed many times');
});
