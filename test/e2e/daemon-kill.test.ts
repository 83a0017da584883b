import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck } from '../rig/leaks.ts';
import { isAlive, startDaemon, startVahti, type TestDaemon, vahti } from '../rig/vahti.ts';
import { until, within } from '../rig/wait.ts';

/**
 * Takes a lock that the kernel frees only when nobody of its tree lives any more, and writes a line for each life: `start PID`,
 * or `double PID` where the lock was taken. A line this short is written whole (O_APPEND).
 */
const WATCHED = `
exec 9>>lock
if ! flock -n 9; then echo "double $$" >> lives; exit 1; fi
echo "start $$" >> lives
setsid sleep 1000 &`;

const YAML = JSON.stringify({
  services: {
    a: { run: ['sh', '-c', `${WATCHED} exec sleep 1000`], restart: { fast: 10 } },
    slow: {
      run: [
        'sh',
        '-c',
        `trap 'sleep 0.7; exit 0' TERM; ${WATCHED.replaceAll(/\b(lock|lives)\b/g, 'slow-$&')} wait`,
      ],
    },
    off: { run: ['sh', '-c', 'echo life >> off-lives; exec sleep 1000'] },
  },
});

function lines(folder: string, file: string): string[] {
  const path = join(folder, file);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

function lives(daemon: TestDaemon, file = 'lives'): string[] {
  return lines(daemon.folder, file);
}

function lastPid(daemon: TestDaemon, file?: string): number {
  return Number(lives(daemon, file).at(-1)?.split(' ')[1]);
}

test('a killed daemon’s services live on until the next one ends them, and only then starts its own', async (t) => {
  leakCheck(t);
  let daemon = await startDaemon(t, YAML);
  await until(() => lives(daemon, 'off-lives').length === 1, { what: 'the life of off' });
  assert.equal((await daemon.cli('stop', 'off')).code, 0);
  for (let kills = 0; kills < 3; kills++) {
    await until(
      () => lives(daemon).length === kills + 1 && lives(daemon, 'slow-lives').length === kills + 1,
      { what: `life ${kills + 1}` },
    );
    const old = [lastPid(daemon), lastPid(daemon, 'slow-lives')];
    // What waits for its turn (100 ms at most) dies with the daemon; a question brings it into the store.
    await daemon.records('-n', '1000');
    daemon.process.kill('SIGKILL');
    await within(daemon.process.ended, { what: 'the daemon to be killed' });
    assert.deepEqual(old.map(isAlive), [true, true], 'nobody else has to die with the daemon');
    assert.equal((await daemon.cli('status')).code, 3);
    const next = startDaemon(t, YAML, daemon.folder);
    next.catch(() => {});
    await until(() => !isAlive(old[0] as number), { what: 'the first of the old to end' });
    assert.equal(isAlive(old[1] as number), true, 'the second takes its time');
    daemon = await next;
    await daemon.waitFor('a', 'to run', ({ state }) => state === 'running');
    assert.deepEqual(old.map(isAlive), [false, false]);
  }
  await until(() => lives(daemon).length === 4 && lives(daemon, 'slow-lives').length === 4, {
    what: 'the last lives',
  });
  for (const file of ['lives', 'slow-lives'])
    assert.deepEqual(
      lives(daemon, file).filter((line) => !line.startsWith('start ')),
      [],
    );
  const { state, wanted } = await daemon.service('off');
  assert.deepEqual([state, wanted, lives(daemon, 'off-lives')], ['stopped', false, ['life']]);
  const told = await daemon.records('-n', '1000');
  const ended = told.filter(({ message }) =>
    /^(ended|killed) what a dead daemon left behind: /.test(message),
  );
  assert.equal(ended.length, 6, 'two lives, three times');
  for (const { message, seq } of ended) {
    const [, name, life] = message.split('/') as [string, string, string];
    const next = told.filter(
      (record) => record.service === name && record.kind === 'start' && record.seq > seq,
    )[0];
    assert.ok(next !== undefined && next.life > life, `${name} started again after the end of ${life}`);
  }
});

test('kills, restarts and reloads in any mixture never make two of one service', async (t) => {
  leakCheck(t);
  const daemon = await startDaemon(t, YAML);
  await until(() => lives(daemon).length === 1, { what: 'the first life' });
  // Everybody at once, several times: persons, signals, and the death of the service itself.
  for (let round = 0; round < 3; round++) {
    const pid = lastPid(daemon);
    const asked = ['restart', 'start'].map((word) => daemon.cli(word, 'a'));
    daemon.process.kill('SIGHUP');
    process.kill(pid, 'SIGKILL');
    for (const { code, stdout, stderr } of await Promise.all(asked)) assert.equal(code, 0, stdout + stderr);
    await until(() => isAlive(lastPid(daemon)) && lastPid(daemon) !== pid, { what: 'a new life' });
  }
  assert.deepEqual(
    lives(daemon).filter((line) => !line.startsWith('start ')),
    [],
  );
  const { pid } = await daemon.waitFor('a', 'to run', ({ state }) => state === 'running');
  await until(() => lastPid(daemon) === pid, { what: 'the life that status shows' });
});

test('a hang-up in the very first moments of a daemon starts nothing twice, nor beside what is still to be ended', async (t) => {
  leakCheck(t);
  const first = await startDaemon(t, YAML);
  await until(() => lives(first, 'slow-lives').length === 1, { what: 'the first life' });
  first.process.kill('SIGKILL');
  const { folder } = first;
  const daemon = startVahti(t, ['up', '--view', 'json'], folder);
  await until(() => daemon.output().stdout.includes('vahti runs 3 services'), {
    what: 'the first word of the daemon',
  });
  daemon.kill('SIGHUP');
  await until(() => lines(folder, 'slow-lives').length > 1, { what: 'the second life' });
  assert.equal((await vahti(t, ['reload'], folder)).code, 0);
  daemon.kill('SIGTERM');
  assert.equal((await within(daemon.ended, { what: 'the daemon to end' })).code, 0);
  for (const file of ['lives', 'slow-lives'])
    assert.deepEqual(
      lines(folder, file).map((line) => line.split(' ')[0]),
      ['start', 'start'],
    );
});

test('a daemon that goes down in the middle of a reload leaves nothing running', async (t) => {
  leakCheck(t);
  const slow = { run: ['sh', '-c', "trap '' TERM; echo $$ >> slow; sleep 1000 & wait; wait"], stop: '700ms' };
  const daemon = await startDaemon(t, JSON.stringify({ services: { slow } }));
  await until(() => lines(daemon.folder, 'slow').length === 1, { what: 'the slow service' });
  const next = { b: { run: ['sh', '-c', 'echo $$ >> b; exec sleep 1000'] } };
  writeFileSync(join(daemon.folder, 'vahti.yaml'), JSON.stringify({ services: next }));
  const reload = daemon.client.call('reload', { dryRun: false });
  await daemon.waitFor('slow', 'to be stopped', ({ state }) => state === 'stopping');
  const { code, stderr } = await daemon.stop();
  assert.deepEqual([code, stderr], [0, '']);
  await reload;
  assert.deepEqual(
    [...lines(daemon.folder, 'slow'), ...lines(daemon.folder, 'b')].map(Number).filter(isAlive),
    [],
  );
});
