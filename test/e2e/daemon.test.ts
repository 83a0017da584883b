import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRig, type RigChild } from '../rig/child.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { isAlive, jsonLines, startDaemon, type TestDaemon } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

const SLEEP = { run: ['sleep', '1000'] };

function config(services: Record<string, unknown>): string {
  return JSON.stringify({ services });
}

function running(daemon: TestDaemon, name: string, notPid?: number) {
  return daemon.waitFor(
    name,
    `to run, not as ${notPid}`,
    ({ state, pid }) => state === 'running' && pid !== null && pid !== notPid,
  );
}

test('a service gets its folder and its variables; what these stand for is nowhere else', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'secret.txt'), 's3cr3t-file\n');
  const run = ['sh', '-c', 'env > env.new; mv env.new env; exec sleep 1000'];
  const yaml = config({
    a: { run, cwd: 'sub', env: { A: '$OUTER_NAME', B: 'file:secret.txt', C: 'plain', D: 5 } },
  });
  const daemon = await startDaemon(t, yaml, folder, { OUTER_NAME: 's3cr3t-env' });
  const got = await until(
    () => existsSync(join(folder, 'sub/env')) && readFileSync(join(folder, 'sub/env'), 'utf8'),
    { what: 'its environment' },
  );
  for (const line of ['A=s3cr3t-env', 'B=s3cr3t-file', 'C=plain', 'D=5', 'VAHTI_SERVICE=a'])
    assert.match(got, new RegExp(`^${line}$`, 'm'));
  assert.match(got, /^VAHTI_LIFE=[0-9a-f]+\/a\/[0-9A-Z]{16}$/m);
  const said = await Promise.all(
    [['plan'], ['plan', '--json'], ['status', '--json'], ['explain', 'a', '--json'], ['logs', '--json']].map(
      (args) => daemon.cli(...args),
    ),
  );
  for (const { code, stdout, stderr } of said) {
    assert.equal(code, 0);
    assert.doesNotMatch(stdout + stderr, /s3cr3t/);
  }
  await daemon.stop();
  assert.doesNotMatch(JSON.stringify(daemon.process.output()), /s3cr3t/);
  for (const entry of readdirSync(join(folder, '.vahti'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile())
      assert.equal(readFileSync(join(entry.parentPath, entry.name)).includes('s3cr3t'), false, entry.name);
  }
});

test('only its user reaches the daemon, and each line of its log is a JSON object', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(
    t,
    config({ a: { run: ['sh', '-c', 'echo \'{"msg":"\\u001b[31mred"}\'; echo ü; exec sleep 1000'] } }),
  );
  const state = join(daemon.folder, '.vahti');
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  const modes = [state, join(state, 'control.sock'), join(state, 'plan.json'), join(state, 'logs')].map(mode);
  assert.deepEqual(modes, ['700', '600', '600', '700']);
  await until(() => daemon.process.output().stdout.includes('"ü"'), { what: 'the line of the service' });
  const { code, stdout, stderr } = await daemon.stop();
  assert.deepEqual([code, stderr], [0, '']);
  const lines = jsonLines<Record<string, unknown>>(stdout);
  for (const { level, time, message } of lines) {
    assert.match(String(level), /^(trace|debug|info|warn|error|fatal)$/);
    assert.equal(new Date(String(time)).toISOString(), time);
    assert.equal(typeof message, 'string');
  }
  const ofService = lines.filter(({ service }) => service === 'a').map(({ kind }) => kind);
  assert.deepEqual(ofService, ['start', 'log', 'log', 'exit']);
});

