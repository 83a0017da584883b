import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readStat } from '../../src/core/process-table.ts';
import { createRig, type RigChild } from '../rig/child.ts';
import { createHungDisk } from '../rig/hung-disk.ts';
import { leakCheck, onEnd } from '../rig/leaks.ts';
import { isAlive, startDaemon, type TestDaemon } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/**
 * Children that give a supervisor trouble, each under the real daemon: one that ignores TERM, one whose grandchild keeps the pipe,
 * one that floods, one that exits at once, one that closes its pipes, one that sleeps uninterruptibly.
 */

const MIB = 1_048_576;
/** So long that less than 10,000 lines become records: 5,000 at once, then 1,000 a second. */
const FLOOD_MS = 4_000;
/** `pid` is the number of its present life. */
const NEIGHBOUR = { run: ['sh', '-c', 'echo $$ > pid.new; mv pid.new pid; exec sleep 1000'] };

async function start(t: TestContext, service: object, defaults: object = {}) {
  leakCheck(t);
  const rig = await createRig(t);
  const services = { hard: { run: rig.argv, env: rig.env, ...service }, neighbour: NEIGHBOUR };
  const yaml = JSON.stringify({ defaults, services });
  const daemon = await startDaemon(t, yaml);
  return { rig, daemon, yaml, child: await rig.nextChild() };
}

/** Kilobytes that a process has in memory. */
function residentKb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Milliseconds of processor time that a process has taken; a tick is 10 ms. */
function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(words[11]) + Number(words[12]));
}

/** Kills the neighbour, and answers with how long it took until the next one was there. */
async function killNeighbour(daemon: TestDaemon): Promise<number> {
  const pid = neighbourPid(daemon);
  const begun = performance.now();
  process.kill(pid, 'SIGKILL');
  await until(() => neighbourPid(daemon) !== pid, { what: 'the next life of the neighbour' });
  return performance.now() - begun;
}

