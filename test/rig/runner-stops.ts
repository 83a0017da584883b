import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import type { RigChild } from './child.ts';
import type { MakeBench, Subject } from './runner-conformance.ts';
import { within } from './wait.ts';

/** Part of runner-conformance.ts: what ends a life, and what an end means. */

export async function saysDone(t: TestContext, bench: MakeBench): Promise<void> {
  const { runner, rig, reaches, persisted } = await bench(t, { restart: { noRestartOn: [78] } });
  runner.start('person');
  (await rig.nextChild()).exit(78);
  await reaches('done');
  assert.equal(persisted()?.done, true);
  runner.start('vahti');
  runner.restart('vahti', 'a watch is bad');
  assert.equal(runner.snapshot().state, 'done');
  runner.start('person');
  await rig.nextChild();
  assert.equal(persisted()?.done, false);
}

export async function stopHolds(t: TestContext, bench: MakeBench): Promise<void> {
  const { runner, rig, messages, persisted } = await bench(t);
  runner.start('person');
  await rig.nextChild();
  runner.stop('person');
  assert.equal(persisted()?.wanted, false, 'written down before anything is done');
  await within(runner.ended(), { what: 'the end' });
  assert.match(messages('exit')[0] ?? '', /, as asked$/);
  runner.start('vahti');
  runner.restart('vahti', 'a watch is bad');
  const { state, wanted, pid } = runner.snapshot();
  assert.deepEqual([state, wanted, pid], ['stopped', false, null]);
  runner.start('person');
  await rig.nextChild();
  assert.deepEqual([runner.snapshot().wanted, messages('action')], [true, ['stop by a person']]);
}

export async function stopEndsTree(
  t: TestContext,
  bench: MakeBench,
  { killedAtDeadline }: Subject,
): Promise<void> {
  const { runner, rig, messages } = await bench(t, { stopMs: 300 });
  runner.start('person');
  const child = await rig.nextChild();
  await child.ignoreTerm();
  const tree = [child.pid, ...(await family(child))];
  const begun = performance.now();
  runner.stop('person');
  await within(runner.ended(), { what: 'the end' });
  const tookMs = performance.now() - begun;
  assert.ok(tookMs >= 300 && tookMs < 3_000, `took ${tookMs} ms`);
  assert.deepEqual(tree.filter(lives), []);
  assert.match(messages('exit')[0] ?? '', killedAtDeadline);
}

export async function treeBeforeNext(t: TestContext, bench: MakeBench): Promise<void> {
  const { runner, rig } = await bench(t, { stopMs: 300 });
  runner.start('person');
  const child = await rig.nextChild();
  const tree = await family(child);
  child.exit(1);
  await rig.nextChild();
  assert.deepEqual(tree.filter(lives), []);
}

/** One that ignores TERM, one that left the group, one that keeps the pipe. */
async function family(child: RigChild): Promise<number[]> {
  return [
    await child.forkGrandchild({ ignoreTerm: true }),
    await child.forkGrandchild({ setsid: true }),
    await child.forkGrandchild({ keepPipe: true }),
  ];
}

function lives(pid: number): boolean {
  return fs.existsSync(path.join('/proc', String(pid), 'exe'));
}

export async function endOfDaemon(t: TestContext, bench: MakeBench, { adopts }: Subject): Promise<void> {
  const { runner, rig, persisted, reaches } = await bench(t);
  runner.start('person');
  const child = await rig.nextChild();
  await reaches('running');
  runner.retire();
  assert.equal(runner.snapshot().state, 'running', 'what runs goes on for now');
  assert.equal(await runner.dispose('daemon'), undefined, 'nothing is left');
  if (adopts) {
    assert.equal(lives(child.pid), true, 'it goes on');
    assert.deepEqual([persisted()?.wanted, persisted()?.process?.pid], [true, child.pid]);
    return;
  }
  await child.gone;
  runner.start('person');
  assert.equal(runner.snapshot().state, 'stopped');
  assert.deepEqual([persisted()?.wanted, persisted()?.process], [true, null]);
}
