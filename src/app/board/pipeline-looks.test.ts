import assert from 'node:assert/strict';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import * as v from 'valibot';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck, onEnd, tempFolder } from '../../../test/rig/leaks.ts';
import { type PipelineRig, pipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { until } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import { type RpcMethods, serveRpc } from '../../core/rpc.ts';
import { createSummary } from '../../pipeline/looks/summary.ts';
import { offlineView } from '../../pipeline/status/offline.ts';
import { reportedPipeline } from '../../wire/page/pipeline.ts';
import type { PipelineServiceApi } from '../pipeline/service-api.ts';
import { serviceSocket, type StatePaths, statePaths } from '../state.ts';
import type { Supervised } from '../supervision.ts';
import { createPipelineLooks } from './pipeline-looks.ts';
import { pipelineFigures } from './reported-pipeline.ts';

const CONFIG = {
  inbox: { root: 'incoming', match: '**/*.in', settle: '10ms', scan: '1h' },
  steps: {
    L0: { from: 'inbox', run: ['sh', '-c', '! grep -q bad {in} && cp {in} {out}'], to: 'L0/{stem}.l0' },
    PLOT: { from: 'L0', at: '0 8 * * *', run: ['true'] },
    OFF: { from: 'L0', run: ['true'], enabled: false },
  },
};

const REFUSED = 'another content under a known name';

/** Folders of a daemon's own. */
function pathsOf(t: TestContext): StatePaths {
  const paths = statePaths(tempFolder(t));
  for (const each of [join(paths.folder, 'pipelines'), paths.run]) mkdirSync(each, { recursive: true });
  return paths;
}

function serviceOf({ folder }: PipelineRig, name: string, state: 'stopped' | 'running'): Supervised {
  return {
    planned: { name, pipeline: planOf(folder, CONFIG) },
    service: { snapshot: () => ({ state }) },
  } as unknown as Supervised;
}

test('a pipeline that does not run is reported as its ledger has it; only what changed is told', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  rig.deliver('a.in', 'good\n');
  rig.deliver('b.in', 'bad\n');
  await rig.work();
  await rig.ledger((ledger) =>
    ledger.sight(
      'inbox',
      [{ path: 'c.in', ino: '1', size: 1, mtimeNs: '1', state: 'failed', why: REFUSED }],
      1,
    ),
  );
  const paths = pathsOf(t);
  symlinkSync(join(rig.folder, 'state'), join(paths.folder, 'pipelines/p'));
  const service = serviceOf(rig, 'p', 'stopped');
  const clock = createFakeClock();
  const told: (readonly string[])[] = [];
  const looks = createPipelineLooks({
    services: () => [service],
    paths,
    clock,
    log: silentLog,
    changed: (names) => told.push(names),
  });
  t.after(() => looks.close());
  const first = await until(() => looks.of('p'), { what: 'the first look' });
  assert.deepEqual(v.parse(reportedPipeline, first), first);
  assert.deepEqual(
    [first.works, first.steps.map(({ name, tasks }) => [name, tasks]), first.inboxes[0]?.files],
    [
      false,
      [
        ['L0', { done: 1, failed: 1 }],
        ['PLOT', {}],
        ['OFF', {}],
      ],
      { done: 1, failed: 2 },
    ],
  );
  const { at, nextAt } = first.steps[1] ?? {};
  assert.match(at ?? '', /^0 8 \* \* \*/);
  assert.ok((nextAt ?? 0) > clock.now());
  assert.deepEqual(
    first.failures.map(({ of, reason, count }) => [of, reason, count]),
    [
      ['L0', 'exit code 1', 1],
      ['inbox', REFUSED, 1],
    ],
  );
  assert.equal(first.badFiles, 1);
  assert.deepEqual(
    { ...pipelineFigures(first, clock.now()), rate: 0 },
    { rate: 0, backlog: 0, oldest: 0, failed: 2 },
  );
  assert.deepEqual(told, [['p']]);
  // Others write to its ledger only by commands: it is looked at now and then.
  await rig.ledger((ledger) => ledger.retry({}, systemClock.now()));
  for (let second = 0; second < 20; second += 2) await clock.advance(2000);
  assert.equal(looks.of('p'), first);
  for (let second = 0; second < 14; second += 2) await clock.advance(2000);
  const next = await until(() => (looks.of('p') === first ? undefined : looks.of('p')), {
    what: 'another look',
  });
  assert.deepEqual([next.backlog, next.failures.map(({ of }) => of), told.length], [1, ['inbox'], 2]);
});

