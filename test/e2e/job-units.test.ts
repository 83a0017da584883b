import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { JobStatus } from '../../src/app/job-status.ts';
import { jobUnit } from '../../src/app/unit-names.ts';
import type { Result } from '../../src/core/result.ts';
import type { RunRow } from '../../src/jobs/history.ts';
import { type BoxedDaemon, startBoxedDaemon, told } from '../rig/boxed-daemon.ts';
import { leakCheck } from '../rig/leaks.ts';
import { contentsOf, putParts } from '../rig/lifecycle.ts';
import { boxOfFile, noBox } from '../rig/systemd-box.ts';
import { PROGRAM } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** Jobs whose runs are starts of oneshot units of a real systemd: they outlive the daemon, and each is settled once. */

const box = boxOfFile();
const inBox = { skip: noBox };
const sh = (script: string): readonly string[] => ['sh', '-c', script];

const JOBS = {
  hello: { run: sh('echo "hi $WHO from $VAHTI_JOB $VAHTI_CAUSE"; echo oops >&2; echo run >> hello') },
  then: { after: 'hello', run: sh('echo then >> hello') },
  flaky: { run: sh('echo x >> tries; [ $(wc -l < tries) -ge 3 ]'), retry: '5 every 100ms' },
  hangs: { run: sh('sleep 1000 & echo $! >> hangs; exec sleep 1000'), timeout: '1s' },
  guarded: { run: 'true', before: 'false', 'before-fails': 'skip' },
  long: {
    run: sh(
      'echo $VAHTI_RUN >> long; setsid sleep 1000 & until [ -e finish ]; do sleep 0.02; done; exit $(cat finish)',
    ),
    retry: '1 every 100ms',
    locks: 'disk',
  },
  waits: { run: 'true', locks: 'disk' },
  pack: { archive: 'data' },
  absent: { run: 'true' },
};

const folder = (): string => join(box().share, 'jobs');

function unitText(name: string): string {
  const run = `${process.execPath} ${PROGRAM} run job/${name} --plan ${folder()}/.vahti/plan.json --unit`;
  const service = ['Type=oneshot', `ExecStart=${run}`, 'Environment=VAHTI_UNIT=1', 'KillMode=mixed'];
  return ['[Unit]', 'StartLimitIntervalSec=0', '[Service]', ...service, 'TimeoutStopSec=15s', ''].join('\n');
}

let installed: Promise<void> | undefined;

async function daemonOf(t: TestContext): Promise<BoxedDaemon> {
  const names = Object.keys(JOBS).filter((name) => name !== 'absent');
  installed ??= box().units(Object.fromEntries(names.map((name) => [jobUnit(name), unitText(name)])));
  await installed;
  return startBoxedDaemon(t, box(), JSON.stringify({ jobs: JOBS }), folder(), ['--systemd']);
}

const lines = (file: string): readonly string[] => {
  const path = join(folder(), file);
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
};

/** The value of an answer. @throws where the daemon refuses. */
function valueOf<T>(answer: Result<T, { readonly message: string }>): T {
  if (answer.ok) return answer.value;
  throw new Error(answer.error.message);
}

const ask = async (
  { client }: BoxedDaemon,
  name: string,
  set: Record<string, string> = {},
  dryRun = false,
): Promise<string> =>
  valueOf(await client.call('job-run', { name, who: 'ada', set, dryRun })).lines.join('\n');

/** Runs of a job, the oldest first. */
const runs = async (daemon: BoxedDaemon, name: string): Promise<readonly RunRow[]> =>
  valueOf(await daemon.client.call('job-history', { names: [name], limit: 100 })).toReversed();

const outcomes = async (daemon: BoxedDaemon, name: string): Promise<string[]> =>
  (await runs(daemon, name)).map(
    ({ outcome, attempt, cause, exit }) => `${outcome} ${attempt} ${cause} ${exit}`,
  );

/** Waits until a job has had so many runs, and all are over. */
const haveEnded = (daemon: BoxedDaemon, name: string, count: number): Promise<true> =>
  until(
    async () => {
      const all = await runs(daemon, name);
      return all.length === count && all.every(({ ended }) => ended !== null);
    },
    { what: `${count} runs of ${name}`, deadlineMs: 20_000 },
  );

