import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { createHungDisk } from '../../test/rig/hung-disk.ts';
import { leakCheck } from '../../test/rig/leaks.ts';
import { INBOX, type PipelineRig, pipelineRig } from '../../test/rig/pipeline.ts';
import { until, within } from '../../test/rig/wait.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { forget } from './engine/keeping.ts';
import { lineageOf } from './lineage.ts';
import type { LedgerFile } from './ledger/types.ts';

const sh = (script: string, ...words: string[]): string[] => ['sh', '-ec', script, 'sh', ...words];
const TRACED = 'echo "$1" >> "$TRACE"; ';
const STEPS = {
  // Nothing is made of what holds `skip`; what holds `bad` fails.
  LB: {
    from: 'inbox',
    run: sh(
      `${TRACED} grep -q skip "$2" && exit 10; grep -q bad "$2" && exit 1; cp "$2" "$3/$1.lb"`,
      '{stem}',
      '{in}',
      '{out}',
    ),
    exit: { 10: 'skip' },
    to: 'LB/{name}',
  },
  DAY: {
    from: 'LB',
    each: 'group',
    names: '{day}-{n}.lb',
    key: '{day}',
    merge: true,
    run: sh(
      'touch "$1"; { cat "$1"; xargs cat < "$2"; } > "$3/$4.day"',
      '{target}',
      '{list}',
      '{out}',
      '{day}',
    ),
    to: 'DAY/{name}',
  },
  COUNT: { from: 'DAY', run: sh('wc -l < "$1" > "$2/$3"', '{in}', '{out}', '{stem}'), to: 'COUNT/{name}' },
};

const DAY_MS = 86_400_000;
const KEEP_MS = 90 * DAY_MS;

function later(days: number): Clock {
  return { ...systemClock, now: () => systemClock.now() + days * DAY_MS };
}

async function forgetAfter(rig: PipelineRig, days: number): Promise<number> {
  const inboxes = [{ name: 'inbox', root: join(rig.folder, 'incoming') }];
  const about = { inboxes, keepMs: KEEP_MS, clock: later(days) };
  return rig.ledger((ledger) => forget({ ledger, ...about }, new AbortController().signal));
}

/** Everything that a product comes from, as paths below the test's folder. */
async function origins(rig: PipelineRig, path: string): Promise<readonly string[]> {
  const running = rig.start();
  try {
    const file = (await running.pipeline.ledger.filesAt(path))[0] as LedgerFile;
    const { from } = await lineageOf(running.pipeline, file);
    const flat = (nodes: typeof from): string[] => nodes.flatMap((node) => [node.path, ...flat(node.next)]);
    return flat(from).map((each) => each.slice(rig.folder.length + 1));
  } finally {
    await running.stop();
  }
}

test('what led to nothing that is there is forgotten in time; where products come from, and what was done, is not', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { parallel: 1, steps: STEPS });
  rig.deliver('mon-1.in', '1\n');
  await rig.work();
  rig.deliver('mon-2.in', '2\n');
  rig.deliver('tue-1.in', 'skip\n');
  rig.deliver('wed-1.in', 'bad\n');
  await rig.work();
  // Another content under the same name, and one that is taken out of the inbox.
  rig.deliver('tue-1.in', 'skip again\n');
  rig.deliver('thu-1.in', 'skip\n');
  await rig.work();
  rmSync(join(rig.folder, 'incoming/thu-1.in'));
  await rig.work();
  const before = await origins(rig, 'COUNT/mon');
  assert.deepEqual(before, [
    'products/DAY/mon.day',
    'products/LB/mon-1.lb',
    'incoming/mon-1.in',
    'products/LB/mon-2.lb',
    'incoming/mon-2.in',
  ]);
  const steps = (): Promise<readonly string[]> =>
    rig.ledger(async (ledger) =>
      (await ledger.tasks({ limit: 100 })).map(({ step, state }) => `${step} ${state}`),
    );
  const all = await steps();
  assert.equal(await forgetAfter(rig, 80), 0);
  assert.deepEqual(await steps(), all);

  const removed = await forgetAfter(rig, 100);
  // Three that were skipped, the count of a day that grew since, and the content of a name that has another one now.
  assert.equal(removed, 5);
  assert.deepEqual((await steps()).toSorted(), [
    'COUNT done',
    'DAY done',
    'DAY done',
    'LB done',
    'LB done',
    'LB failed',
  ]);
  assert.deepEqual(await origins(rig, 'COUNT/mon'), before);
  assert.deepEqual(await rig.failures(), ['LB: exit code 1']);
  await rig.ledger(async (ledger) => {
    const known = await ledger.filesOf('inbox', '', 100);
    assert.deepEqual(
      known.map(({ path, state }) => `${path} ${state}`),
      ['mon-1.in done', 'mon-2.in done', 'thu-1.in done', 'tue-1.in done', 'wed-1.in failed'],
    );
    const tally = await ledger.tally();
    assert.equal(tally.find(({ state }) => state === 'failed')?.count, 1);
  });
  // One that has not lain in the inbox for all that time is forgotten, too.
  assert.equal(await forgetAfter(rig, 101), 0);
  assert.equal(await forgetAfter(rig, 191), 1);
  assert.equal(await rig.state('thu-1.in'), undefined);
  // Nothing that lies in the inbox is done again, and what comes goes on from what is there.
  const trace = rig.trace();
  rig.deliver('mon-3.in', '3\n');
  await rig.work();
  assert.deepEqual(rig.trace().slice(trace.length), ['mon-3']);
  assert.equal(rig.products()['DAY/mon.day'], '1\n2\n3\n');
});

