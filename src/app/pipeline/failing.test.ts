import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFakeClock } from '../../../test/rig/fake-clock.ts';
import { leakCheck, onEnd } from '../../../test/rig/leaks.ts';
import { pipelineRig, planOf } from '../../../test/rig/pipeline.ts';
import { until, within } from '../../../test/rig/wait.ts';
import { systemClock } from '../../core/clock.ts';
import { silentLog } from '../../core/log.ts';
import { MOST_NEWS } from '../../pipeline/failing/episode.ts';
import type { FailingQuery } from '../../pipeline/ledger/failing.ts';
import type { Ledger } from '../../pipeline/ledger/ledger.ts';
import type { PlannedService } from '../plan.ts';
import { serviceSocket, statePaths } from '../state.ts';
import { createFailing } from './failing.ts';
import { createLending } from './lending.ts';
import { servePipeline } from './service-api.ts';

const CONFIG = {
  inbox: { root: 'incoming', match: '*.in', settle: '10ms', scan: '1h' },
  steps: { A: { from: 'inbox', run: ['false'] } },
};
const HOUR = 3_600_000;
const LOOK = 2000;

test('all that failed is read when it is told, and not at every look until then', async (t) => {
  leakCheck(t);
  const rig = pipelineRig(t, CONFIG);
  const fail = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) rig.deliver(name, 'x\n');
    await running.settle();
  };
  let ledger: Ledger | undefined;
  const running = rig.start(CONFIG, { around: (own) => (ledger = own) });
  await fail('a.in', 'b.in');
  assert.ok(ledger !== undefined);

  const clock = createFakeClock(systemClock.now());
  const paths = statePaths(join(rig.folder, 'daemon'));
  mkdirSync(paths.run, { recursive: true });
  const asked: { readonly most: number; readonly news: number }[] = [];
  const { pipeline } = running;
  const failing = async (query: FailingQuery) => {
    const answer = await pipeline.ledger.failing(query);
    asked.push({ most: query.most, news: answer.news.length });
    return answer;
  };
  const shown = { ...pipeline, ledger: { ...pipeline.ledger, failing } };
  const lending = createLending(clock);
  const served = await servePipeline(
    serviceSocket(paths, 'p'),
    { pipeline: shown, ledger, lending, clock, program: '1.2.3' },
    silentLog,
  );
  assert.ok(served.ok);
  onEnd(t, () => served.value.close());

  const marks = new Map<string, unknown>();
  const titles: string[] = [];
  let isHeld = false;
  const telling = createFailing({
    paths,
    state: { loadMark: (name) => marks.get(name), saveMark: (name, value) => void marks.set(name, value) },
    clock,
    log: silentLog,
    host: 'box',
    tell: ({ title = '' }) => void titles.push(title),
    heldOf: () => isHeld,
  });
  const plan = planOf(rig.folder, CONFIG);
  telling.use({ services: [{ name: 'p', pipeline: plan } as PlannedService], told: ['ops'] });
  const drain = new AbortController();
  const ended = telling.run(drain.signal);
  onEnd(t, async () => {
    drain.abort();
    await within(ended, { what: 'the looks to end' });
  });
  const looked = async () => {
    await until(() => clock.nextTimer() !== undefined, { what: 'a look to be over' });
    return asked.splice(0);
  };

  assert.deepEqual(await looked(), [{ most: MOST_NEWS, news: 2 }]);
  assert.match(titles.splice(0).join('\n'), /^p: 2 files failed on box/);
  await fail('c.in', 'd.in', 'e.in');
  await clock.advance(LOOK);
  assert.deepEqual(await looked(), [{ most: 1, news: 1 }]);
  isHeld = true;
  clock.jumpWall(HOUR);
  await clock.advance(LOOK);
  assert.deepEqual(await looked(), [{ most: 1, news: 1 }]);
  assert.deepEqual(titles, []);
  isHeld = false;
  await clock.advance(LOOK);
  assert.deepEqual(await looked(), [{ most: MOST_NEWS, news: 3 }]);
  assert.match(titles.join('\n'), /^p: 3 files more failed on box/);
});
