import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/app/config/load.ts';
import { createRig } from '../rig/child.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { PROGRAM, startDaemon, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

test('memory above the hard limit is killed and told; the figure is shown', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const services = { hungry: { run: rig.argv, env: rig.env, memory: '300M' } };
  const daemon = await startDaemon(t, JSON.stringify({ services }));
  const child = await rig.nextChild();
  const { memory } = await daemon.waitFor('hungry', 'to be looked at', (service) => service.memory !== null);
  assert.ok(memory !== null && memory.bytes > 10_000_000 && memory.peakBytes >= memory.bytes);
  assert.match(
    (await daemon.cli('explain', 'hungry')).stdout,
    /take \d+M of memory, \d+M at most in this life; above 300M killed\./,
  );
  assert.match((await daemon.cli('plan')).stdout, /memory {5}300M/);
  child.allocate(400 * 1_048_576).catch(() => {});
  await within(child.gone, { what: 'the kill' });
  await rig.nextChild();
  const { lastExit } = await daemon.service('hungry');
  assert.match(lastExit?.text ?? '', /^ended by SIGKILL after .*; memory \d+M is above the hard limit 300M$/);
  await daemon.stop();
});

const SAY = 'ulimit -n; sed -n s/^Cpus_allowed_list:.//p /proc/$$/status; echo "$A $B $C"; exec sleep 1000';

test('open files, processors, environment file and log file are what the config says', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'app.env'), '# of the app\nA="from file"\nB=filed\n');
  const yaml = `
services:
  app:
    run: [sh, -c, '${SAY}']
    env: { B: set, C: c }
    env-file: app.env
    open-files: 99
    cpu: 0.5
    log: { file: out/app.txt, mode: 0600 }
`;
  const daemon = await startDaemon(t, yaml, folder);
  const log = join(folder, 'out/app.txt');
  const words = (): string[] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .map((line) => line.split(' stdout ')[1] ?? '');
  await until(() => words().length === 4, { what: 'three lines' });
  const [files, processors, env] = words();
  assert.deepEqual([files, env], ['99', 'from file set c']);
  assert.match(processors ?? '', /^\d+$/);
  assert.equal(statSync(log).mode & 0o777, 0o600);
  assert.equal((await daemon.service('app')).log, log);
  assert.deepEqual(readdirSync(join(folder, '.vahti/logs')), []);

  // The file is read anew for each life, and a mistake in it is told with its place.
  writeFileSync(join(folder, 'app.env'), 'A=new\n');
  await daemon.cli('restart', 'app');
  await until(() => words().includes('new set c'), { what: 'the new value' });
  writeFileSync(join(folder, 'app.env'), 'A=new\nexport B=1\n');
  const refused = await daemon.cli('restart', 'app');
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /cannot use \S+\/app\.env:2: "export B" cannot name a variable/);
  const checked = await vahti(t, ['check'], folder);
  assert.equal(checked.code, 2);
  assert.match(checked.stderr, /app\.env:2/);
  await daemon.stop();
});

test('a stop signal of one’s own asks the main process, and the rest is asked by TERM after it', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  // WINCH ends nobody by itself: only the main process knows what it means.
  const main = `trap 'echo asked > asked; exit 0' WINCH; trap 'echo term > term' TERM; sh -c 'exec sleep 1000' & echo > up; while :; do wait; done`;
  const services = { web: { run: ['sh', '-c', main], 'stop-signal': 'WINCH', stop: '20s' } };
  const daemon = await startDaemon(t, JSON.stringify({ services }), folder);
  await daemon.waitFor('web', 'to run', ({ state }) => state === 'running');
  await until(() => existsSync(join(folder, 'up')), { what: 'the traps' });
  const begun = performance.now();
  assert.equal((await daemon.cli('stop', 'web')).code, 0);
  assert.ok(performance.now() - begun < 10_000, 'not by KILL');
  assert.deepEqual([existsSync(join(folder, 'asked')), existsSync(join(folder, 'term'))], [true, false]);
  const { lastExit } = await daemon.service('web');
  assert.match(lastExit?.text ?? '', /^exited with code 0 after .*, as asked$/);
  await daemon.stop();
});

