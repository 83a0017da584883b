import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { JobStatus } from '../../src/app/job-status.ts';
import { leakCheck } from '../rig/leaks.ts';
import { isAlive, startDaemon, startVahti, type TestDaemon, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

const sh = (script: string): readonly string[] => ['sh', '-c', script];

const YAML = JSON.stringify({
  jobs: {
    hello: { at: '0 5 * * *', run: sh('echo "hi $WHO from $VAHTI_JOB"; echo run >> hello; exit ${CODE:-0}') },
    then: { after: 'hello', run: sh('echo then >> hello') },
    alarm: { after: 'hello failed', run: sh('echo alarm >> hello') },
    hangs: { run: sh('sleep 1000 & echo $! >> pids; echo $$ >> pids; exec sleep 1000'), timeout: '1s' },
    flaky: { run: sh('echo x >> tries; [ $(wc -l < tries) -ge 3 ]'), retry: '5 every 200ms' },
    skips: { run: sh('echo no >> skipped'), before: 'false', 'before-fails': 'skip' },
    long: {
      run: sh('echo $$ >> long; setsid sleep 1000 & if [ -e finish ]; then kill $!; exit 0; fi; wait'),
      locks: 'disk',
    },
    waits: { run: sh('echo waited >> long'), locks: 'disk' },
  },
});

async function job(daemon: TestDaemon, name: string): Promise<JobStatus> {
  const found = (await daemon.status()).jobs.find((each) => each.name === name);
  assert.ok(found, `no job ${name}`);
  return found;
}

const lines = (daemon: TestDaemon, file: string): readonly string[] =>
  existsSync(join(daemon.folder, file))
    ? readFileSync(join(daemon.folder, file), 'utf8').trim().split('\n')
    : [];

test('a job is run, followed, tried again, ended in time, and kept', async (t: TestContext) => {
  leakCheck(t);
  const daemon = await startDaemon(t, YAML);
  const ran = await daemon.cli('jobs', 'run', 'hello', '--set', 'WHO=ada', '-f');
  assert.deepEqual([ran.code, ran.stdout], [0, 'hi ada from hello\n']);
  await until(() => lines(daemon, 'hello').length === 2, { what: 'what follows' });
  const failed = await daemon.cli('jobs', 'run', 'hello', '--set', 'CODE=3', '--wait');
  assert.equal(failed.code, 1);
  await until(() => lines(daemon, 'hello').length === 4, { what: 'what follows a failure' });
  assert.deepEqual(lines(daemon, 'hello'), ['run', 'then', 'run', 'alarm']);
  assert.equal((await job(daemon, 'hello')).standing, 'failed');

  const [hangs, flaky, skips] = await Promise.all([
    daemon.cli('jobs', 'run', 'hangs', '--wait'),
    daemon.cli('jobs', 'run', 'flaky', '--wait'),
    daemon.cli('jobs', 'run', 'skips', '--wait'),
  ]);
  assert.deepEqual([hangs.code, flaky.code, skips.code], [1, 0, 0]);
  assert.equal(lines(daemon, 'pids').map(Number).filter(isAlive).length, 0, 'a timeout ends the whole tree');
  assert.deepEqual([lines(daemon, 'tries').length, lines(daemon, 'skipped').length], [3, 0]);

  const history = JSON.parse((await daemon.cli('jobs', 'history', '--json')).stdout) as {
    job: string;
    outcome: string;
    attempt: number;
  }[];
  const of = (name: string): string[] =>
    history.filter((row) => row.job === name).map((row) => `${row.outcome} ${row.attempt}`);
  assert.deepEqual(of('flaky'), ['ok 3', 'failed 2', 'failed 1']);
  assert.deepEqual(
    [of('hangs'), of('skips'), of('hello')],
    [['timeout 1'], ['skipped 1'], ['failed 1', 'ok 1']],
  );
  const flips = await daemon.records('job/hello', '-k', 'flip');
  assert.deepEqual(
    flips.map(({ fields }) => [fields?.['subject'], fields?.['from'], fields?.['to']]),
    [['job', 'ok', 'failed']],
  );

  const explained = await daemon.cli('explain', 'job/hello');
  assert.match(
    explained.stdout,
    /job\/hello is idle, and failed[\s\S]*exit code 3[\s\S]*Next: it is due at \d{4}-\d\d-\d\d 05:00 UTC/,
  );
  assert.match((await daemon.cli('next')).stdout, /job\/hello +run, as its times say/);
  assert.match((await daemon.cli('status')).stdout, /JOB +STATE[\s\S]*hello +idle +failed/);
  const dry = await daemon.cli('jobs', 'run', 'hello', '--dry-run');
  assert.match(dry.stdout, /^would run sh -c /);
  assert.equal(lines(daemon, 'hello').length, 4);
});

test('wrong words are answered with what would be right', async (t: TestContext) => {
  leakCheck(t);
  const daemon = await startDaemon(t, YAML);
  const table: readonly (readonly [args: readonly string[], code: number, text: RegExp])[] = [
    [['jobs', 'run', 'helo'], 4, /cannot find a job "helo", did you mean "hello"\?/],
    [['jobs', 'run', 'hello', '--set', 'VAHTI_LIFE=x'], 1, /cannot set VAHTI_LIFE/],
    [['jobs', 'pause', 'hello', '--why', ' '], 2, /cannot pause without a reason/],
    [['jobs', 'resume', 'hello'], 1, /hello is not paused/],
    [['jobs', 'output', 'hello'], 1, /it has not run yet/],
    [['explain', 'job/x'], 4, /cannot find a job "x"/],
  ];
  for (const [args, code, text] of table) {
    const ran = await daemon.cli(...args);
    assert.equal(ran.code, code, args.join(' '));
    assert.match(ran.stdout + ran.stderr, text);
  }
  assert.equal((await daemon.cli('jobs', 'pause', 'hello', '--why', 'holidays')).code, 0);
  assert.deepEqual(
    [(await job(daemon, 'hello')).state, (await job(daemon, 'hello')).pause?.why],
    ['paused', 'holidays'],
  );
  assert.equal((await daemon.cli('jobs', 'resume', 'hello')).code, 0);
  assert.equal((await job(daemon, 'hello')).state, 'idle');
});

test('a reload leaves what runs alone; a lock is held until the run is over, whatever the config says by then', async (t: TestContext) => {
  leakCheck(t);
  const daemon = await startDaemon(t, YAML);
  await daemon.cli('jobs', 'run', 'long');
  await until(() => lines(daemon, 'long').length === 1, { what: 'the run' });
  const waits = await daemon.cli('jobs', 'run', 'waits');
  assert.match(waits.stderr, /it waits for disk, which long has/);
  const config = JSON.parse(YAML) as { jobs: Record<string, { timeout?: string }> };
  delete config.jobs['long'];
  writeFileSync(join(daemon.folder, 'vahti.yaml'), JSON.stringify(config));
  const reloaded = await daemon.cli('reload');
  assert.match(reloaded.stdout + reloaded.stderr, /job\/long/);
  const [pid = ''] = lines(daemon, 'long');
  assert.ok(isAlive(Number(pid)));
  assert.equal(lines(daemon, 'long').length, 1);
  process.kill(Number(pid), 'SIGKILL');
  await until(() => lines(daemon, 'long').includes('waited'), { what: 'the one that waited' });
});

test('a daemon that is killed amid a run: its processes are ended, the run is made up for once', async (t: TestContext) => {
  leakCheck(t);
  const jobs = {
    long: { ...(JSON.parse(YAML) as { jobs: { long: object } }).jobs.long, after: 'first' },
    first: { run: 'true' },
  };
  const daemon = await startDaemon(t, JSON.stringify({ jobs }));
  await daemon.cli('jobs', 'run', 'first', '--wait');
  await until(() => lines(daemon, 'long').length === 1, { what: 'the run' });
  daemon.process.kill('SIGKILL');
  await within(daemon.process.ended, { what: 'the daemon to die' });
  const [pid = ''] = lines(daemon, 'long');
  assert.ok(isAlive(Number(pid)), 'a run outlives its daemon until the next one comes');
  appendFileSync(join(daemon.folder, 'finish'), '');
  startVahti(t, ['up', '--view', 'json'], daemon.folder);
  await until(async () => (await job(daemon, 'long')).last?.outcome === 'ok', {
    deadlineMs: 20_000,
    what: 'the run that makes up',
  });
  assert.equal(isAlive(Number(pid)), false);
  assert.equal(lines(daemon, 'long').length, 2);
  const history = JSON.parse((await daemon.cli('jobs', 'history', 'long', '--json')).stdout) as {
    outcome: string;
    attempt: number;
  }[];
  assert.deepEqual(
    history.map(({ outcome, attempt }) => [outcome, attempt]),
    [
      ['ok', 2],
      ['interrupted', 1],
    ],
  );
  await vahti(t, ['down'], daemon.folder);
});

test('a job waits while a service has its lock, says so, and begins when that is stopped', async (t: TestContext) => {
  leakCheck(t);
  const services = { db: { run: 'sleep 1000', locks: 'disk' } };
  const jobs = { dump: { run: sh('echo x >> dumped'), locks: ['disk', 'other'] } };
  const daemon = await startDaemon(t, JSON.stringify({ services, jobs }));
  await daemon.waitFor('db', 'to run', ({ state }) => state === 'running');
  const asked = await daemon.cli('jobs', 'run', 'dump');
  assert.match(asked.stderr, /it waits for disk, which the service db has/);
  assert.match(
    (await daemon.cli('explain', 'job/dump')).stdout,
    /It waits for disk, which the service db has\./,
  );
  await daemon.cli('stop', 'db');
  await until(() => lines(daemon, 'dumped').length === 1, { what: 'the run' });
});
