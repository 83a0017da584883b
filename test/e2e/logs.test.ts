import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { LEVELS, type StoredRecord } from '../../src/core/record.ts';
import { createRig, type RigChild } from '../rig/child.ts';
import { leakCheck } from '../rig/leaks.ts';
import { jsonLines, PROGRAM, startDaemon, startVahti, type TestDaemon } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/** A daemon with a service that says what the test wants, and a second one. */
async function startTalking(t: TestContext): Promise<{ daemon: TestDaemon; child: RigChild }> {
  const rig = await createRig(t);
  const services = {
    talk: { run: rig.argv, env: rig.env },
    other: { run: ['sh', '-c', 'echo other says; exec sleep 1000'] },
  };
  const daemon = await startDaemon(t, JSON.stringify({ services }));
  return { daemon, child: await rig.nextChild() };
}

/** Waits until so many log lines of the service are on the time line. */
async function said(daemon: TestDaemon, count: number): Promise<StoredRecord[]> {
  return until(
    async () => {
      const records = await daemon.records('talk', '--kind', 'log');
      return records.length >= count && records;
    },
    { what: `${count} lines` },
  );
}

const LINES = [
  '{"level":"error","msg":"disk is full","free":0,"nested":{"a":[1]}}\n',
  '2026-01-02 03:04:05 ERROR cannot open the pod bay doors\n',
  'all is well, ä🐦\n',
  '{"level":40,"message":"careful"}\n',
];

test('what a service prints is in its file and on the time line, with the level and the values that it says', async (t) => {
  leakCheck(t);
  const { daemon, child } = await startTalking(t);
  for (const line of LINES) await child.print(line.includes('ERROR') ? 'stderr' : 'stdout', line);
  const records = await said(daemon, LINES.length);
  const told = records.map(({ level, message, sender, fields }) => ({ level, message, sender, fields }));
  assert.deepEqual(
    told.toSorted((a, b) => a.level - b.level || a.sender.localeCompare(b.sender)),
    [
      { level: LEVELS.info, message: 'all is well, ä🐦', sender: 'stdout', fields: undefined },
      { level: LEVELS.warn, message: 'careful', sender: 'stdout', fields: undefined },
      { level: LEVELS.error, message: LINES[1]?.trimEnd(), sender: 'stderr', fields: undefined },
      {
        level: LEVELS.error,
        message: 'disk is full',
        sender: 'stdout',
        fields: { free: 0, nested: { a: [1] } },
      },
    ],
  );
  for (const { service, life, kind } of records)
    assert.deepEqual([service, life, kind], ['talk', child.life.split('/').at(-1), 'log']);
  const { log } = await daemon.service('talk');
  assert.equal(log, join(daemon.folder, '.vahti/logs/talk.log'));
  const captured = await until(
    () => {
      const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
      return lines.length === LINES.length && lines;
    },
    { what: 'the lines in the file' },
  );
  assert.deepEqual(
    captured.map((line) => `${line.split(' ').slice(2).join(' ')}\n`).toSorted(),
    LINES.toSorted(),
  );
  for (const line of captured) assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (stdout|stderr) /);
});

test('logs takes what is asked for: service, level, kind, text, life, time, number', async (t) => {
  leakCheck(t);
  const { daemon, child } = await startTalking(t);
  for (const line of LINES.slice(0, 3)) await child.print('stdout', line);
  const first = await said(daemon, 3);
  const moment = new Date(Math.floor((first.at(-1)?.time ?? 0) / 1000) + 1).toISOString();
  await until(() => Date.now() > Date.parse(moment), { what: 'the clock to go on' });
  await child.print('stdout', 'later\n');
  const all = await said(daemon, 4);
  const ask = async (...args: string[]): Promise<string[]> =>
    (await daemon.records(...args)).map(({ message }) => message);
  const messages = all.map(({ message }) => message);
  const { life } = await daemon.service('talk');
  const [level, levelAll, text, kind, since, until_, newest, ofLife, both, whole, daemonSaid] =
    await Promise.all([
      ask('talk', '--level', 'error'),
      ask('--level', 'error'),
      ask('talk', '--text', 'POD BAY'),
      ask('--kind', 'start'),
      ask('talk', '--kind', 'log', '--since', moment),
      ask('talk', '--kind', 'log', '--until', moment),
      ask('talk', '-n', '2'),
      ask('--life', life ?? '', '--kind', 'log'),
      ask('talk', 'other', '--kind', 'log'),
      ask('talk', '--since', '1h', '--kind', 'log'),
      ask('--sender', 'daemon', '--sender', 'nobody', '--kind', 'exit', '--kind', 'start'),
    ]);
  assert.deepEqual(level, messages.slice(0, 2));
  assert.deepEqual(levelAll, level);
  assert.deepEqual(text, [messages[1]]);
  assert.equal(kind.length, 2);
  for (const message of kind) assert.match(message, /^started, life /);
  assert.deepEqual(since, ['later']);
  assert.deepEqual(until_, messages.slice(0, 3));
  assert.deepEqual(newest, messages.slice(2), 'the newest, the oldest first');
  assert.deepEqual(ofLife, messages);
  assert.deepEqual(both.toSorted(), [...messages, 'other says'].toSorted());
  assert.deepEqual(whole, messages);
  assert.deepEqual(daemonSaid, kind, 'of several senders and kinds any');
});