test('private folders of a killed daemon are removed by the next one', async (t) => {
  leakCheck(t);
  const yaml = 'services: { app: { run: [sh, -c, "echo x > $TMPDIR/x; exec sleep 1000"], tmp: private } }\n';
  const daemon = await startDaemon(t, yaml);
  const tmp = join(daemon.folder, '.vahti/tmp');
  const folders = () => (existsSync(tmp) ? readdirSync(tmp) : []);
  const [old] = await until(() => folders().length === 1 && folders(), { what: 'the folder' });
  const { life } = await daemon.service('app');
  assert.equal(old, `app.${life}`);
  daemon.process.kill('SIGKILL');
  await within(daemon.process.ended, { what: 'the daemon to be killed' });
  const next = await startDaemon(t, yaml, daemon.folder);
  await next.waitFor('app', 'to run', ({ state }) => state === 'running');
  assert.deepEqual(folders(), [`app.${(await next.service('app')).life}`]);
  await next.stop();
  assert.deepEqual(folders(), []);
});

const WRONG: readonly (readonly [config: string, message: RegExp])[] = [
  ['services: { a: { run: "true", memory: 512K } }', /at least 1M/],
  ['services: { a: { run: "true", memory: 2G..1G } }', /cannot/],
  ['services: { a: { run: "true", cpu: 1000 } }', /cannot give a 1000 processors: there are \d+ here/],
  ['services: { a: { run: "true", cpu: 0 } }', /above 0/],
  ['services: { a: { run: "true", open-files: 1 } }', /from 16 to/],
  ['services: { a: { run: "true", tmp: shared } }', /one of private/],
  ['services: { a: { run: "true", stop-signal: KILL } }', /one of TERM, INT/],
  ['services: { a: { run: "true", log: { mode: 0o640 } } }', /write a mode such as 0640/],
  ['services: { a: { run: "true", log: { mode: 0750 } } }', /write a mode such as 0640/],
  ['services: { a: { run: "true", reload-on: [] } }', /one glob or more/],
  [
    'services: { a: { run: "true", log: { file: x.log } }, b: { run: "true", log: { file: ./x.log } } }',
    /cannot write the log of b to \S+x\.log: that is the log of a/,
  ],
  [
    'services: { a: { run: "true" }, b: { run: "true", log: { file: .vahti/logs/a.log.1 } } }',
    /cannot write the log of b to \S+a\.log\.1: that is the log of a/,
  ],
  ['defaults: { log: { file: x.log } }', /cannot use the key "file"/],
];

for (const [config, message] of WRONG)
  test(`check refuses ${config}`, async (t) => {
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'vahti.yaml'), `${config}\n`);
    const { plan, diagnostics } = await loadConfig(join(folder, 'vahti.yaml'));
    assert.equal(plan, undefined);
    assert.match(diagnostics.map((each) => each.message).join('\n'), message);
  });

const root = process.geteuid?.() === 0;
test('a user has its supplementary groups', { skip: !root && 'needs root' }, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const group = join(folder, 'group');
  writeFileSync(group, `${readFileSync('/etc/group', 'utf8')}vahti-second:x:54321:nobody\n`);
  writeFileSync(
    join(folder, 'vahti.yaml'),
    'services: { who: { run: [id, -G], user: nobody, open-files: 100 } }\n',
  );
  // The group is there for this one process tree alone.
  const script = 'mount --bind "$1" /etc/group && exec "$2" "$3" run who';
  const ran = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', group, process.execPath, PROGRAM], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (/unshare|mount/.test(ran.stderr)) return t.skip(`no mount of its own: ${ran.stderr.trim()}`);
  assert.deepEqual(ran.stdout.trim().split(' ').slice(1), ['54321'], ran.stderr);
});