test('a stop is TERM, at the deadline KILL, and takes the whole tree, in other sessions too', async (t) => {
  leakCheck(t);
  const rig = await createRig(t);
  const run = { run: rig.argv, env: rig.env, stop: '500ms' };
  const daemon = await startDaemon(t, config({ deaf: run, polite: { ...run, stop: '30s' } }));
  const children = new Map<string, RigChild>();
  for (const child of [await rig.nextChild(), await rig.nextChild()]) children.set(child.service, child);
  const [deaf, polite] = [children.get('deaf') as RigChild, children.get('polite') as RigChild];
  await deaf.ignoreTerm();
  const tree = [
    deaf.pid,
    await deaf.forkGrandchild({ setsid: true, ignoreTerm: true, keepPipe: true }),
    await deaf.forkGrandchild({ ignoreTerm: true }),
    polite.pid,
    await polite.forkGrandchild({ setsid: true }),
  ];
  const begun = performance.now();
  const stop = await daemon.cli('stop', '--all');
  const tookMs = performance.now() - begun;
  assert.deepEqual([stop.code, stop.stdout, stop.stderr], [0, 'deaf stopped\npolite stopped\n', '']);
  assert.deepEqual(tree.filter(isAlive), []);
  assert.ok(tookMs >= 500 && tookMs < 5_000, `took ${tookMs} ms`);
  assert.match(
    (await daemon.service('deaf')).lastExit?.text ?? '',
    /^ended by SIGKILL after .*, killed at the stop deadline$/,
  );
  assert.match(
    (await daemon.service('polite')).lastExit?.text ?? '',
    /^ended by SIGTERM after .*, as asked$/,
  );
});

test('what a person stopped stays stopped under the next daemon, until a person starts it', async (t) => {
  leakCheck(t);
  const yaml = config({ off: SLEEP, on: SLEEP });
  const first = await startDaemon(t, yaml);
  await Promise.all([running(first, 'off'), running(first, 'on')]);
  assert.equal((await first.cli('stop', 'off')).code, 0);
  await first.stop();
  const second = await startDaemon(t, yaml, first.folder);
  await running(second, 'on');
  const { state, wanted, pid } = await second.service('off');
  assert.deepEqual({ state, wanted, pid }, { state: 'stopped', wanted: false, pid: null });
  assert.match(
    (await second.cli('explain', 'off')).stdout,
    /^A person stopped it .*\n[^]*Next: nothing until a person starts it: vahti start off/m,
  );
  const start = await second.cli('start', 'off');
  const now = await running(second, 'off');
  assert.deepEqual([start.code, start.stdout], [0, `off started (pid ${now.pid})\n`]);
  const again = await second.cli('start', 'off');
  assert.deepEqual([again.code, again.stdout], [0, `off runs already (pid ${now.pid})\n`]);
  await second.stop();
  const third = await startDaemon(t, yaml, first.folder);
  await running(third, 'off');
});

test('a restart brings a new process and writes down who asked, and why', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, config({ a: SLEEP, b: SLEEP }));
  const [before, other] = await Promise.all([running(daemon, 'a'), running(daemon, 'b')]);
  const restart = await daemon.cli('restart', 'a', '--why', 'new certificate');
  const after = await running(daemon, 'a');
  assert.deepEqual([restart.code, restart.stdout], [0, `a restarted (pid ${after.pid})\n`]);
  assert.notEqual(after.pid, before.pid);
  assert.notEqual(after.life, before.life);
  assert.equal(isAlive(before.pid as number), false);
  assert.equal((await daemon.service('b')).pid, other.pid);
  const told = (await daemon.records('a')).map(({ kind, message, life }) => ({ kind, message, life }));
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['start', 'action', 'exit', 'start'],
  );
  assert.equal(told[1]?.message, 'restart by a person: new certificate');
  assert.deepEqual(
    told.map(({ life }) => life),
    [before.life, before.life, before.life, after.life],
  );
  assert.match((await daemon.cli('explain', 'a')).stdout, /\[action\] restart by a person: new certificate/);
  await daemon.cli('stop', 'a');
  const stopped = await daemon.cli('restart', 'a');
  assert.deepEqual(
    [stopped.code, stopped.stdout],
    [0, `a restarted (pid ${(await running(daemon, 'a')).pid})\n`],
  );
});