test('what a product was merged of stays known, also where the files came from the inbox alone', async (t) => {
  leakCheck(t);
  const DAY = { ...STEPS.DAY, from: 'inbox', names: '{day}-{n}.in' };
  const rig = pipelineRig(t, { parallel: 1, steps: { DAY } });
  for (const n of [1, 2, 3]) {
    rig.deliver(`mon-${n}.in`, `${n}\n`);
    await rig.work();
  }
  const before = await origins(rig, 'DAY/mon.day');
  assert.equal(before.length, 3);
  assert.equal(await forgetAfter(rig, 100), 0);
  assert.deepEqual(await origins(rig, 'DAY/mon.day'), before);
});

test('an old failure of a file that is gone is forgotten, and counts no more', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { parallel: 1, steps: STEPS });
  rig.deliver('wed-1.in', 'bad\n');
  await rig.work();
  assert.equal(await forgetAfter(rig, 100), 0);
  rmSync(join(rig.folder, 'incoming/wed-1.in'));
  await rig.work();
  assert.equal(await forgetAfter(rig, 100), 2);
  await rig.ledger(async (ledger) => {
    assert.equal((await ledger.tally()).find(({ state }) => state === 'failed')?.count ?? 0, 0);
    assert.equal((await ledger.filesOf('inbox', '', 10)).length, 0);
  });
});

test('an inbox that hangs keeps nothing of the others from being forgotten, and is not asked again before it answers', async (t) => {
  leakCheck(t);
  const hungDisk = await createHungDisk(t);
  if (typeof hungDisk === 'string') return t.skip(hungDisk);
  const config = {
    parallel: 1,
    inbox: undefined,
    inboxes: { near: INBOX, far: { ...INBOX, root: 'far' } },
    steps: { LB: { ...STEPS.LB, from: ['near', 'far'] } },
  };
  const rig = pipelineRig(t, config);
  mkdirSync(join(rig.folder, 'far'));
  for (const root of ['incoming', 'far']) {
    // What is of the inbox that hangs is the newer: it is asked for first.
    writeFileSync(join(rig.folder, root, 'mon-1.in'), 'skip\n');
    await rig.work();
  }
  // Their tasks; from then on only the inboxes need the files.
  assert.equal(await forgetAfter(rig, 100), 2);
  const roots = [
    { name: 'near', root: join(rig.folder, 'incoming') },
    { name: 'far', root: dirname(hungDisk.file) },
  ];
  rmSync(join(rig.folder, 'incoming/mon-1.in'));
  const hung = new Set<string>();
  const clock = createFakeClock(later(101).now());
  const sweep = (): Promise<number> =>
    rig.ledger((ledger) =>
      forget({ ledger, inboxes: roots, keepMs: KEEP_MS, clock }, new AbortController().signal, hung),
    );
  const first = sweep();
  await until(() => clock.nextTimer() === 10_000, { what: 'the inbox to be asked' });
  await clock.advance(10_000);
  await within(first, { what: 'the sweep to go on' });
  assert.deepEqual([...hung], ['far']);
  clock.jumpWall(91 * DAY_MS);
  // No turn of the clock: nobody waits for the one that hangs.
  const removed = await within(sweep(), { what: 'a sweep without the inbox that hangs' });
  assert.equal(removed, 1);
  await rig.ledger(async (ledger) => {
    assert.deepEqual(await ledger.filesOf('near', '', 10), []);
    assert.equal((await ledger.filesOf('far', '', 10)).length, 1);
  });
  await hungDisk.release();
  await until(() => hung.size === 0, { what: 'the inbox to answer' });
});

test('one transaction of forgetting looks at no more than it is told', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, { parallel: 4, steps: { LB: { ...STEPS.LB, concurrency: 4 } } });
  for (let index = 0; index < 25; index++) rig.deliver(`mon-${index}.in`, 'skip\n');
  await rig.work();
  await rig.ledger(async (ledger) => {
    const parts: number[] = [];
    for (let from: number | undefined = Number.MAX_SAFE_INTEGER; from !== undefined; ) {
      const { removed, next } = await ledger.prune('tasks', from, later(1).now(), 10);
      parts.push(removed);
      from = next;
    }
    assert.deepEqual(
      parts.filter((removed) => removed > 0),
      [10, 10, 5],
    );
    // They lie in the inbox: what they are is known for ever.
    const { removed } = await ledger.prune('files', Number.MAX_SAFE_INTEGER, later(1).now(), 100);
    assert.equal(removed, 0);
  });
  const before = rig.trace().length;
  await rig.work();
  assert.equal(rig.trace().length, before);
});
