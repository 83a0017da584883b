import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createRig } from '../../test/rig/child.ts';
import { createFakeClock } from '../../test/rig/fake-clock.ts';
import { leakCheck, tempFolder, testStateId } from '../../test/rig/leaks.ts';
import { until, within } from '../../test/rig/wait.ts';
import { systemClock as clock } from './clock.ts';
import {
  bootId,
  endTree,
  groupAlive,
  LIFE_VARIABLE,
  lookupUser,
  processAlive,
  processesWithEnv,
} from './processes.ts';
import { signalGroup, startProcess, userEnvironment, type Process, type ProcessSpec } from './processes.ts';

const PATH = '/usr/local/bin:/usr/bin:/bin';
const asRoot = { skip: process.getuid?.() !== 0 && 'needs root' };

function run(argv: readonly string[], more: Partial<ProcessSpec> = {}): Process {
  return startProcess({ argv, env: { PATH }, cwd: '/', ...more });
}

function pidOf(child: { readonly pid: number | undefined }): number {
  assert.ok(child.pid !== undefined, 'it was not started');
  return child.pid;
}

async function outputOf(child: Process): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return text;
}

/** A rig child that leads a group and carries a life. */
async function startRigged(t: TestContext) {
  leakCheck(t);
  const rig = await createRig(t);
  const life = `${testStateId}/svc/${t.name.replaceAll(/\W+/g, '-')}`;
  const main = startProcess({ argv: rig.argv, env: { ...rig.env, [LIFE_VARIABLE]: life }, cwd: '/' });
  const child = await rig.nextChild();
  const pid = pidOf(main);
  const end = (deadlineMs: number) =>
    endTree({ pgid: pid, startTicks: main.startTicks ?? 0, life, deadlineMs, clock });
  return { main, child, pid, life, end };
}

test('a process tells its code or its signal', async (t) => {
  leakCheck(t);
  assert.deepEqual(await run(['sh', '-c', 'exit 3']).exited, { kind: 'exited', code: 3 });
  assert.deepEqual(await run(['sh', '-c', 'kill -SEGV $$']).exited, { kind: 'signalled', signal: 'SIGSEGV' });
});

test('a process gets exactly its environment, and leads a session of its own', async (t) => {
  leakCheck(t);
  const child = run(['sh', '-c', 'cat /proc/self/environ; echo; cat /proc/$$/stat'], {
    env: { PATH, A: 'b=c' },
    stdout: 'pipe',
  });
  const [environ = '', stat = ''] = (await outputOf(child)).split('\n');
  const variables = environ
    .split('\0')
    .filter((entry) => entry !== '' && !/^(PWD|OLDPWD|SHLVL|_)=/.test(entry));
  assert.deepEqual(variables.sort(), ['A=b=c', `PATH=${PATH}`]);
  assert.deepEqual(stat.split(' ').slice(4, 6), [String(child.pid), String(child.pid)]);
  assert.equal(stat.split(' ')[21], String(child.startTicks));
});

test('what cannot be started says why', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  fs.writeFileSync(path.join(folder, 'plain'), 'x', { mode: 0o644 });
  fs.writeFileSync(path.join(folder, 'script'), '#!/no/such/interpreter\n', { mode: 0o755 });
  const cases: [string[], string, string][] = [
    [['no-such-program'], '/', 'cannot start "no-such-program": no such program'],
    [['/no/such'], '/', 'cannot start "/no/such": no such program'],
    [['./plain'], folder, 'cannot start "./plain": not executable'],
    [['./script'], folder, 'cannot start "./script": its interpreter (the first line, #!) does not exist'],
    [['true'], '/no/such/cwd', 'cannot start "true": cwd "/no/such/cwd" does not exist'],
    [['true'], '/etc/passwd', 'cannot start "true": cwd "/etc/passwd" is not a folder'],
    [['true', 'x'.repeat(200_000)], '/', 'cannot start "true": its arguments and environment are too long'],
  ];
  for (const [argv, cwd, error] of cases) {
    const child = run(argv, { cwd });
    assert.equal(child.pid, undefined);
    assert.deepEqual(await child.exited, { kind: 'failed', error });
  }
});

