import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { type PipelineRig, pipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { systemClock } from '../../core/clock.ts';
import type { AskParams } from '../../wire/page/asks.ts';
import type { PipelineView } from '../pipeline.ts';
import { offlineView } from '../status/offline.ts';
import { createFailures } from './failures.ts';
import { createFlow } from './flow.ts';
import { listFiles, listTasks } from './lists.ts';
import { readRunLog } from './run-log.ts';
import { scanDown } from './scan-down.ts';
import { fileMeant, tellStory } from './story.ts';
import { createSummary } from './summary.ts';

const CONFIG = {
  inbox: { root: 'incoming', match: '**/*.in', settle: '10ms', scan: '1h' },
  steps: {
    L0: {
      from: 'inbox',
      run: ['sh', '-c', 'echo reads {in}; ! grep -q bad {in} || ! test -e broken || exit 4; cp {in} {out}'],
      to: 'L0/{stem}.l0',
    },
    L1: { from: 'L0', run: ['cp', '{in}', '{out}'], to: 'L1/{stem}.l1' },
  },
};
const LOOKING = { clock: systemClock, signal: new AbortController().signal };
const ALL: AskParams<'pipeline-files'> = {
  name: 'p',
  kind: null,
  origin: null,
  states: [],
  words: '',
  reason: null,
  below: null,
  most: 200,
};

function look<T>(rig: PipelineRig, see: (view: PipelineView) => Promise<T>): Promise<T> {
  return rig.ledger(async (ledger) =>
    see(await offlineView('p', planOf(rig.folder, CONFIG), ledger, join(rig.folder, 'state/logs'))),
  );
}

test('what failed for one reason is one group; it leads to its tasks, they to their files, and those to what was printed', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  writeFileSync(join(rig.folder, 'broken'), '');
  for (const at of [1, 2, 3]) rig.deliver(`b-${at}.in`, `bad ${at}\n`);
  rig.deliver('a-1.in', 'good\n');
  await rig.work();
  await look(rig, async (view) => {
    const summary = await createSummary(view.ledger, view.figures, systemClock)();
    const [group] = summary.failures.groups;
    assert.ok(group !== undefined && summary.failures.groups.length === 1);
    assert.deepEqual([group.of, group.count], ['L0', 3]);
    assert.deepEqual(summary.inboxes, [{ inbox: 'inbox', files: { done: 1, failed: 3 } }]);
    assert.deepEqual(
      summary.flow.toSorted((a, b) => (a.step < b.step ? -1 : 1)),
      [
        { step: 'L0', minute: 1, hour: 1 },
        { step: 'L1', minute: 1, hour: 1 },
      ],
    );
    const asked: AskParams<'pipeline-tasks'> = {
      name: 'p',
      step: 'L0',
      states: ['failed'],
      reason: group.reason,
      below: null,
      most: 2,
    };
    const first = await listTasks(view, asked, LOOKING);
    assert.deepEqual([first.tasks.length, first.next], [2, first.tasks[1]?.id]);
    const rest = await listTasks(view, { ...asked, below: first.next }, LOOKING);
    assert.deepEqual([rest.tasks.length, rest.next], [1, null]);
    assert.equal((await listTasks(view, { ...asked, reason: 'another' }, LOOKING)).tasks.length, 0);
    const root = first.tasks[0]?.roots[0];
    const file = await fileMeant(view, `#${root?.id}`);
    assert.ok(file !== undefined && root !== undefined);
    assert.equal((await fileMeant(view, root.path))?.id, file.id);
    const story = await tellStory(view, file, LOOKING);
    assert.deepEqual([story.file.state, story.tasks.length, story.into], ['failed', 1, []]);
    const [task] = story.tasks;
    assert.equal(task?.runs[0]?.exit, '4');
    const log = await readRunLog(view, task?.id ?? 0, 0);
    assert.equal(log?.text, `reads ${root.path}\n`);
    assert.equal(await readRunLog(view, task?.id ?? 0, 1), undefined);
  });
  // Mended: the group is gone, the story has both attempts.
  rmSync(join(rig.folder, 'broken'));
  await rig.ledger((ledger) => ledger.retry({}, systemClock.now()));
  await rig.work();
  await look(rig, async (view) => {
    const summary = await createSummary(view.ledger, view.figures, systemClock)();
    assert.deepEqual(summary.failures, { groups: [], more: 0, files: 0, cut: false });
    const file = await fileMeant(view, 'b-1.in');
    assert.ok(file !== undefined);
    const story = await tellStory(view, file, LOOKING);
    assert.deepEqual(
      story.tasks.map(({ step, runs }) => [step, runs.map(({ outcome }) => outcome)]),
      [
        ['L0', ['failed', 'done']],
        ['L1', ['done']],
      ],
    );
    assert.deepEqual(
      story.into.map(({ depth, path }) => [depth, path.slice(rig.folder.length)]),
      [
        [0, '/products/L0/b-1.l0'],
        [1, '/products/L1/b-1.l1'],
      ],
    );
    const product = await fileMeant(view, join(rig.folder, 'products/L1/b-1.l1'));
    assert.ok(product !== undefined);
    const { from } = await tellStory(view, product, LOOKING);
    assert.deepEqual(
      from.map(({ path }) => path.slice(rig.folder.length)),
      ['/products/L0/b-1.l0', '/incoming/b-1.in'],
    );
  });
});