test('killed early it comes back at once, three times; then it waits, and explain says until when', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, config({ a: { ...SLEEP, restart: { fast: 3, backoff: '30s..1m' } } }));
  let last = await running(daemon, 'a');
  for (let quick = 1; quick <= 3; quick++) {
    process.kill(last.pid as number, 'SIGKILL');
    last = await running(daemon, 'a', last.pid as number);
    assert.deepEqual([last.lane, last.failures], ['fast', quick]);
  }
  process.kill(last.pid as number, 'SIGKILL');
  const waiting = await daemon.waitFor('a', 'to wait', ({ state }) => state === 'waiting');
  assert.deepEqual(
    [waiting.lane, waiting.failures, waiting.startsInWindow, waiting.pid],
    ['backoff', 4, 4, null],
  );
  const inMs = (waiting.nextStartAt ?? 0) - Date.now();
  assert.ok(inMs > 15_000 && inMs <= 33_000, `next start in ${inMs} ms`);
  const { code, stdout } = await daemon.cli('explain', 'a');
  assert.equal(code, 0);
  const clock = `${new Date(waiting.nextStartAt as number).toISOString().slice(0, 19)}Z`;
  assert.match(
    stdout,
    new RegExp(
      `^Next: it is started at ${clock} \\(in [12]?\\d(\\.\\d)?s|3[0-3]s\\), or at once by: vahti start a$`,
      'm',
    ),
  );
  assert.match(stdout, /^It waits for its next start since .*; its last life ended by SIGKILL after/m);
  assert.match(
    stdout,
    /^Its restarts are in the back-off lane: .* Tally: 4 counted starts in the last 10 minutes .*4 short lives in a row\.$/m,
  );
  assert.match((await daemon.cli('status')).stdout, /^a +waiting \(backoff\) /m);
  assert.equal((await daemon.cli('start', 'a')).code, 0);
  const { lane, failures, startsInWindow } = await running(daemon, 'a');
  assert.deepEqual({ lane, failures, startsInWindow }, { lane: 'fast', failures: 0, startsInWindow: 0 });
});

test('an exit code that means "done" is the end of it, under the next daemon too', async (t) => {
  leakCheck(t);
  const yaml = config({
    a: { run: ['sh', '-c', 'echo life >> lives; exit 78'], restart: { 'no-restart-on': [78] } },
  });
  const first = await startDaemon(t, yaml);
  const done = await first.waitFor('a', 'to be done', ({ state }) => state === 'done');
  assert.match(done.lastExit?.text ?? '', /^exited with code 78 after/);
  assert.match((await first.cli('explain', 'a')).stdout, /^It is done since .*exited with code 78/m);
  await first.stop();
  const second = await startDaemon(t, yaml, first.folder);
  assert.equal((await second.service('a')).state, 'done');
  assert.equal(readFileSync(join(first.folder, 'lives'), 'utf8'), 'life\n');
});

test('a program that is not there is told where people look, and keeps nobody else from running', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(
    t,
    config({ broken: { run: ['no-such-program'], restart: { backoff: '30s..1m' } }, fine: SLEEP }),
  );
  const fine = await running(daemon, 'fine');
  await daemon.waitFor('broken', 'to wait', ({ state, lane }) => state === 'waiting' && lane === 'backoff');
  const why = 'cannot start "no-such-program": no such program';
  const [status, explain] = await Promise.all([daemon.cli('status'), daemon.cli('explain', 'broken')]);
  assert.match(status.stdout, new RegExp(`^broken +waiting \\(backoff\\) .*${why}$`, 'm'));
  assert.match(explain.stdout, new RegExp(why));
  const start = await daemon.cli('start', 'broken');
  assert.deepEqual([start.code, start.stdout], [1, `broken did not start: ${why}\n`]);
  const restart = await daemon.cli('restart', 'broken');
  assert.deepEqual([restart.code, restart.stdout], [1, `broken did not start: ${why}\n`]);
  assert.equal((await daemon.service('fine')).pid, fine.pid);
});

test('down ends the daemon with every service, and leaves no socket', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(
    t,
    config({ a: SLEEP, b: { run: ['sh', '-c', 'setsid sleep 1000 & exec sleep 1000'] } }),
  );
  const pids = (await Promise.all([running(daemon, 'a'), running(daemon, 'b')])).map(
    ({ pid }) => pid as number,
  );
  const down = await daemon.cli('down');
  assert.deepEqual([down.code, down.stdout, down.stderr], [0, 'down\n', '']);
  assert.equal((await within(daemon.process.ended, { what: 'the daemon to end' })).code, 0);
  assert.deepEqual(pids.filter(isAlive), []);
  assert.equal(existsSync(join(daemon.folder, '.vahti/control.sock')), false);
  const second = await startDaemon(t, config({ a: SLEEP, b: SLEEP }), daemon.folder);
  await Promise.all([running(second, 'a'), running(second, 'b')]);
});