test('a ledger that cannot be read is told of once, and nothing is made up in its place; one that is not there has nothing', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  rig.deliver('b.in', 'bad\n');
  await rig.work();
  const paths = pathsOf(t);
  for (const name of ['p', 'q'])
    cpSync(join(rig.folder, 'state'), join(paths.folder, 'pipelines', name), { recursive: true });
  const spoil = (name: string): void =>
    writeFileSync(join(paths.folder, 'pipelines', name, 'ledger.db'), 'x'.repeat(8192));
  spoil('q');
  const clock = createFakeClock();
  const warned: string[] = [];
  const looks = createPipelineLooks({
    services: () => ['p', 'q', 'new'].map((name) => serviceOf(rig, name, 'stopped')),
    paths,
    clock,
    log: { warn: (message) => void warned.push(message) },
    changed: () => {},
  });
  t.after(() => looks.close());
  const first = await until(() => looks.of('p'), { what: 'the first look' });
  assert.equal(first.steps[0]?.tasks['failed'], 1);
  assert.equal((await until(() => looks.of('new'), { what: 'a look at what has not run yet' })).backlog, 0);
  assert.equal(looks.of('q'), undefined);
  spoil('p');
  for (let second = 0; second < 60; second += 2) await clock.advance(2000);
  assert.equal(looks.of('p'), first);
  assert.deepEqual(
    warned.map((message) => /^cannot .*the ledger of (\w)/.exec(message)?.[1]),
    ['q', 'p'],
  );
});

test('a pipeline that hangs does not keep others from being looked at', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  await rig.work();
  const paths = pathsOf(t);
  const summary = await rig.ledger(async (ledger) => {
    const view = await offlineView('p', planOf(rig.folder, CONFIG), ledger, join(rig.folder, 'state/logs'));
    return createSummary(view.ledger, view.figures, systemClock)();
  });
  const asked = { p: 0, hangs: 0 };
  for (const name of ['p', 'hangs'] as const) {
    const handle = () => {
      asked[name]++;
      const { figures } = summary;
      return name === 'p' ? { ...summary, figures: { ...figures, backlog: asked.p } } : new Promise(() => {});
    };
    const methods = { summary: { params: v.unknown(), handle } } as unknown as RpcMethods<PipelineServiceApi>;
    const path = serviceSocket(paths, name);
    const server = await serveRpc<PipelineServiceApi>({ path, methods, log: silentLog, mode: 0o600 });
    assert.ok(server.ok);
    onEnd(t, () => server.value.close());
  }
  const clock = createFakeClock();
  const looks = createPipelineLooks({
    services: () => [serviceOf(rig, 'p', 'running'), serviceOf(rig, 'hangs', 'running')],
    paths,
    clock,
    log: silentLog,
    changed: () => {},
  });
  t.after(() => looks.close());
  const begun = clock.monotonic();
  const seen = (look: number) => until(() => looks.of('p')?.backlog === look, { what: `look ${look}` });
  const turn = async () => clock.advance(await until(() => clock.nextTimer(), { what: 'a timer' }));
  await seen(1);
  // The other one's answer is late by as much as it may be.
  await turn();
  for (let look = 2; look <= 6; look++) {
    await turn();
    await seen(look);
  }
  assert.equal(clock.monotonic() - begun, 1000 + 5 * 2000);
  assert.equal(asked.hangs, 1);
});