async function job(daemon: BoxedDaemon, name: string): Promise<JobStatus> {
  const found = valueOf(await daemon.client.call('jobs', {})).find((each) => each.name === name);
  assert.ok(found, `no job ${name}`);
  return found;
}

/** systemd's word for the state of a job's unit. */
const active = async (name: string): Promise<string> =>
  (await box().run('systemctl', 'show', '-P', 'ActiveState', jobUnit(name))).trim();

/** Nothing is left that could be done twice. */
function assertSettled(...names: readonly string[]): void {
  for (const name of names) {
    const left = readdirSync(join(folder(), '.vahti/jobs', name)).filter(
      (each) => !each.endsWith('.over.json'),
    );
    assert.deepEqual(left, [], `papers of ${name}`);
  }
}

test(
  'a run is a start of its unit: output, end, tries and what follows are as everywhere',
  inBox,
  async (t) => {
    leakCheck(t);
    const daemon = await daemonOf(t);
    await ask(daemon, 'hello', { WHO: 'ada' });
    putParts(join(folder(), 'data'), { '2026-11-18/2026-11-18T08.ndjson': '{}\n' });
    await ask(daemon, 'pack', {}, true);
    const ends = { flaky: 3, hangs: 1, guarded: 1, absent: 1 };
    for (const name of Object.keys(ends)) await ask(daemon, name);
    for (const [name, count] of Object.entries({ hello: 1, then: 1, ...ends }))
      await haveEnded(daemon, name, count);
    assert.deepEqual(lines('hello'), ['run', 'then']);
    await haveEnded(daemon, 'pack', 1);
    assert.deepEqual(Object.keys(contentsOf(join(folder(), 'data'))), ['2026-11-18/2026-11-18T08.ndjson']);
    await ask(daemon, 'pack', { to: 'gz' });
    await haveEnded(daemon, 'pack', 2);
    assert.deepEqual(Object.keys(contentsOf(join(folder(), 'data'))), ['2026-11-18/2026-11-18T08.ndjson.gz']);
    assert.deepEqual(
      (await runs(daemon, 'pack')).map(({ dryRun, outcome, counts }) => [dryRun, outcome, counts['files']]),
      [
        [true, 'ok', 1],
        [false, 'ok', 1],
      ],
    );
    const [hello] = await runs(daemon, 'hello');
    const said = (await daemon.records('job/hello', 'log')).map(({ life, message }) => [life, message]);
    assert.deepEqual(said, [
      [hello?.run, 'hi ada from hello person'],
      [hello?.run, 'oops'],
    ]);
    const log = readFileSync((await job(daemon, 'hello')).output, 'utf8');
    assert.match(log, /^\S+Z stdout hi ada from hello person\n\S+Z stdout oops\n$/);
    assert.deepEqual(await outcomes(daemon, 'flaky'), [
      'failed 1 person 1',
      'failed 2 person 1',
      'ok 3 person 0',
    ]);
    assert.deepEqual(await outcomes(daemon, 'hangs'), ['timeout 1 person null']);
    assert.deepEqual(await outcomes(daemon, 'guarded'), ['skipped 1 person 1']);
    assert.match(
      (await runs(daemon, 'absent'))[0]?.summary ?? '',
      /it is not installed, write vahti install$/,
    );
    const [pid = ''] = lines('hangs');
    assert.equal(await box().run('sh', '-c', `kill -0 ${pid} 2>/dev/null || echo gone`), 'gone\n');
    assertSettled(...Object.keys(ends), 'hello', 'then');
    await daemon.stop();
  },
);