test('logs for people has time, level, service and message in a line, and nothing that could rewrite the terminal', async (t) => {
  leakCheck(t);
  const { daemon, child } = await startTalking(t);
  await child.print('stdout', 'ERROR \u001b]0;title\u0007 over\rwritten \u202e back\n');
  await said(daemon, 1);
  const { stdout } = await daemon.cli('logs');
  assert.match(
    stdout,
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ERROR talk +ERROR \ufffd\]0;title\ufffd over\ufffdwritten \ufffd back$/m,
  );
  assert.match(stdout, /Z INFO {2}talk +\[start\] started, life /);
  assert.match(stdout, /Z INFO {2}- +\[note\] vahti .* began/);
});

test('logs -f shows a new line within 2 s, and only of the services that were asked for', async (t) => {
  leakCheck(t);
  const { daemon, child } = await startTalking(t);
  await child.print('stdout', 'before\n');
  await said(daemon, 1);
  const follow = startVahti(t, ['logs', 'talk', '-f', '-n', '1', '--json'], daemon.folder);
  const shown = (): string[] => jsonLines<StoredRecord>(follow.output().stdout).map(({ message }) => message);
  await until(() => shown().length === 1, { what: 'the line that was there' });
  for (const word of ['one', 'two', 'three']) {
    await child.print('stdout', `${word}\n`);
    await until(() => shown().at(-1) === word, { deadlineMs: 2_000, what: `the line ${word}` });
  }
  assert.equal((await daemon.cli('restart', 'other')).code, 0);
  await child.print('stdout', 'four\n');
  await until(() => shown().at(-1) === 'four', { deadlineMs: 2_000, what: 'the line four' });
  assert.deepEqual(shown(), ['before', 'one', 'two', 'three', 'four']);
  follow.kill('SIGINT');
  const { code, stderr } = await within(follow.ended, { what: 'logs -f to end' });
  assert.deepEqual([code, stderr], [0, '']);
  const second = startVahti(t, ['logs', '-f', '-n', '1'], daemon.folder);
  await until(() => second.output().stdout !== '', { what: 'the second follower' });
  await daemon.stop();
  const end = await within(second.ended, { what: 'the follower to end with its daemon' });
  assert.deepEqual([end.code, end.stderr], [3, 'the daemon went down\n']);
});

test('what was stored can be read when no daemon runs, also by a reader that goes away early', async (t) => {
  leakCheck(t);
  const { daemon, child } = await startTalking(t);
  await child.flood('stdout', 101 * 3_000);
  await until(async () => (await daemon.cli('logs', 'talk', '-n', '1', '--kind', 'log')).stdout !== '', {
    what: 'the lines',
  });
  await daemon.stop();
  const stored = await daemon.cli('logs', 'talk', '--kind', 'exit', '--json');
  assert.equal(stored.stderr, 'the daemon is not running: this is what it stored\n');
  assert.deepEqual(
    jsonLines<StoredRecord>(stored.stdout).map(({ kind, service }) => [kind, service]),
    [['exit', 'talk']],
  );
  const follow = await daemon.cli('logs', '-f', '-n', '1');
  assert.deepEqual([follow.code, follow.stdout.split('\n').length], [3, 2]);
  assert.match(follow.stderr, /^cannot follow: the daemon is not running$/m);
  // 3,000 lines are more than a pipe holds: the writer is still at it when `head` goes.
  const script = '{ "$0" "$@"; echo "code $?" >&2; } | head -n 1';
  const options = { cwd: daemon.folder, timeout: 20_000 };
  const head = await promisify(execFile)(
    'sh',
    ['-c', script, process.execPath, PROGRAM, 'logs', '-n', '10000'],
    options,
  );
  assert.equal(head.stdout.split('\n').length, 2);
  assert.equal(head.stderr, 'the daemon is not running: this is what it stored\ncode 0\n');
});
