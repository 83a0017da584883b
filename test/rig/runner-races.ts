import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createRandom } from '../../src/wire/atproto/random.ts';
import { createRig } from './child.ts';
import { leakCheck, tempFolder } from './leaks.ts';
import type { Subject } from './runner-conformance.ts';
import { until, within } from './wait.ts';

/** Part of runner-conformance.ts: never two lives at once, whoever asks for what, whoever dies. */

/**
 * Holds a lock that the kernel frees only when nobody of its tree lives any more, and writes a line for each life: `start PID`,
 * or `double PID` where the lock was taken.
 */
const LOCKED = `
exec 9>>lock
if ! flock -n 9; then echo "double $$" >> lives; exit 1; fi
echo "start $$" >> lives
setsid sleep 1000 &
sleep 1000 & wait`;

/** From within one turn to long enough for a life to begin, or to end: so many turns, where everything is known at once, else milliseconds. */
const QUICK = { sequences: 4, commands: 40, pauses: [0, 0, 1, 100], settleMs: 300 } as const;
const SLOW = { sequences: 2, commands: 25, pauses: [0, 0, 20, 200], settleMs: 1_500 } as const;

export async function races(t: TestContext, subject: Subject): Promise<void> {
  leakCheck(t);
  const { sequences, commands, pauses, settleMs } = subject.atOnce ? QUICK : SLOW;
  const pause = async (length: number): Promise<void> => {
    const end = performance.now() + length;
    for (let turns = 0; subject.atOnce ? turns < length : performance.now() < end; turns++) await turn();
  };
  let lived = 0;
  for (let seed = 1; seed <= sequences; seed++) {
    const random = createRandom(seed);
    const cwd = tempFolder(t);
    const env = { PATH: process.env['PATH'] ?? '' };
    const argv = ['sh', '-c', LOCKED];
    const { runner } = await subject.make(t, {
      argv,
      env,
      cwd,
      stopMs: 2_000,
      restart: { fast: 1_000 },
    });
    const settled = (): boolean => lines(cwd).at(-1) === `start ${runner.snapshot().pid}`;
    const acts = [
      () => runner.start('person'),
      () => runner.start('vahti'),
      () => runner.stop('person'),
      () => runner.restart('person', 'a test'),
      () => runner.restart('vahti', 'a test'),
      () => runner.renew('a test'),
      () => kill(runner.snapshot().pid),
      () => runner.needs(random.chance(50) ? ['db'] : []),
    ];
    for (let command = 0; command < commands; command++) {
      random.pick(acts)();
      if (random.chance(25)) await until(settled, { deadlineMs: settleMs, what: '' }).catch(() => {});
      else await pause(random.pick(pauses));
    }
    runner.needs([]);
    runner.start('person');
    await until(settled, { what: `the life that is shown, seed ${seed}` });
    lived += lines(cwd).length;
    const odd = lines(cwd).filter((line) => !line.startsWith('start '));
    assert.deepEqual(odd, [], `two lives, seed ${seed}`);
    runner.stop('person');
    await within(runner.ended(), { what: 'the end' });
  }
  assert.ok(lived > sequences, `${lived} lives`);
  t.diagnostic(`${lived} lives`);
}

function lines(folder: string): string[] {
  const file = path.join(folder, 'lives');
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

function kill(pid: number | null): void {
  try {
    if (pid !== null) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

export async function followed(t: TestContext, subject: Subject): Promise<void> {
  leakCheck(t);
  const rig = await createRig(t);
  const order = { argv: rig.argv, env: rig.env };
  const first = subject.makeToKill(t, order);
  (await rig.nextChild()).exit(1);
  const old = await rig.nextChild();
  const restored = await first.kill();
  assert.deepEqual([restored.wanted, restored.lane.starts.length, restored.lane.failures], [true, 2, 1]);
  await subject.recover(restored);
  const { runner } = await subject.make(t, order, { restored });
  runner.start('vahti');
  if (!subject.adopts) {
    await within(old.gone, { what: 'the old life to end' });
    const next = await rig.nextChild();
    assert.notEqual(next.life, old.life);
    assert.equal(runner.snapshot().startsInWindow, 3, 'the tally goes on');
  } else await until(() => runner.snapshot().pid === old.pid, { what: 'the old life to be its own' });
  assert.equal(runner.snapshot().state, 'running');
}

export async function staysStopped(t: TestContext, subject: Subject): Promise<void> {
  leakCheck(t);
  const rig = await createRig(t);
  const order = { argv: rig.argv, env: rig.env };
  const { runner, persisted } = await subject.make(t, order);
  runner.start('person');
  const child = await rig.nextChild();
  runner.stop('person');
  // As it was written down in the middle of the stop: that is what a kill would leave.
  const restored = persisted();
  assert.ok(restored !== undefined);
  await within(runner.ended(), { what: 'the end' });
  await child.gone;
  await subject.recover(restored);
  const next = await subject.make(t, order, { restored });
  next.runner.start('vahti');
  next.runner.restart('vahti', 'a watch is bad');
  if (!subject.atOnce) await until(() => next.runner.snapshot().state === 'stopped', { what: 'the look' });
  assert.deepEqual([next.runner.snapshot().state, next.runner.snapshot().wanted], ['stopped', false]);
  next.runner.start('boot');
  await rig.nextChild();
}
