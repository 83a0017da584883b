import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createRig } from '../../../test/rig/child.ts';
import type { DaemonOrders } from '../../../test/rig/daemon-main.ts';
import { leakCheck, tempFolder, testStateId as stateId } from '../../../test/rig/leaks.ts';
import { systemClock as clock } from '../../core/clock.ts';
import { groupAlive, LIFE_VARIABLE, processesWithEnv, startProcess } from '../../core/processes.ts';
import type { PersistedService, RecordedProcess } from '../../core/runner.ts';
import { endSurvivors } from './survivors.ts';

const MAIN = path.join(import.meta.dirname, '../../../test/rig/daemon-main.ts');

/** A daemon of its own with services that are rig children. */
async function startDaemon(t: TestContext, names: readonly string[]) {
  leakCheck(t);
  const folder = tempFolder(t);
  const rig = await createRig(t);
  const statePath = path.join(folder, 'state.json');
  const services = names.map((name) => ({
    name,
    argv: rig.argv,
    env: rig.env,
    cwd: '/',
    stopMs: 5000,
    log: { path: path.join(folder, `${name}.log`) },
  }));
  const orders: DaemonOrders = { stateId, statePath, services };
  const daemon = startProcess({
    argv: [process.execPath, MAIN, JSON.stringify(orders)],
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: '/',
  });
  const children = [];
  for (const _ of names) children.push(await rig.nextChild());
  const recorded = (): RecordedProcess[] => {
    const states = JSON.parse(fs.readFileSync(statePath, 'utf8')) as Record<string, PersistedService>;
    return Object.values(states).flatMap((state) => (state.process === null ? [] : [state.process]));
  };
  const kill = async () => {
    process.kill(daemon.pid ?? 0, 'SIGKILL');
    await daemon.exited;
  };
  return { daemon, children, recorded, kill };
}

const carriers = () => processesWithEnv(LIFE_VARIABLE, `${stateId}/`);

test('what a killed daemon left behind is ended, whole groups and escapees, before anything starts', async (t) => {
  const { children, kill } = await startDaemon(t, ['a', 'b']);
  const [a, b] = children;
  assert.ok(a !== undefined && b !== undefined);
  await a.ignoreTerm();
  const grandchildren = [
    await a.forkGrandchild({ clearEnv: true }),
    await b.forkGrandchild({ setsid: true, keepPipe: true }),
  ];
  await kill();
  assert.equal(carriers().length, 3);
  const begun = performance.now();
  const ended = await endSurvivors({ stateId, deadlineMs: 300, clock, recorded: [] });
  assert.ok(performance.now() - begun < 2000, 'lives are ended side by side');
  const byLife = new Map(ended.map(({ life, end }) => [life, end]));
  assert.deepEqual(byLife.get(a.life), { kind: 'gone', killed: true });
  assert.deepEqual(byLife.get(b.life), { kind: 'gone', killed: false });
  assert.equal(byLife.size, 2);
  for (const pid of [a.pid, b.pid, ...grandchildren])
    assert.equal(fs.existsSync(`/proc/${pid}/exe`), false, `${pid} lives`);
});

test('a main process that lost its environment is found by what the daemon wrote down, and by nothing else', async (t) => {
  leakCheck(t);
  const main = startProcess({ argv: ['sleep', '1000'], env: { PATH: '/usr/bin:/bin' }, cwd: '/' });
  const pid = main.pid ?? 0;
  const right = {
    pid,
    startTicks: main.startTicks ?? 0,
    life: `${stateId}/a/L1`,
    boot: fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  };
  const wrong = [
    { ...right, boot: 'another' },
    { ...right, startTicks: right.startTicks + 1 },
  ];
  assert.deepEqual(await endSurvivors({ stateId, deadlineMs: 100, clock, recorded: wrong }), []);
  assert.ok(groupAlive(pid));
  const ended = await endSurvivors({ stateId, deadlineMs: 5000, clock, recorded: [right] });
  const gone = { kind: 'gone', killed: false };
  assert.deepEqual(ended, [{ life: right.life, end: gone, leftover: undefined }]);
  await main.exited;
});

test('the daemon writes down who its main process is', async (t) => {
  const { children, recorded, kill } = await startDaemon(t, ['a']);
  const [written] = recorded();
  assert.deepEqual([written?.pid, written?.life], [children[0]?.pid, children[0]?.life]);
  await kill();
  const ended = await endSurvivors({ stateId, deadlineMs: 5000, clock, recorded: recorded() });
  assert.deepEqual(
    ended.map(({ life }) => life),
    [children[0]?.life],
  );
});

test('a daemon that is asked to end takes its services with it', async (t) => {
  const { daemon, children, recorded } = await startDaemon(t, ['a', 'b']);
  process.kill(daemon.pid ?? 0, 'SIGTERM');
  assert.deepEqual(await daemon.exited, { kind: 'exited', code: 0 });
  await Promise.all(children.map((child) => child.gone));
  assert.deepEqual(carriers(), []);
  assert.deepEqual(recorded(), []);
});

test('other state folders are left alone', async (t) => {
  const { children, kill } = await startDaemon(t, ['a']);
  assert.deepEqual(
    await endSurvivors({ stateId: stateId.slice(0, -1), deadlineMs: 0, clock, recorded: [] }),
    [],
  );
  assert.equal(carriers().length, 1);
  children[0]?.exit(0);
  await children[0]?.gone;
  await kill();
  await endSurvivors({ stateId, deadlineMs: 0, clock, recorded: [] });
});