test(
  'a run outlives its daemon: the next one takes it over, tries again what failed, settles each once',
  inBox,
  async (t) => {
    leakCheck(t);
    let daemon = await daemonOf(t);
    await ask(daemon, 'long');
    await until(async () => lines('long').length === 1 && (await job(daemon, 'long')).run?.pid, {
      what: 'a run',
    });
    assert.match(await ask(daemon, 'waits'), /it waits for disk, which long has/);
    const { run: first } = await job(daemon, 'long');
    await daemon.kill();
    daemon = await daemonOf(t);
    const { run: adopted, state } = await job(daemon, 'long');
    assert.deepEqual([state, adopted], ['running', first], 'the same run goes on');
    assert.equal((await job(daemon, 'waits')).blocked?.by, 'long', 'and so does its lock');
    // It fails while nobody looks.
    await daemon.kill();
    writeFileSync(join(folder(), 'finish'), '3');
    await until(async () => (await active('long')) === 'failed', { what: 'the run to fail' });
    writeFileSync(join(folder(), 'finish'), '0');
    daemon = await daemonOf(t);
    await Promise.all([haveEnded(daemon, 'long', 2), haveEnded(daemon, 'waits', 1)]);
    assert.deepEqual(await outcomes(daemon, 'long'), ['failed 1 person 3', 'ok 2 person 0']);
    assert.deepEqual(lines('long'), [first?.run, `${first?.run}.2`]);
    const ends = (await daemon.records('job/long', 'job')).map(({ fields }) => fields ?? {});
    assert.deepEqual(
      ends.map((each) => `${String(each['event'])} ${String(each['attempt'])}`),
      ['begin 1', 'end 1', 'begin 2', 'end 2'],
    );
    assertSettled('long', 'waits');
    await daemon.stop();
  },
);

test(
  'what a person starts by hand is a run of theirs, also without a daemon; what they stop is not tried again',
  inBox,
  async (t) => {
    leakCheck(t);
    await box().run('systemctl', 'start', jobUnit('hello'));
    assert.equal(lines('hello').length, 3, 'nothing of what was asked for before is done again');
    let daemon = await daemonOf(t);
    await haveEnded(daemon, 'hello', 2);
    await haveEnded(daemon, 'then', 2);
    const [, alone] = await runs(daemon, 'hello');
    assert.deepEqual([alone?.outcome, alone?.cause, alone?.by], ['ok', 'person', 'systemctl']);

    rmSync(join(folder(), 'finish'));
    await box().run('systemctl', 'start', '--no-block', jobUnit('long'));
    await until(async () => (await job(daemon, 'long')).run, { what: 'the run to be found' });
    const { run: byHand } = await job(daemon, 'long');
    assert.equal(byHand?.cause, 'asked for by systemctl');
    await assert.rejects(ask(daemon, 'long'), /it runs already/);
    await assert.rejects(box().run('systemctl', 'start', jobUnit('waits')), /failed/);
    await until(
      async () =>
        /long runs, and has disk; write vahti jobs run waits/.test(
          (await told(daemon, 'job/waits', 'log')).join(),
        ),
      {
        what: 'the reason',
      },
    );
    await ask(daemon, 'waits');
    assert.equal((await job(daemon, 'waits')).blocked?.by, 'long');
    await daemon.stop();
    assert.equal(await active('long'), 'activating', 'an end of the daemon ends no run');
    daemon = await daemonOf(t);
    await box().run('systemctl', 'stop', jobUnit('long'));
    await haveEnded(daemon, 'waits', 2);
    assert.deepEqual((await outcomes(daemon, 'long')).slice(2), ['cancelled 1 person null']);
    assert.deepEqual([(await job(daemon, 'long')).standing, lines('long').at(-1)], ['ok', byHand?.run]);

    // Killed, it can say nothing: systemd does.
    await ask(daemon, 'long');
    await until(() => lines('long').length === 4, { what: 'a run' });
    const pid = (await box().run('systemctl', 'show', '-P', 'MainPID', jobUnit('long'))).trim();
    await box().run('kill', '-KILL', pid);
    // Not before: it would end by itself.
    writeFileSync(join(folder(), 'finish'), '0');
    await haveEnded(daemon, 'long', 5);
    const killed = (await runs(daemon, 'long')).at(-2);
    assert.deepEqual(
      [killed?.outcome, killed?.summary.replace(/ after .*/, '')],
      ['failed', 'ended by SIGKILL'],
    );
    assert.deepEqual(await told(daemon, 'job/long', 'note'), []);
    assertSettled('hello', 'long', 'waits');
    await daemon.stop();
  },
);
