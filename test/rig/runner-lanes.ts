import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { RecordDraft } from '../../src/core/record.ts';
import type { Bench, MakeBench } from './runner-conformance.ts';
import { until } from './wait.ts';

/** Part of runner-conformance.ts: how restarts are paced. */

/** The promise: so many starts in a window of 10 minutes. */
const MOST_STARTS = 12;
const WINDOW_MS = 600_000;

export async function healthy(t: TestContext, bench: MakeBench): Promise<void> {
  const restart = { fast: 0, backoffMinMs: 60_000, backoffMaxMs: 60_000 };
  const { runner, rig, pass, reaches, sees } = await bench(t, { restart }, true);
  runner.start('person');
  const first = await rig.nextChild();
  await pass(10_000);
  first.exit(1);
  const second = await rig.nextChild();
  await sees('its lane', () => [runner.snapshot().lane, runner.snapshot().failures], ['fast', 0]);
  second.exit(1);
  await reaches('waiting');
  const { lane, nextStartAt, lastExit } = runner.snapshot();
  assert.equal(lane, 'backoff');
  const waitMs = (nextStartAt ?? 0) - (lastExit?.at ?? 0);
  assert.ok(waitMs >= 54_000 && waitMs <= 67_000, `waits ${waitMs} ms`);
}

const CRASHES = {
  argv: ['sh', '-c', 'exit 1'],
  restart: { fast: 3, backoffMinMs: 10, backoffMaxMs: 10, slowMs: 900_000 },
};

/** Goes through the waits until the service waits in the slow lane. */
async function untilSlow({ runner, clock, reaches }: Bench): Promise<void> {
  for (await reaches('waiting'); runner.snapshot().lane !== 'slow'; await reaches('waiting')) {
    const { nextStartAt } = runner.snapshot();
    if (clock === undefined) {
      await until(() => runner.snapshot().nextStartAt !== nextStartAt, { what: 'the next start' });
    } else await clock.advance(Math.max(1, (nextStartAt ?? 0) - clock.now()));
  }
}

function lanesTold(drafts: readonly RecordDraft[]): unknown[] {
  return drafts.filter(({ fields }) => fields?.['subject'] === 'lane').map(({ fields }) => fields?.['to']);
}

export async function crashLoop(t: TestContext, make: MakeBench): Promise<void> {
  await fallUntilSlow(await make(t, CRASHES, true));
}

async function fallUntilSlow(bench: Bench): Promise<void> {
  const { runner, drafts, messages } = bench;
  runner.start('vahti');
  await untilSlow(bench);
  assert.equal(messages('start').length, MOST_STARTS);
  assert.deepEqual(lanesTold(drafts), ['backoff', 'slow']);
  const { nextStartAt, lastExit, wanted } = runner.snapshot();
  assert.ok((nextStartAt ?? 0) - (lastExit?.at ?? 0) >= WINDOW_MS, 'the window is over by then');
  assert.deepEqual([wanted, bench.persisted()?.dueAt], [true, nextStartAt]);
}

export async function slow(t: TestContext, make: MakeBench): Promise<void> {
  const bench = await make(t, CRASHES, true);
  const { runner, clock, drafts, messages, pass, reaches, sees } = bench;
  await fallUntilSlow(bench);
  for (const more of clock === undefined ? [] : [1, 2, 3]) {
    await pass((runner.snapshot().nextStartAt ?? 0) - (clock?.now() ?? 0));
    await reaches('waiting');
    assert.equal(messages('start').length, MOST_STARTS + more);
  }
  assert.deepEqual(lanesTold(drafts), ['backoff', 'slow']);
  runner.start('person');
  assert.deepEqual([runner.snapshot().lane, runner.snapshot().startsInWindow], ['fast', 0]);
  await reaches('waiting');
  await sees('the lanes', () => lanesTold(drafts), ['backoff', 'slow', 'fast', 'backoff']);
}