function neighbourPid(daemon: TestDaemon): number {
  const file = join(daemon.folder, 'pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

test('1: it ignores TERM, and is killed with all its tree at the deadline, not before', async (t) => {
  const { daemon, child } = await start(t, { stop: '700ms' });
  await child.ignoreTerm();
  const tree = [child.pid, await child.forkGrandchild({ ignoreTerm: true, setsid: true })];
  const begun = performance.now();
  assert.equal((await daemon.cli('stop', 'hard')).stdout, 'hard stopped\n');
  const tookMs = performance.now() - begun;
  assert.ok(tookMs >= 700 && tookMs < 5_000, `took ${tookMs} ms`);
  assert.deepEqual(tree.filter(isAlive), []);
  assert.match((await daemon.service('hard')).lastExit?.text ?? '', /, killed at the stop deadline$/);
});

test('2: its grandchild keeps the pipe, and holds up neither the next life nor a stop', async (t) => {
  const { daemon, rig, child } = await start(t, {});
  // One of its tree, and one that cannot be told from a stranger any more.
  const own = await child.forkGrandchild({ keepPipe: true });
  const stranger = await child.forkGrandchild({ keepPipe: true, setsid: true, clearEnv: true });
  onEnd(t, () => process.kill(stranger, 'SIGKILL'));
  await child.print('stdout', 'last words\n');
  const begun = performance.now();
  child.exit(1);
  const second = await rig.nextChild();
  assert.ok(performance.now() - begun < 3_000);
  assert.deepEqual([own, stranger].map(isAlive), [false, true]);
  await second.forkGrandchild({ keepPipe: true });
  assert.equal((await daemon.cli('stop', 'hard')).stdout, 'hard stopped\n');
  const said = await daemon.records('hard');
  const exit = said.find(({ kind }) => kind === 'exit');
  assert.deepEqual([exit?.life, exit?.fields?.['tail']], [child.life.split('/')[2], ['last words']]);
});

test('3: it floods: the daemon stays small, the log in its budget, others restart fast, what is dropped is told', async (t) => {
  const { daemon, child } = await start(t, { log: { budget: '4M' } });
  await daemon.waitFor('neighbour', 'to run', ({ pid }) => pid !== null && pid === neighbourPid(daemon));
  const { pid } = daemon.process;
  const calmKb = residentKb(pid);
  const flood = child.floodFor('stdout', FLOOD_MS);
  let over = false;
  void flood.finally(() => {
    over = true;
  });
  const restarts: number[] = [];
  let mostKb = 0;
  const measure = setInterval(() => {
    mostKb = Math.max(mostKb, residentKb(pid));
  }, 20);
  // Four short lives: after the third, waits would be its own lane's.
  await until(
    async () => {
      if (restarts.length < 3) restarts.push(await killNeighbour(daemon));
      return over;
    },
    { what: 'the end of the flood', deadlineMs: 20_000 },
  ).finally(() => clearInterval(measure));
  const lines = await flood;
  const logs = join(daemon.folder, '.vahti/logs');
  const bytes = (): number =>
    readdirSync(logs)
      .filter((file) => file.startsWith('hard.log'))
      // One may be rotated away meanwhile.
      .reduce((sum, file) => sum + (statSync(join(logs, file), { throwIfNoEntry: false })?.size ?? 0), 0);
  assert.ok(bytes() <= 4 * MIB, `${bytes()} bytes of log`);
  const dropped = await until(
    async () => {
      const notes = await daemon.records(
        'hard',
        '--kind',
        'note',
        '--text',
        'captured log alone',
        '-n',
        '1000',
      );
      const sum = notes.reduce((all, { fields }) => all + Number(fields?.['lines']), 0);
      const kept = (await daemon.records('hard', '--kind', 'log', '-n', '10000')).length;
      return sum + kept === lines && sum;
    },
    { what: `all of ${lines} lines to be accounted for` },
  );
  const slowest = Math.max(...restarts);
  const rate = (lines * 101) / 1_000 / FLOOD_MS;
  t.diagnostic(
    `took ${rate.toFixed(0)} MB/s; resident ${(calmKb / 1024).toFixed(0)} MiB before, ${(mostKb / 1024).toFixed(0)} MiB at most; ` +
      `restarts of the neighbour ${restarts.map((ms) => ms.toFixed(0)).join(', ')} ms; ${dropped} of ${lines} lines in the captured log alone`,
  );
  assert.ok(dropped > lines / 2, 'it was a flood');
  assert.ok(mostKb - calmKb < 96 * 1024, `from ${calmKb} to ${mostKb} KiB`);
  assert.ok(slowest < 1_000, `slowest restart of the neighbour ${slowest} ms`);
});

test('4: it exits at once: few starts, then waits that grow, and a daemon that rests', async (t) => {
  leakCheck(t);
  const services = { hard: { run: ['sh', '-c', 'echo x >> lives; exit 0'] }, neighbour: NEIGHBOUR };
  const daemon = await startDaemon(t, JSON.stringify({ services }));
  const waits = await daemon.waitFor('hard', 'to back off', ({ failures }) => failures === 5);
  assert.deepEqual([waits.state, waits.lane], ['waiting', 'backoff']);
  assert.equal(readFileSync(join(daemon.folder, 'lives'), 'utf8'), 'x\n'.repeat(5));
  const flips = (await daemon.records('hard', '--kind', 'flip')).map(({ message }) => message);
  assert.equal(flips.length, 1);
  assert.equal((await daemon.service('neighbour')).failures, 0);
  await assertRests(daemon);
});

test('5: it closes its pipes and goes on: it is not taken for dead, and the daemon does not spin', async (t) => {
  const { daemon, child } = await start(t, {});
  await child.closePipes();
  await assertRests(daemon);
  assert.equal((await child.env())['VAHTI_SERVICE'], 'hard');
  const { state, pid, startsInWindow } = await daemon.service('hard');
  assert.deepEqual([state, pid, startsInWindow], ['running', child.pid, 1]);
  assert.equal((await daemon.cli('stop', 'hard')).stdout, 'hard stopped\n');
});

/** A second of its life takes little of a processor. */
async function assertRests({ process: { pid } }: TestDaemon): Promise<void> {
  const before = cpuMs(pid);
  const end = performance.now() + 1_000;
  await until(() => performance.now() >= end, { what: 'a second to pass' });
  const took = cpuMs(pid) - before;
  assert.ok(took <= 300, `${took} ms of processor time in a second`);
}

test('6: it sleeps uninterruptibly: stuck, nothing new starts, also under the next daemon; goes on when it is over', async (t) => {
  leakCheck(t);
  const disk = await createHungDisk(t);
  if (typeof disk === 'string') return t.skip(disk);
  const { daemon, rig, child, yaml } = await startStuck(t, disk.file);
  const stuck = await daemon.waitFor('hard', 'to be stuck', ({ state }) => state === 'stuck');
  assert.equal(readStat(child.pid)?.state, 'D');
  assert.equal(stuck.pid, child.pid);
  assert.equal((await daemon.cli('start', 'hard')).code, 1);
  assert.equal((await daemon.cli('restart', 'hard')).code, 1);
  // Another command: the old life is still in the way.
  writeFileSync(join(daemon.folder, 'vahti.yaml'), yaml.replace('100ms', '200ms'));
  assert.equal((await daemon.cli('reload')).code, 0);
  const flips = await daemon.records('hard', '--kind', 'flip');
  const said = `stuck: SIGKILL does not end process ${child.pid}; nothing new starts until they are gone`;
  assert.deepEqual(
    flips.map(({ message }) => message),
    [said],
  );
  assert.equal((await daemon.service('hard')).state, 'stuck');
  assert.ok((await killNeighbour(daemon)) < 5_000, 'others go on');
  daemon.process.kill('SIGKILL');
  await daemon.process.ended;
  const next = await startDaemon(t, yaml, daemon.folder);
  assert.deepEqual(
    [(await next.service('hard')).state, (await next.service('neighbour')).state],
    ['stuck', 'running'],
  );
  assert.match((await next.cli('explain', 'hard')).stdout, /^It is stuck since /m);
  await disk.release();
  await until(() => !isAlive(child.pid), { what: 'the end of the old life' });
  const successor = await rig.nextChild(45_000);
  assert.equal((await next.service('hard')).pid, successor.pid);
  assert.deepEqual(
    (await next.records('hard', '--kind', 'flip')).map(({ message }) => message),
    [said, said, 'no longer stuck: its old processes are gone'],
    'one message a daemon',
  );
});

async function startStuck(
  t: TestContext,
  file: string,
): Promise<{
  daemon: TestDaemon;
  rig: Awaited<ReturnType<typeof createRig>>;
  child: RigChild;
  yaml: string;
}> {
  const rig = await createRig(t);
  const services = { hard: { run: rig.argv, env: rig.env, stop: '100ms' }, neighbour: NEIGHBOUR };
  const yaml = JSON.stringify({ services });
  const daemon = await startDaemon(t, yaml);
  const child = await rig.nextChild();
  child.read(file);
  // It is asleep: whatever it is asked now, it does not answer.
  await until(() => readStat(child.pid)?.state !== 'R' && child, { what: 'it to sleep' });
  const restart = daemon.client.call('restart', { names: ['hard'], reason: '' });
  restart.catch(() => {});
  return { daemon, rig, child, yaml };
}
