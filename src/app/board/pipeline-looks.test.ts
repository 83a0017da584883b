import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck, tempFolder } from '../../../test/rig/leaks.ts';
import { pipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { until } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { reportedPipeline } from '../../wire/page/pipeline.ts';
import { statePaths } from '../state.ts';
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

test('a pipeline that does not run is reported as its ledger has it; only what changed is told', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  rig.deliver('a.in', 'good\n');
  rig.deliver('b.in', 'bad\n');
  await rig.work();
  const paths = statePaths(tempFolder(t));
  mkdirSync(join(paths.folder, 'pipelines'), { recursive: true });
  symlinkSync(join(rig.folder, 'state'), join(paths.folder, 'pipelines/p'));
  const service = {
    planned: { name: 'p', pipeline: planOf(rig.folder, CONFIG) },
    service: { snapshot: () => ({ state: 'stopped' }) },
  } as unknown as Supervised;
  const clock = createFakeClock();
  const told: (readonly string[])[] = [];
  const looks = createPipelineLooks({
    services: () => [service],
    paths,
    clock,
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
      { done: 1, failed: 1 },
    ],
  );
  const { at, nextAt } = first.steps[1] ?? {};
  assert.match(at ?? '', /^0 8 \* \* \*/);
  assert.ok((nextAt ?? 0) > clock.now());
  assert.deepEqual(
    first.failures.map(({ of, reason, count }) => [of, reason, count]),
    [['L0', 'exit code 1', 1]],
  );
  assert.deepEqual(
    { ...pipelineFigures(first, clock.now()), rate: 0 },
    { rate: 0, backlog: 0, oldest: 0, failed: 1 },
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
  assert.deepEqual([next.backlog, next.failures, told.length], [1, [], 2]);
});
