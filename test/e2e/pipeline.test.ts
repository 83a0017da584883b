import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLedger } from '../../src/pipeline/ledger/sqlite.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { startDaemon, startVahti, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/** Pipelines as a user runs them: the real program, real processes, SIGKILL. */

const CONFIG = (steps: string, more = ''): string => `
services:
  tm:
    pipeline:
      inbox: { root: incoming, match: "*.txt", settle: 10ms, scan: 500ms }
      parallel: 1
      steps:
        ${steps}
${more}`;

function newFolder(t: Parameters<typeof tempFolder>[0], yaml: string, names: readonly string[]): string {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'vahti.yaml'), yaml);
  mkdirSync(join(folder, 'incoming'));
  for (const name of names) deliver(folder, name);
  return folder;
}

function deliver(folder: string, name: string): void {
  writeFileSync(join(folder, 'incoming', `.${name}.tmp`), `${name}\n`);
  renameSync(join(folder, 'incoming', `.${name}.tmp`), join(folder, 'incoming', name));
}

/** How many files of the inbox are in each state; undefined before there is a ledger. */
async function states(folder: string): Promise<Readonly<Record<string, number>> | undefined> {
  const opened = readLedger(join(folder, '.vahti/pipelines/tm'), 'tm');
  if (!opened.ok) return undefined;
  const tally = await opened.value.inboxTally();
  opened.value.close();
  return Object.fromEntries(tally.map(({ state, count }) => [state, count]));
}

test('B1 I1 a runner that its own step kills by SIGKILL leaves nothing half, and the next one does it all once', async (t) => {
  leakCheck(t);
  const script =
    'echo "$3" >> trace; cp "$1" "$2"; if [ "$3" = b -a ! -e killed ]; then touch killed; kill -9 $PPID; sleep 300; fi';
  const step = `A: { from: inbox, run: [sh, -c, '${script}', sh, "{in}", "{out}", "{stem}"] }`;
  const folder = newFolder(t, CONFIG(step), ['a.txt', 'b.txt', 'c.txt']);
  const first = await within(startVahti(t, ['run', 'tm'], folder).ended, {
    deadlineMs: 30_000,
    what: 'the runner to be killed',
  });
  assert.equal(first.signal, 'SIGKILL');
  assert.deepEqual(readdirSync(join(folder, 'products')), ['a.txt']);
  const second = startVahti(t, ['run', 'tm'], folder);
  await until(async () => (await states(folder))?.['done'] === 3, {
    deadlineMs: 30_000,
    what: 'all files to be done',
  });
  const held = await vahti(t, ['run', 'tm'], folder);
  assert.equal(held.code, 5, 'B10 a second runner is refused');
  assert.match(held.stderr, /pipeline tm \(pid \d+, since .*\) uses it/);
  second.kill('SIGTERM');
  const ended = await within(second.ended, { what: 'the runner to end' });
  assert.equal(ended.code, 0, 'B11');
  assert.deepEqual(readdirSync(join(folder, 'products')), ['a.txt', 'b.txt', 'c.txt']);
  assert.deepEqual(readFileSync(join(folder, 'trace'), 'utf8').split('\n'), ['a', 'b', 'b', 'c', '']);
  assert.deepEqual(readdirSync(join(folder, '.vahti/pipelines/tm/work')), []);
});

test('under the daemon it shows what it does, and its watches see what fails to progress', async (t) => {
  leakCheck(t);
  const step = `A: { from: inbox, run: [sh, -c, 'while [ ! -e go ]; do sleep 0.05; done; cp "$1" "$2"', sh, "{in}", "{out}"] }`;
  const watch = `    watch:
      backlog: { max: 1, every: 1s, fail: 1/1, grace: 0s }
      progress: { within: 1s, every: 1s, fail: 1/1, grace: 0s }`;
  const folder = newFolder(t, '', ['a.txt', 'b.txt', 'c.txt']);
  const daemon = await startDaemon(t, CONFIG(step, watch), folder);
  const watchIs = (name: string, state: string) =>
    daemon.waitFor('tm', `to have ${name} ${state}`, ({ watches }) =>
      watches.some((each) => each.name === name && each.state === state),
    );
  await watchIs('backlog', 'bad');
  const { watches } = await watchIs('progress', 'late');
  assert.match(
    watches.find(({ name }) => name === 'progress')?.reason ?? '',
    /^3 inputs wait, the first for /,
  );
  const status = await daemon.cli('status');
  assert.match(status.stdout, /tm +running .*3 open, runs A, 0 done/);
  assert.match(
    (await daemon.cli('explain', 'tm')).stdout,
    /Of its files 3 are open; 1 run: A on .*incoming\/a\.txt\./,
  );
  writeFileSync(join(folder, 'go'), '');
  await watchIs('backlog', 'ok');
  await watchIs('progress', 'ok');
  assert.ok(existsSync(join(folder, 'products/c.txt')));
});

test('what is wrong with a pipeline is told with its place', async (t) => {
  leakCheck(t);
  const folder = newFolder(t, CONFIG('A: { from: inbx, run: [cp, "{inn}"], exit: { 10: skp } }'), []);
  const { code, stderr } = await vahti(t, ['check'], folder);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /vahti\.yaml:8:20: error: cannot take from "inbx": there is no such inbox or step, did you mean "inbox"\?/,
  );
  assert.match(stderr, /vahti\.yaml:8:31: error: cannot say \{inn\} in "\{inn\}", did you mean "in"\?/);
  assert.match(stderr, /vahti\.yaml:8:\d+: error: .*ok, warnings, skip, ignore, defer, retry, fail/);
});

test('B11 a service that is stopped while a step runs lets it come to its end; nothing has failed', async (t) => {
  leakCheck(t);
  const step = `A: { from: inbox, run: [sh, -c, 'touch begun; sleep 1; cp "$1" "$2"', sh, "{in}", "{out}"] }`;
  const folder = newFolder(t, CONFIG(step), ['a.txt']);
  const daemon = await startDaemon(t, CONFIG(step), folder);
  await until(() => existsSync(join(folder, 'begun')), { deadlineMs: 20_000, what: 'the step to run' });
  deliver(folder, 'b.txt');
  assert.match((await daemon.cli('stop', 'tm')).stdout, /^tm stopped$/m);
  assert.deepEqual(readdirSync(join(folder, 'products')), ['a.txt']);
  assert.equal((await states(folder))?.['failed'], undefined);
  assert.equal((await states(folder))?.['done'], 1);
});
