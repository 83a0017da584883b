import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inboxRig } from '../../../test/rig/inbox.ts';
import { leakCheck } from '../../../test/rig/leaks.ts';
import { pipelineRig } from '../../../test/rig/pipeline.ts';
import { until } from '../../../test/rig/wait.ts';

function makeFiles(folder: string, count: number): void {
  execFileSync('sh', ['-c', `seq -f %g.in 1 ${count} | xargs touch`], { cwd: folder });
}

/** What may be in memory: the files that stay there, those that come due together, and one piece of a look. */
const MOST = 2048 + 1024 + 512;

test('13 of many files on their way a bounded number is in memory, and all go on, over a restart too', async (t) => {
  leakCheck(t);
  const count = 6000;
  const rig = inboxRig(t, { settle: '30ms', delay: '2s' });
  makeFiles(rig.root, count);
  let most = 0;
  const start = () => {
    const running = rig.start({
      around: (intake) => ({
        ...intake,
        sight: async (...words) => {
          most = Math.max(most, running.inbox.inMemory());
          return intake.sight(...words);
        },
        arrive: async (...words) => {
          most = Math.max(most, running.inbox.inMemory());
          return intake.arrive(...words);
        },
      }),
    });
    return running;
  };
  const states = async () =>
    Object.fromEntries((await rig.ledger.inboxTally()).map(({ state, count: files }) => [state, files]));
  const first = start();
  const seen = async () => Object.values(await states()).reduce((sum, files) => sum + files, 0);
  await until(async () => (await seen()) > count / 2, { what: 'half to be seen', deadlineMs: 20_000 });
  await first.stop();
  const second = start();
  await until(async () => (await states())['ready'] === count, {
    what: 'all to be ready',
    deadlineMs: 30_000,
  });
  await second.stop();
  assert.ok(most <= MOST, `${most} were in memory`);
  const tasks = await rig.tasks();
  assert.deepEqual([tasks.length, new Set(tasks).size], [count, count]);
});

test('a file that is in the ledger alone is lost when it goes, and begins anew when it changes', async (t) => {
  leakCheck(t);
  const rig = inboxRig(t, { settle: '0s', delay: '3s' });
  const count = 3000;
  makeFiles(rig.root, count);
  const running = rig.start();
  await until(async () => ((await rig.ledger.inboxTally())[0]?.count ?? 0) === count, {
    what: 'all to be seen',
    deadlineMs: 20_000,
  });
  await running.quiet();
  assert.ok(running.inbox.inMemory() < count);
  // The last that were seen are not in memory: files are taken by mtime, then by name.
  execFileSync('sh', ['-c', 'rm 99*.in; for f in 98*.in; do echo new > $f; done'], { cwd: rig.root });
  await until(async () => (await rig.tasks()).length >= count - 11, {
    what: 'the others',
    deadlineMs: 20_000,
  });
  await running.inbox.look();
  await running.stop();
  assert.equal((await rig.tasks()).length, count - 11);
  for (const name of ['99.in', '990.in', '999.in']) assert.equal((await rig.file(name))?.state, 'gone', name);
  assert.equal((await rig.file('981.in'))?.size, 4);
});

test('D while 10,000 files are taken in the pipeline answers what it is asked', async (t) => {
  leakCheck(t);
  const count = 10_000;
  const rig = pipelineRig(t, {
    inbox: { root: 'incoming', match: '*.in', settle: '0s', scan: '1h' },
    steps: { A: { from: 'inbox', run: ['true'] } },
  });
  makeFiles(join(rig.folder, 'incoming'), count);
  await rig.ledger((ledger) => ledger.setMark('held', 'a test'));
  const running = rig.start();
  let answers = 0;
  for (let ready = 0; ready < count; await turn()) {
    ({ backlog: ready } = await running.pipeline.figures());
    if (ready > 0 && ready < count) answers++;
  }
  await running.stop();
  // A look takes them in by 256; whoever asks has a turn after each.
  assert.ok(answers >= 20, `${answers} answers`);
});

test('with hash, a file that was written anew with what it held is the one that a task waits for', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, {
    inbox: { root: 'incoming', match: '*.in', settle: '0s', scan: '1h', hash: true },
    steps: { A: { from: 'inbox', run: ['cp', '{in}', '{out}'] } },
  });
  rig.deliver('a.in', 'the same\n');
  rig.deliver('b.in', 'one\n');
  const running = rig.start();
  await running.pipeline.hold('a test');
  await running.pipeline.look();
  rig.deliver('a.in', 'the same\n');
  rig.deliver('b.in', 'two\n');
  for (const name of ['a.in', 'b.in']) utimesSync(join(rig.folder, 'incoming', name), 1e9, 1e9);
  await running.pipeline.look();
  // And once more, unnoticed by the inbox until it is run.
  await running.stop();
  utimesSync(join(rig.folder, 'incoming/a.in'), 2e9, 2e9);
  await rig.ledger((ledger) => ledger.setMark('held', undefined));
  await rig.work();
  assert.deepEqual(rig.products(), { 'a.in': 'the same\n', 'b.in': 'two\n' });
  const [task, ...others] = await rig.ledger(async (ledger) =>
    ledger.tasksOn((await ledger.inboxFile('inbox', 'a.in'))?.id ?? 0),
  );
  assert.deepEqual([task?.state, task?.error, others], ['done', null, []]);
});