test('a process runs as another user, with that user’s groups, under the same pid', asRoot, async (t) => {
  leakCheck(t);
  const user = await lookupUser('nobody');
  assert.ok(user !== undefined);
  const env = { PATH, ...userEnvironment(user) };
  const child = run(['sh', '-c', 'id -u; id -g; id -G; echo $USER; echo $$'], { user, env, stdout: 'pipe' });
  const lines = (await outputOf(child)).trim().split('\n');
  const groups = fs
    .readFileSync('/etc/group', 'utf8')
    .split('\n')
    .filter((line) => line.split(':')[3]?.split(',').includes('nobody'));
  const expected = [String(user.gid), ...groups.map((line) => line.split(':')[2])].join(' ');
  assert.deepEqual(lines, [String(user.uid), String(user.gid), expected, 'nobody', String(child.pid)]);
});

test('as another user, too, what cannot be started says why', asRoot, async (t) => {
  leakCheck(t);
  const user = { name: 'nobody', uid: 65_534, gid: 65_534, home: '/' };
  const failed = (error: string) => ({ kind: 'failed', error });
  assert.deepEqual(
    await run(['no-such'], { user }).exited,
    failed('cannot start "no-such": no such program'),
  );
  assert.deepEqual(
    await run(['true'], { user, cwd: '/nope' }).exited,
    failed('cannot start "true": cwd "/nope" does not exist'),
  );
});

test('users are found by name and by number', async (t) => {
  leakCheck(t);
  const root = { name: 'root', uid: 0, gid: 0, home: '/root' };
  assert.deepEqual(await lookupUser('root'), root);
  assert.deepEqual(await lookupUser('0'), root);
  assert.equal(await lookupUser('no-such-user'), undefined);
  assert.equal(await lookupUser('--help'), undefined);
});

test('processes are found by a variable of their environment', async (t) => {
  const { child, pid, life, main, end } = await startRigged(t);
  const prefix = life.slice(0, -2);
  assert.deepEqual(processesWithEnv(LIFE_VARIABLE, prefix), [
    { pid, startTicks: main.startTicks, group: pid, value: life },
  ]);
  assert.deepEqual(processesWithEnv('AHTI_LIFE', prefix), []);
  assert.deepEqual(processesWithEnv(LIFE_VARIABLE, `${life}x`), []);
  assert.ok(processAlive({ pid, startTicks: main.startTicks ?? 0 }));
  assert.ok(!processAlive({ pid, startTicks: (main.startTicks ?? 0) + 1 }));
  child.exit(0);
  await main.exited;
  assert.deepEqual(await end(0), { kind: 'gone', killed: false });
});

test('a tree that is gone already takes no time to end', async (t) => {
  const { child, main, life, pid } = await startRigged(t);
  child.exit(0);
  await main.exited;
  const still = createFakeClock();
  assert.deepEqual(await endTree({ pgid: pid, life, deadlineMs: 30_000, clock: still }), {
    kind: 'gone',
    killed: false,
  });
  assert.equal(still.nextTimer(), undefined);
});

test('SIGTERM is enough for who heeds it, with grandchildren inside and outside of the group', async (t) => {
  const { child, main, end } = await startRigged(t);
  const inside = await child.forkGrandchild({ keepPipe: true });
  const outside = await child.forkGrandchild({ setsid: true });
  const begun = performance.now();
  assert.deepEqual(await end(20_000), { kind: 'gone', killed: false });
  assert.ok(performance.now() - begun < 5000);
  assert.equal((await main.exited).kind, 'signalled');
  for (const pid of [inside, outside])
    assert.equal(fs.existsSync(`/proc/${pid}/status`) && groupAlive(pid), false);
});

test('a main process that ends its children is asked alone; what it leaves is asked when it is gone', async (t) => {
  leakCheck(t);
  const life = `${testStateId}/svc/main-first`;
  const script =
    'sleep 1000 & trap "sleep 0.1; kill -0 $! && echo it lives; exit 0" TERM; echo "up $!"; wait';
  const main = startProcess({
    argv: ['sh', '-c', script],
    env: { PATH, [LIFE_VARIABLE]: life },
    cwd: '/',
    stdout: 'pipe',
  });
  let text = '';
  main.stdout?.on('data', (chunk) => (text += String(chunk)));
  const child = Number(await until(() => /up (\d+)/.exec(text)?.[1], { what: 'the child to run' }));
  const pid = pidOf(main);
  const ended = await endTree({ pgid: pid, life, deadlineMs: 20_000, mainFirst: true, clock });
  assert.deepEqual(ended, { kind: 'gone', killed: false });
  assert.match(text, /it lives/);
  assert.equal(fs.existsSync(`/proc/${child}`) && groupAlive(pid), false);
});

