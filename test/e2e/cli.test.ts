import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { leakCheck, onEnd, tempFolder, TEST_VARIABLE, testStateId } from '../rig/leaks.ts';
import { PROGRAM, ROOT, startDaemon, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
const COMMANDS =
  'init check plan up down reload status logs explain next try start stop restart notifications notify enable disable snooze ack beat jobs run collect pipeline token query import simulate install uninstall doctor'.split(
    ' ',
  );

interface Check {
  readonly what: string;
  readonly verdict: string;
  readonly found: string;
}

test('--version and --help answer; the help of every command says what it does', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const [version, help] = await Promise.all([vahti(t, ['--version'], folder), vahti(t, ['--help'], folder)]);
  assert.deepEqual([version.code, version.stdout, version.stderr], [0, `${VERSION}\n`, '']);
  assert.deepEqual([help.code, help.stderr], [0, '']);
  const listed = [...help.stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
  assert.deepEqual(listed, [...COMMANDS, 'help']);
  const each = await Promise.all(['restart', 'collect'].map((name) => vahti(t, ['help', name], folder)));
  for (const { code, stdout } of each)
    assert.deepEqual([code, stdout.startsWith('Usage: vahti ')], [0, true]);
});

test('init writes a config that check and plan accept, and never writes over one unless told to', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const file = join(folder, 'vahti.yaml');
  const first = await vahti(t, ['init'], folder);
  assert.deepEqual([first.code, first.stderr], [0, '']);
  const [check, plan] = await Promise.all([vahti(t, ['check'], folder), vahti(t, ['plan'], folder)]);
  assert.deepEqual([check.code, check.stdout, check.stderr], [0, 'vahti.yaml is fine: 2 services\n', '']);
  assert.equal(plan.code, 0);
  const starter = readFileSync(file, 'utf8');
  writeFileSync(file, 'services: {}\n');
  const second = await vahti(t, ['init'], folder);
  assert.deepEqual([second.code, second.stdout], [1, '']);
  assert.equal(second.stderr, 'cannot write vahti.yaml: it is there already; --force writes over it\n');
  assert.equal(readFileSync(file, 'utf8'), 'services: {}\n');
  assert.equal((await vahti(t, ['init', '--force'], folder)).code, 0);
  assert.equal(readFileSync(file, 'utf8'), starter);
});

test('without a daemon every command that needs one ends with 3 and a plain line', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'vahti.yaml'), 'services: { a: { run: [sleep, "1000"] } }\n');
  const commands = [
    ['status'],
    ['down'],
    ['reload'],
    ['explain', 'a'],
    ['start', 'a'],
    ['stop', '--all'],
    ['restart', 'a'],
    ['logs'],
    ['logs', '-f'],
  ];
  await Promise.all(
    commands.map(async (command) => {
      const { code, stdout, stderr } = await vahti(t, command, folder);
      assert.deepEqual([code, stdout], [3, ''], command.join(' '));
      assert.match(
        stderr,
        /^cannot (reach the daemon: it is not running; `vahti up` starts it|show logs: the daemon is not running.*)\n$/,
      );
    }),
  );
  assert.deepEqual(readdirSync(folder), ['vahti.yaml'], 'a look makes nothing');
});

test('a broken config keeps nobody from reaching the daemon in the default folder', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, 'services: { a: { run: [sleep, "1000"] } }\n');
  writeFileSync(join(daemon.folder, 'vahti.yaml'), 'state: [\n');
  const status = await daemon.cli('status', '--json');
  assert.equal(status.code, 0);
  assert.match(status.stderr, /vahti\.yaml has errors/);
  assert.equal((await daemon.cli('down')).code, 0);
});

test('a service that is not there gets 4 and the name that was probably meant', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(
    t,
    'services: { clock: { run: [sleep, "1000"] }, relay: { run: [sleep, "1000"] } }\n',
  );
  const commands = [
    ['status', 'clokc'],
    ['explain', 'clokc'],
    ['logs', 'clokc'],
    ['start', 'clokc'],
    ['stop', 'relay', 'clokc'],
    ['restart', 'clokc'],
    ['run', 'clokc'],
  ];
  await Promise.all(
    commands.map(async (command) => {
      const { code, stdout, stderr } = await daemon.cli(...command);
      assert.deepEqual([code, stdout], [4, ''], command.join(' '));
      assert.match(
        stderr,
        /^cannot find a service "clokc", did you mean "clock"\?( \(there are clock, relay\))?\n$/,
      );
    }),
  );
  assert.equal((await daemon.service('relay')).state, 'running', 'nothing is done by halves');
});

test('a second daemon on the same state gets 5 and hears who holds it; the first goes on', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, 'services: { a: { run: [sleep, "1000"] } }\n');
  const before = await daemon.service('a');
  const { code, stdout, stderr } = await daemon.cli('up', '--view', 'json');
  assert.deepEqual([code, stdout], [5, '']);
  assert.match(stderr, new RegExp(`^cannot .*\\.vahti.*vahti up.*pid ${daemon.process.pid}.*\n$`));
  assert.equal((await daemon.service('a')).pid, before.pid);
});

