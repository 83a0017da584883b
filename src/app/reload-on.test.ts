import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { leakCheck, onEnd, tempFolder } from '../../test/rig/leaks.ts';
import { until } from '../../test/rig/wait.ts';
import type { RecordDraft } from '../core/record.ts';
import type { ServiceSnapshot } from '../core/runner.ts';
import type { PlannedService } from './plan.ts';
import { reloadOnChange } from './reload-on.ts';

async function setUp(t: TestContext) {
  leakCheck(t);
  const folder = tempFolder(t);
  const clock = createFakeClock();
  const file = join(folder, 'main.js');
  writeFileSync(file, '0');
  const restarts: string[] = [];
  const drafts: RecordDraft[] = [];
  const state: Partial<ServiceSnapshot> = { state: 'running', wanted: true, startedAt: clock.now() };
  const now = { ...state };
  const service = {
    snapshot: () => now as ServiceSnapshot,
    restart: (by: string, reason: string, who?: string) => {
      restarts.push(`${by}: ${reason} (${who})`);
      Object.assign(now, { startedAt: clock.now() });
    },
  };
  const planned = { name: 'svc', cwd: folder, reloadOn: ['*.js', '*.log'] } as unknown as PlannedService;
  const records = (batch: readonly RecordDraft[]) => void drafts.push(...batch);
  const watch = reloadOnChange(planned, service, { clock, records, logs: [join(folder, 'svc.log')] });
  onEnd(t, () => watch?.close());
  const idle = () => until(() => clock.nextTimer() !== undefined, { what: 'the look to be over' });
  await idle();
  let content = 0;
  /** Changes a file, and looks at it, by a hint or without. */
  const change = async (name = 'main.js') => {
    writeFileSync(join(folder, name), 'x'.repeat(++content));
    for (let ms = 0; ms < 12_000; ms += 1000) {
      await clock.advance(1000);
      await idle();
    }
  };
  return { clock, change, restarts, drafts, now };
}

test('a change restarts what is wanted, by name, and nothing that was stopped', async (t) => {
  const { change, restarts, now } = await setUp(t);
  await change();
  assert.deepEqual(restarts, ['person: main.js changed (a changed file)']);
  for (const [state, wanted] of [
    ['stopped', true],
    ['stopping', false],
    ['blocked', true],
  ] as const) {
    Object.assign(now, { state, wanted });
    await change();
  }
  assert.equal(restarts.length, 1);
  for (const state of ['waiting', 'done', 'stopping'] as const) {
    Object.assign(now, { state, wanted: true });
    await change();
  }
  assert.equal(restarts.length, 4);
});

test('a captured log that grows is no changed source', async (t) => {
  const { change, restarts } = await setUp(t);
  await change('svc.log');
  assert.deepEqual(restarts, []);
});

test('a service that seems to write its own sources gets a pause, and then the change', async (t) => {
  const { clock, change, restarts, drafts, now } = await setUp(t);
  for (let number = 0; number < 11; number++) {
    Object.assign(now, { startedAt: clock.now() + 12_000 });
    await change();
  }
  assert.equal(restarts.length, 10);
  assert.match(drafts[0]?.message ?? '', /^reload-on: 10 restarts in a row within 10 s/);
  Object.assign(now, { startedAt: clock.now() + 12_000 });
  await change();
  assert.deepEqual([restarts.length, drafts.length], [10, 1]);
  await clock.advance(60_000);
  assert.equal(restarts.length, 11);
});
