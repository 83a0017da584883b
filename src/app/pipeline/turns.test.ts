import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { leakCheck, onEnd, testStateId } from '../../../test/rig/leaks.ts';
import { type PipelineInput, type PipelineRig, pipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { type Clock, systemClock } from '../../core/clock.ts';
import { disk } from '../../core/files.ts';
import { silentLog } from '../../core/log.ts';
import { createPipeline } from '../../pipeline/create.ts';
import type { Ledger } from '../../pipeline/ledger/ledger.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import { createLending } from './lending.ts';
import { ownLedger } from './own-ledger.ts';
import { createStage } from './stage.ts';
import { runInTurns } from './turns.ts';

const CONFIG = {
  inbox: { root: 'incoming', match: '*.in', settle: '10ms', scan: '1h' },
  parallel: 1,
  steps: {
    A: { from: 'inbox', run: ['cp', '{in}', '{out}/{name}'] },
    P: {
      from: 'A',
      at: '0 8 * * *',
      run: [
        'sh',
        '-c',
        'echo "P $1" >> "$TRACE"; [ ! -e slow ] || until [ -e go ]; do sleep 0.02; done',
        'sh',
        '{name}',
      ],
    },
  },
};

const DAY_MS = 86_400_000;

interface ServiceOptions {
  readonly config?: PipelineInput;
  /** Puts something between the runner and its ledger. */
  readonly around?: (ledger: Ledger) => Ledger;
  /** How it ends that does not end well. */
  readonly rejects?: RegExp;
}

/** The service of a pipeline in this process, with a wall clock that can be put forward. */
function startService(
  t: TestContext,
  rig: PipelineRig,
  { config = CONFIG, around, rejects }: ServiceOptions = {},
) {
  const ahead = { ms: 0 };
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead.ms };
  const plan = planOf(rig.folder, config);
  const folder = join(rig.folder, 'state');
  const lending = createLending(clock);
  const take = () => ownLedger({ name: 'p', folder }, 'the service', clock);
  const own = take();
  const reader = readLedger(folder, 'p');
  if (!own.ok || !reader.ok) throw new Error('cannot open the ledger');
  const stage = createStage({ name: 'p', plan, folder, reader: reader.value, borrower: lending.wanted });
  const drain = new AbortController();
  const make = (ledger: Ledger) =>
    createPipeline({
      name: 'p',
      plan,
      ledger: around?.(ledger) ?? ledger,
      folder,
      work: join(folder, 'work'),
      env: { PATH: process.env['PATH'] ?? '', TRACE: join(rig.folder, 'trace') },
      cwd: rig.folder,
      life: `${testStateId}/p/${process.pid}`,
      self: { pid: process.pid, startTicks: 0 },
      files: disk,
      clock,
      log: silentLog,
    });
  const scope = { drain: drain.signal, stop: drain.signal, ready: () => {}, clock, log: silentLog };
  const ended = runInTurns({ own: own.value, take }, make, { stage, lending, scope });
  const stop = async (): Promise<void> => {
    drain.abort();
    const over = within(ended, { what: 'the service to end' });
    await (rejects === undefined ? over : assert.rejects(over, rejects));
  };
  onEnd(t, async () => {
    await stop();
    reader.value.close();
  });
  return { ahead, clock, ended, folder, lending, stage, stop };
}

test('F6 a periodic step waits while a run over old files has its ledger, and goes on when that is killed', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  rig.deliver('a.in', 'x\n');
  const { ahead, clock, folder, lending, stage } = startService(t, rig);
  await until(async () => (await stage.pipeline.figures()).files['done'] === 1, {
    what: 'the input to be done',
  });

  const borrower = new AbortController();
  const heard: string[] = [];
  const borrowing = (async () => {
    const news = lending.lend(
      'vahti pipeline run p',
      () => stage.pipeline.running().map(({ step }) => step),
      borrower.signal,
    );
    for await (const { state } of news) heard.push(state);
  })();
  await until(() => heard.includes('lent'), { what: 'the ledger to be lent' });
  // Its time comes, and nobody of the service can have begun it: the ledger is another's.
  ahead.ms = DAY_MS;
  const run = ownLedger({ name: 'p', folder }, 'vahti pipeline run p', clock);
  assert.ok(run.ok);
  await run.value.ledger.setAside();
  assert.match((await stage.pipeline.figures()).held ?? '', /^vahti pipeline run p has its ledger$/);
  await assert.rejects(stage.pipeline.look(), /vahti pipeline run p has its ledger/);
  assert.deepEqual(rig.trace(), []);
  // As a kill leaves it: set aside, and its lock and its connection gone.
  await run.value.release();
  borrower.abort();
  await borrowing;
  await until(() => rig.trace().length > 0, { what: 'the periodic step to be made up for' });
  await stage.pipeline.settled(AbortSignal.timeout(20_000));
  assert.deepEqual(rig.trace(), ['P a.in'], 'once');
});

test('F6 a run over old files waits for a periodic step that is at it, and no other begins meanwhile', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  for (const name of ['a.in', 'b.in', 'slow.in']) rig.deliver(name, 'x\n');
  writeFileSync(join(rig.folder, 'slow'), '');
  const { ahead, lending, stage } = startService(t, rig);
  await until(async () => (await stage.pipeline.figures()).files['done'] === 3, {
    what: 'the inputs to be done',
  });
  ahead.ms = DAY_MS;
  await stage.pipeline.retry({ tasks: [] });
  await until(() => rig.trace().length === 1, { what: 'the periodic step to begin' });
  const borrower = new AbortController();
  const heard: string[] = [];
  const borrowing = (async () => {
    const news = lending.lend(
      'a run',
      () => stage.pipeline.running().map(({ step }) => step),
      borrower.signal,
    );
    for await (const { state, running } of news) heard.push(`${state} ${running.join()}`.trim());
  })();
  await until(() => heard.includes('waiting P'), { what: 'the run to wait' });
  writeFileSync(join(rig.folder, 'go'), '');
  await until(() => heard.includes('lent'), { what: 'the ledger to be lent' });
  assert.equal(rig.trace().length, 1, 'two of three wait');
  borrower.abort();
  await borrowing;
  await until(() => rig.trace().length === 3, { what: 'the others to go on' });
});

test('a disk that fails while a run over old files leaves again ends the service, as one that fails under a step does', async (t) => {
  leakCheck(t);
  const slow = { from: 'inbox', run: ['sh', '-c', 'until [ -e go ]; do sleep 0.02; done'] };
  const rig = pipelineRig(t, CONFIG);
  rig.deliver('a.in', 'x\n');
  const retry = async (): Promise<number> => Promise.reject(new Error('the disk is full'));
  const { ended, lending, stage } = startService(t, rig, {
    config: { ...CONFIG, steps: { A: slow } },
    around: (ledger) => ({ ...ledger, retry }),
    rejects: /the disk is full/,
  });
  await until(() => stage.pipeline.running().length === 1, { what: 'the step to begin' });
  const news = lending.lend('a run', () => ['A'], new AbortController().signal);
  assert.equal((await news.next()).value?.state, 'waiting');
  await news.return();
  await assert.rejects(within(ended, { what: 'the service to end' }), /the disk is full/);
  assert.deepEqual(stage.pipeline.running(), [], 'nothing runs without a runner');
});