test('who ignores SIGTERM is killed at the deadline, wherever it went', async (t) => {
  const { child, main, end } = await startRigged(t);
  await child.ignoreTerm();
  await child.forkGrandchild({ setsid: true, ignoreTerm: true });
  const begun = performance.now();
  assert.deepEqual(await end(200), { kind: 'gone', killed: true });
  const took = performance.now() - begun;
  assert.ok(took >= 200 && took < 2000, `it took ${took} ms`);
  assert.deepEqual(await main.exited, { kind: 'signalled', signal: 'SIGKILL' });
});

test('an escapee whose main process is long gone is ended too', async (t) => {
  const { child, main, end } = await startRigged(t);
  const escapee = await child.forkGrandchild({ setsid: true });
  child.exit(0);
  await main.exited;
  assert.ok(groupAlive(escapee));
  assert.deepEqual(await end(10_000), { kind: 'gone', killed: false });
  assert.equal(groupAlive(escapee), false);
});

test('a stopped process is ended by SIGTERM, without waiting for the deadline', async (t) => {
  const { child, pid, main, end } = await startRigged(t);
  child.signal('SIGSTOP');
  await until(() => / T /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8')), { what: 'the child to stop' });
  assert.deepEqual(await end(20_000), { kind: 'gone', killed: false });
  await main.exited;
});

test('a busy process that is deaf to its own handlers is killed', async (t) => {
  const { child, main, end } = await startRigged(t);
  await child.ignoreTerm();
  child.spin();
  assert.deepEqual(await end(50), { kind: 'gone', killed: true });
  await main.exited;
});

test('a group of which only zombies are left is gone', async (t) => {
  leakCheck(t);
  // The shell's child leads a group and is never waited for: the shell has become a sleep.
  const parent = run(['sh', '-c', 'setsid sh -c "exit 0" & exec sleep 1000']);
  const pid = pidOf(parent);
  const children = () =>
    fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const zombie = await until(
    () => children().find((child) => / Z \d+ /.test(fs.readFileSync(`/proc/${child}/stat`, 'utf8'))),
    { what: 'a zombie' },
  );
  process.kill(-zombie, 0); // the kernel still knows the group
  assert.equal(groupAlive(zombie), false);
  assert.ok(groupAlive(pid));
  signalGroup(pid, 'SIGKILL');
  await parent.exited;
  assert.equal(groupAlive(pid), false);
});

test('a group whose leader has another start is a stranger’s and left alone', async (t) => {
  leakCheck(t);
  const stranger = run(['sleep', '1000']);
  const pid = pidOf(stranger);
  const end = {
    pgid: pid,
    startTicks: (stranger.startTicks ?? 0) - 1,
    life: `${testStateId}/none/x`,
    deadlineMs: 0,
    clock,
  };
  assert.deepEqual(await endTree(end), { kind: 'gone', killed: false });
  assert.ok(groupAlive(pid));
  signalGroup(pid, 'SIGKILL');
  await stranger.exited;
});

test('init, everybody and this process are never signalled', (t) => {
  leakCheck(t);
  const own = Number(fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[2]);
  for (const pgid of [1, 0, -1, Number.NaN, own]) assert.equal(signalGroup(pgid, 'SIGKILL'), false);
});

test('a boot has an id', () => {
  assert.match(bootId(), /^[0-9a-f-]{36}$/);
});

test('a process that never gets a turn to read its standard input does not hang on it', async (t) => {
  leakCheck(t);
  assert.deepEqual(await within(run(['cat']).exited, { what: 'cat to end' }), { kind: 'exited', code: 0 });
  const fed = run(['cat'], { stdin: 'pipe', stdout: 'pipe' });
  fed.stdin?.end('hello');
  assert.equal(await outputOf(fed), 'hello');
});
