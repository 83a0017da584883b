import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../rig/needs.ts';
import { leakCheck } from '../rig/leaks.ts';
import { isAlive, jsonLines, startDaemon, type TestDaemon } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

const SLEEP = { run: ['sleep', '1000'] };
const BEFORE = { stays: SLEEP, changes: SLEEP, goes: SLEEP };
const AFTER = { stays: { run: 'sleep 1000' }, changes: { ...SLEEP, env: { A: '1' } }, comes: SLEEP };

function configure(daemon: TestDaemon, config: object | string): void {
  writeFileSync(
    join(daemon.folder, 'vahti.yaml'),
    typeof config === 'string' ? config : JSON.stringify(config),
  );
}

/** The services that run, with their processes. */
async function pids(daemon: TestDaemon): Promise<Record<string, number>> {
  return until(
    async () => {
      const { services } = await daemon.status();
      return (
        services.every(({ state, pid }) => state === 'running' && pid !== null) &&
        Object.fromEntries(services.map(({ name, pid }) => [name, pid as number]))
      );
    },
    { what: 'every service to run' },
  );
}

async function notes(daemon: TestDaemon): Promise<string[]> {
  return (await daemon.records('--kind', 'note')).map(({ message }) => message);
}

test('a reload adds, removes and restarts exactly what differs; plan says so before', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, JSON.stringify({ services: BEFORE }));
  const old = await pids(daemon);
  configure(daemon, { services: AFTER });
  const plan = await daemon.cli('plan');
  assert.equal(plan.code, 0);
  assert.match(
    plan.stdout,
    /\nA reload would:\n {2}leave +stays\n {2}restart changes \(env\)\n {2}start +comes\n {2}stop +goes\n$/,
  );
  assert.deepEqual(await pids(daemon), old, 'a plan changes nothing');
  const reload = await daemon.cli('reload');
  assert.deepEqual([reload.code, reload.stderr], [0, '']);
  assert.deepEqual(reload.stdout.split('\n').slice(0, -1).toSorted(), [
    'restart changes',
    'start   comes',
    'stop    goes',
  ]);
  const now = await pids(daemon);
  assert.deepEqual(Object.keys(now), ['stays', 'changes', 'comes']);
  assert.equal(now['stays'], old['stays']);
  assert.notEqual(now['changes'], old['changes']);
  assert.deepEqual([isAlive(old['changes'] as number), isAlive(old['goes'] as number)], [false, false]);
  assert.match(readFileSync(`/proc/${now['changes']}/environ`, 'latin1'), /(^|\0)A=1\0/);
  assert.equal((await daemon.cli('reload')).stdout, 'nothing changed\n');
  assert.deepEqual(await pids(daemon), now);
  assert.deepEqual((await notes(daemon)).slice(-2), [
    'reloaded: restart changes, start comes, stop goes',
    'reloaded: nothing changed',
  ]);
});

test('what is set for the whole machine is named by a reload; a hub that it adds says where to look', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, JSON.stringify({ services: BEFORE }));
  const port = await freePort();
  const hub = { listen: `127.0.0.1:${port}` };
  configure(daemon, { zone: 'Europe/Helsinki', hub, services: BEFORE });
  assert.match((await daemon.cli('plan')).stdout, /^ {2}update {2}zone:$/m);
  const { stdout } = await daemon.cli('reload');
  assert.match(stdout, /^start {3}hub$/m);
  assert.match(stdout, /^update {2}zone:\nupdate {2}hub:\npage: http:\/\/127\.0\.0\.1:\d+ {2}\(a link/m);
  assert.equal((await daemon.cli('reload')).stdout, 'nothing changed\n');
});

test('SIGHUP reloads too', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, JSON.stringify({ services: BEFORE }));
  const old = await pids(daemon);
  configure(daemon, { services: AFTER });
  daemon.process.kill('SIGHUP');
  await until(async () => (await notes(daemon)).some((message) => message.startsWith('reloaded: ')), {
    what: 'the reload',
  });
  const now = await pids(daemon);
  assert.deepEqual(Object.keys(now), ['stays', 'changes', 'comes']);
  assert.equal(now['stays'], old['stays']);
});

const BROKEN = 'services:\n  stays: { run: sleep 1000 }\n  changes:\n    rnu: sleep 1\n    stop: never\n';

test('a broken config changes nothing, and says why, with places', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, JSON.stringify({ services: BEFORE }));
  const old = await pids(daemon);
  configure(daemon, BROKEN);
  const { code, stdout, stderr } = await daemon.cli('reload');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^cannot reload, nothing was changed:$/m);
  assert.match(
    stderr,
    /^vahti\.yaml:4:5: error: cannot use the key "rnu" in services\.changes, did you mean "run"\?$/m,
  );
  assert.match(stderr, /^vahti\.yaml:5:11: error: cannot read "?never"? as a duration/m);
  daemon.process.kill('SIGHUP');
  const told = await until(
    () =>
      jsonLines<{ level: string; message: string }>(daemon.process.output().stdout).find(({ message }) =>
        message.startsWith('cannot reload'),
      ),
    { what: 'the refusal in the log' },
  );
  assert.equal(told.level, 'error');
  assert.match(told.message, /vahti\.yaml:4:5: error: [^]*vahti\.yaml:5:11: error: /);
  assert.deepEqual(await pids(daemon), old);
  configure(daemon, { services: BEFORE });
  assert.equal((await daemon.cli('reload')).stdout, 'nothing changed\n');
});

test('a reload that would move the state folder is refused', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, JSON.stringify({ services: BEFORE }));
  const old = await pids(daemon);
  mkdirSync(join(daemon.folder, 'elsewhere'));
  configure(daemon, { state: 'elsewhere', services: AFTER });
  const answer = await daemon.client.call('reload', { dryRun: false });
  assert.ok(
    !answer.ok && answer.error.kind === 'error' && answer.error.code === 'refused',
    JSON.stringify(answer),
  );
  const { folder } = daemon;
  assert.equal(
    answer.error.message,
    `cannot reload: the state folder would move from ${folder}/.vahti to ${folder}/elsewhere; stop and start instead`,
  );
  assert.deepEqual(await pids(daemon), old);
});

test('what a person stopped stays stopped through a reload that changes it; what is renamed starts afresh', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, JSON.stringify({ services: BEFORE }));
  await pids(daemon);
  assert.equal((await daemon.cli('stop', 'changes', 'goes')).code, 0);
  configure(daemon, { services: AFTER });
  assert.equal((await daemon.cli('reload')).code, 0);
  await daemon.waitFor('comes', 'to run', ({ state }) => state === 'running');
  const { state, wanted } = await daemon.service('changes');
  assert.deepEqual([state, wanted], ['stopped', false]);
  configure(daemon, { services: BEFORE });
  assert.equal((await daemon.cli('reload')).code, 0);
  await daemon.waitFor('goes', 'to run', ({ state: now }) => now === 'running');
  assert.equal((await daemon.service('changes')).state, 'stopped');
});