test('a command line that makes no sense gets 2 and a word about what would', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['chekc'], /unknown command 'chekc'[^]*check/],
    [['status', '--jsno'], /unknown option '--jsno'[^]*--json/],
    [['explain'], /missing required argument 'name'/],
    [['stop'], /cannot stop nothing: name services, or write --all/],
    [['logs', '-n', 'some'], /Write a whole number from 0 to 10000/],
    [['logs', '--level', 'loud'], /Allowed choices are trace, debug, info, warn, error, fatal/],
    [['logs', '--since', 'yore'], /Write a duration such as 10m, or a time such as/],
    [['up', '--view', 'none'], /Allowed choices are auto, live, json/],
    [['check', '-c', 'elsewhere.yaml'], /^elsewhere\.yaml:1:1: error: cannot read the config: no such file/],
    [['simulate', 'firehose', '--listen', 'x:y'], /Write HOST:PORT/],
    [[], /^Usage: vahti/],
  ];
  await Promise.all(
    cases.map(async ([args, says]) => {
      const { code, stdout, stderr } = await vahti(t, args, folder);
      assert.deepEqual([code, stdout], [2, ''], args.join(' '));
      assert.match(stderr, says);
    }),
  );
});

test('doctor looks at everything it needs, and fails where something is wrong', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(
    join(folder, 'vahti.yaml'),
    'services: { a: { collect: { from: "ws://127.0.0.1:1/", into: data } } }\n',
  );
  writeFileSync(join(folder, 'bad.yaml'), 'services: []\n');
  const [text, json, bad] = await Promise.all([
    vahti(t, ['doctor'], folder),
    vahti(t, ['doctor', '--json'], folder),
    vahti(t, ['doctor', '--json', '-c', 'bad.yaml'], folder),
  ]);
  const checks = JSON.parse(json.stdout) as Check[];
  const whats = [
    'node',
    'config',
    'open files',
    'setpriv',
    'prlimit',
    'taskset',
    'systemd',
    'daemon',
    'state',
    'a',
  ];
  assert.deepEqual(
    checks.map((check) => check.what),
    whats,
  );
  assert.deepEqual(
    [text.code, json.code],
    checks.some((check) => check.verdict === 'wrong') ? [1, 1] : [0, 0],
  );
  for (const { what, verdict } of checks) assert.match(text.stdout, new RegExp(`^${verdict} +${what} `, 'm'));
  const config = (JSON.parse(bad.stdout) as Check[]).find((check) => check.what === 'config');
  assert.deepEqual([bad.code, config?.verdict], [1, 'wrong']);
});

/** Runs a program to its end. */
async function run(
  file: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = { cwd, timeout: 20_000, killSignal: 'SIGKILL' } as const;
  try {
    return { code: 0, ...(await promisify(execFile)(file, args, options)) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

test('a reader that goes away (vahti … | head) is no error', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  // `true` is gone long before anything is printed; the exit code comes from within the pipe.
  const script = '{ "$0" "$@"; echo "code $?" >&2; } | true';
  const { stdout, stderr } = await run('sh', ['-c', script, process.execPath, PROGRAM, '--help'], folder);
  assert.deepEqual([stdout, stderr], ['', 'code 0\n']);
});

const OLD_NODE = '/usr/bin/node';

/** Whether there is an old Node to try. */
function skipWithoutOldNode(t: TestContext): boolean {
  const version = existsSync(OLD_NODE)
    ? spawnSync(OLD_NODE, ['-v'], { encoding: 'utf8' }).stdout.trim()
    : 'none';
  const old = version !== 'none' && Number.parseInt(version.slice(1), 10) < 24;
  if (!old) t.skip(`${OLD_NODE} is ${version}: no old Node to try`);
  return !old;
}

test('under an old Node the launcher hands over to the bundled one: output, exit code and signals', async (t) => {
  if (skipWithoutOldNode(t)) return;
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'vahti.yaml'), 'services: { a: { run: [sleep, "1000"] } }\n');
  const [doctor, usage] = await Promise.all([
    run(OLD_NODE, [PROGRAM, 'doctor', '--json'], folder),
    run(OLD_NODE, [PROGRAM, 'explain'], folder),
  ]);
  const node = (JSON.parse(doctor.stdout) as Check[]).find((check) => check.what === 'node');
  assert.match(node?.found ?? '', /^v(2[4-9]|[3-9]\d)\..*node-linux-/);
  assert.deepEqual([usage.code, usage.stdout], [2, '']);
  const daemon = spawn(OLD_NODE, [PROGRAM, 'up', '--view', 'json'], {
    cwd: folder,
    env: { ...process.env, [TEST_VARIABLE]: `${testStateId}/` },
    stdio: 'ignore',
  });
  const exit = once(daemon, 'exit');
  onEnd(t, () => daemon.kill('SIGKILL'));
  await until(async () => (await vahti(t, ['status'], folder)).code === 0, {
    deadlineMs: 20_000,
    what: 'the daemon to answer',
  });
  daemon.kill('SIGTERM');
  assert.deepEqual(await within(exit, { what: 'the daemon to end' }), [0, null]);
  assert.equal((await vahti(t, ['status'], folder)).code, 3);
});

test('an old Node with no other beside it says in one line what it lacks', async (t) => {
  if (skipWithoutOldNode(t)) return;
  leakCheck(t);
  const folder = tempFolder(t);
  cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  const { code, stdout, stderr } = await run(OLD_NODE, [join(folder, 'bin/vahti.js'), 'up'], folder);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /^cannot run on Node v\d+\.\d+\.\d+: Vahti needs Node 24 or newer\n$/);
});