test('files are found by a part of their name, a pattern, a whole path, an inbox, a state', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  for (const name of ['Alpha-1.in', 'sub/alpha-2.in', 'b%_[x].in']) rig.deliver(name, 'good\n');
  await rig.work();
  await look(rig, async (view) => {
    const named = async (asked: Partial<typeof ALL>): Promise<readonly string[]> =>
      (await listFiles(view, { ...ALL, ...asked }, LOOKING)).files
        .map(({ path }) => path.slice(rig.folder.length + 1))
        .toSorted();
    assert.deepEqual(await named({ words: 'ALPHA', kind: 'inbox' }), [
      'incoming/Alpha-1.in',
      'incoming/sub/alpha-2.in',
    ]);
    assert.deepEqual(await named({ words: '%_[x]', kind: 'inbox' }), ['incoming/b%_[x].in']);
    assert.deepEqual(await named({ words: '*[x]?l1' }), ['products/L1/b%_[x].l1']);
    assert.deepEqual(await named({ words: join(rig.folder, 'incoming/sub/') }), ['incoming/sub/alpha-2.in']);
    assert.equal((await named({ origin: 'L0' })).length, 3);
    assert.deepEqual(await named({ states: ['failed'] }), []);
  });
});

test('a long list is looked through the newest first, in pages, and not for longer than it may take', async () => {
  let passed = 0;
  const clock = { monotonic: () => passed, sleep: async () => true };
  const signal = new AbortController().signal;
  const all = Array.from({ length: 30_000 }, (_, at) => ({ id: at + 1 }));
  const page = async ({ from, below, limit }: { from: number; below: number; limit: number }) =>
    all
      .filter(({ id }) => id >= from && id < below && id % 9000 === 1)
      .reverse()
      .slice(0, limit);
  const first = await scanDown({ below: 30_001, most: 2, clock, signal }, page);
  assert.deepEqual([first.found.map(({ id }) => id), first.next], [[27_001, 18_001], 18_001]);
  const rest = await scanDown({ below: 18_001, most: 9, clock, signal }, page);
  assert.deepEqual([rest.found.map(({ id }) => id), rest.next], [[9001, 1], null]);
  const slow = await scanDown({ below: 30_001, most: 9, clock, signal }, async (range) => {
    passed += 2000;
    return page(range);
  });
  assert.deepEqual([slow.found.map(({ id }) => id), slow.next], [[27_001], 20_001]);
});

test('what steps do is counted once, whenever it is looked at; and failures only when there are others', async () => {
  const clock = createFakeClock();
  const ended: number[] = [];
  const ledger = {
    async doneSince(since: number, stretchMs: number) {
      const counts = new Map<number, number>();
      for (const at of ended.filter((each) => each >= since))
        counts.set(Math.floor(at / stretchMs), (counts.get(Math.floor(at / stretchMs)) ?? 0) + 1);
      return [...counts].map(([stretch, count]) => ({ step: 'L0', stretch, count }));
    },
  };
  const flow = createFlow(ledger, clock);
  assert.deepEqual(await flow(), []);
  for (let minute = 0; minute < 90; minute++) {
    for (const _ of [1, 2, 3, 4]) {
      await clock.advance(15_000);
      ended.push(clock.now());
      if (minute % 7 !== 3) await flow();
    }
  }
  const [sum] = await flow();
  assert.ok(sum !== undefined && sum.minute === 4 && sum.hour === 240, JSON.stringify(sum));

  let looks = 0;
  const failures = createFailures(
    {
      badTasks: async () => (looks++, [{ of: 'L0', error: 'exit code 1', ended: 5 }]),
      badFiles: async () => [{ of: 'inbox', error: null, ended: 9 }],
    },
    clock,
  );
  assert.equal((await failures('a')).files, 1);
  assert.deepEqual((await failures('a')).groups, [
    { of: 'inbox', reason: 'no reason is known', count: 1, last: 9 },
    { of: 'L0', reason: 'exit code 1', count: 1, last: 5 },
  ]);
  await failures('a');
  assert.equal(looks, 1);
  await failures('b');
  assert.equal(looks, 2);
});
