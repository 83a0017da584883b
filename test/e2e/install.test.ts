import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { assignment, commandLine } from '../../src/deploy/quoting.ts';
import { boxOfFile, noBox } from '../rig/systemd-box.ts';
import { PROGRAM } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** `vahti install` and `vahti uninstall` on a machine with a systemd of its own: nothing of systemd's is a stand-in. */

const box = boxOfFile();
const CONFIG = '/etc/vahti/vahti.yaml';

/** What a command of vahti's prints to both its outputs; whether it failed stands in its last line. */
async function vahti(...args: string[]): Promise<string> {
  const script = '"$@" 2>&1 || echo "exit $?"';
  const program = ['env', 'NO_COLOR=1', process.execPath, PROGRAM, ...args];
  return box().run('sh', '-c', script, 'sh', ...program);
}

/** Puts a file where the box alone sees it. */
async function put(file: string, text: string): Promise<void> {
  const shared = path.join(box().share, 'file');
  fs.writeFileSync(shared, text);
  await box().run('install', '-D', '-m644', shared, file);
}

const config = (level: string, more = ''): string => `
hub: { listen: 127.0.0.1:7080, agent: box }
services:
  relay:
    run: [vahti, simulate, firehose, --listen, 127.0.0.1:6008, --rate, "20"]
  firehose:
    collect:
      from: ws://127.0.0.1:6008/xrpc/com.atproto.sync.subscribeRepos
      into: data/firehose
      cursor: oldest
  clock:
    run: [sh, -c, 'echo "level $LEVEL, 100 % of \\$HOME"; while :; do sleep 1000; done']
    env: { LEVEL: "${level}" }
    writes: [out]
  other: { run: [sleep, "1000"], user: daemon, cwd: / }
  manual: { run: [sleep, "1000"], boot: false, unit-name: by-hand }
${more}
`;
const GONE = '  gone: { run: [sleep, "1000"] }\n';
const UNITS = ['vahti-hub', 'vahti-relay', 'vahti-firehose', 'vahti-clock', 'vahti-other', 'by-hand'].map(
  (name) => `${name}.service`,
);

async function property(unit: string, name: string): Promise<string> {
  return (await box().run('systemctl', 'show', '--value', `--property=${name}`, unit)).trim();
}

const invocations = (): Promise<readonly string[]> =>
  Promise.all([...UNITS, 'vahti.service'].map((unit) => property(unit, 'InvocationID')));

function isUp(unit: string): Promise<boolean> {
  return until(async () => (await property(unit, 'ActiveState')) === 'active', {
    what: `${unit} to be active`,
    deadlineMs: 30_000,
  });
}

/** Waits until the journal has it of the clock. */
function says(text: string): Promise<string> {
  const read = (): Promise<string> => box().run('journalctl', '--output=cat', '--no-pager', '-t', 'clock');
  return until(
    async () => {
      const log = await read();
      return log.includes(text) ? log : undefined;
    },
    { what: text, deadlineMs: 10_000 },
  );
}

test('every mistake is told at once, and nothing is changed', { skip: noBox }, async () => {
  await put(CONFIG, config('one', GONE));
  await put('/etc/systemd/system/by-hand.service', '[Service]\nExecStart=/bin/true\n');
  await put('/etc/polkit-1/rules.d/50-vahti.rules', '// mine\n');
  const said = await vahti('install');
  assert.match(
    said,
    /cannot write \/etc\/systemd\/system\/by-hand.service: it is there, and not of vahti install/,
  );
  assert.match(said, /cannot write \/etc\/polkit-1\/rules.d\/50-vahti.rules: it is there/);
  assert.match(said, /nothing was changed\nexit 1\n$/);
  assert.match(
    await vahti('install', '--user', 'nobody-here'),
    /cannot install for "nobody-here": no such user/,
  );
  await box().run('rm', '/etc/systemd/system/by-hand.service', '/etc/polkit-1/rules.d/50-vahti.rules');
  const jobs = 'jobs:\n  pack: { at: daily, archive: data/firehose, user: daemon }\n';
  await put(CONFIG, config('one', `  lost: { run: [sleep, "1"], user: daemon }\n${jobs}`));
  const wrong = await vahti('install');
  assert.match(wrong, /cannot run lost as daemon in \/var\/lib\/vahti, which is for vahti: give it a cwd/);
  assert.match(wrong, /cannot run the job pack as daemon: archive writes the ledger, which is for vahti/);
  await put(CONFIG, config('one', GONE));
  const planned = await vahti('install', '--dry-run');
  assert.match(planned, /^\+ \/etc\/systemd\/system\/vahti.service$/m);
  assert.match(planned, /^\+ start vahti-firehose.service$/m);
  assert.doesNotMatch(planned, /start by-hand/);
  assert.equal(await box().run('find', '/etc', '-name', '*vahti*', '-not', '-path', '/etc/vahti*'), '');
});

test('an install runs what the config says, each in a unit of its own, as systemd wants it', {
  skip: noBox,
}, async () => {
  const said = await vahti('install');
  assert.match(said, /^started vahti.service$/m, said);
  assert.match(said, /^installed; /m);
  for (const unit of [
    'vahti-relay.service',
    'vahti-clock.service',
    'vahti-other.service',
    'vahti-gone.service',
    'vahti-firehose.service',
  ])
    await isUp(unit);
  assert.equal(await property('by-hand.service', 'ActiveState'), 'inactive');
  assert.equal(
    await box().run('sh', '-c', 'systemd-analyze verify /etc/systemd/system/*vahti*.service 2>&1'),
    '',
  );
  await says('level one, 100 % of $HOME\n');
  const modes = await box().run(
    'stat',
    '-c',
    '%a %U:%G %n',
    '/run/vahti/control.sock',
    '/var/lib/vahti/data/firehose',
  );
  assert.equal(
    modes,
    '660 vahti:vahti /run/vahti/control.sock\n755 vahti:vahti /var/lib/vahti/data/firehose\n',
  );
  assert.match(await vahti('status'), /firehose/);
  await until(async () => (await vahti('status')).includes('/ws, connected as box'), {
    what: 'records to be sent to the hub',
  });
});

test('units of our own kinds are at 2.0 or below in the measure of systemd, and doctor says what keeps them there', {
  skip: noBox,
}, async () => {
  const said = await vahti('doctor');
  const scores = [...said.matchAll(/(\S+\.service) +exposure (\d+\.\d) of 10/g)];
  const of = (unit: string): number => Number(scores.find(([, name]) => name === unit)?.[2]);
  // A program that lies in /tmp, as a checkout of CI's does, cannot have a /tmp of its own.
  const most = PROGRAM.startsWith('/tmp/') ? 2.3 : 2;
  for (const name of ['vahti', 'vahti-hub', 'vahti-firehose', 'vahti-relay', 'vahti-clock'])
    assert.ok(of(`${name}.service`) <= most, `${name} over ${most}: ${said}`);
  assert.ok(of('vahti-gone.service') > 2, said);
  assert.match(said, /MemoryDenyWriteExecute=yes: Node compiles while it runs/);
  assert.match(said, /ProtectSystem=strict: its config has no `writes`/);
});

test('again: nothing changes. One service changed: it alone has a new life', { skip: noBox }, async () => {
  const first = await invocations();
  assert.equal(await vahti('install'), 'nothing to change\n');
  assert.deepEqual(await invocations(), first);

  await put(CONFIG, config('two'));
  const said = await vahti('install');
  assert.match(said, /^restarted vahti-clock.service$/m);
  await isUp('vahti-clock.service');
  const then = await invocations();
  const changed = [...UNITS, 'vahti.service'].filter((_, index) => then[index] !== first[index]);
  assert.deepEqual(changed, ['vahti-clock.service']);
  await says('level two, ');
  assert.equal(await property('vahti-gone.service', 'LoadState'), 'not-found');
  assert.equal(await property('vahti-gone.service', 'ActiveState'), 'inactive');
  assert.equal(await box().run('find', '/etc/systemd/system', '-name', '*gone*'), '');
});

test('what is quoted in a unit reaches its process as it was', { skip: noBox }, async () => {
  const words = [
    'plain',
    'a b',
    '',
    '100 %i',
    '$HOME ${HOME}',
    `it's "so"`,
    'back\\slash\\',
    'line\nbreak',
    ';',
    'ä🚲',
    '-@+!:',
  ];
  const file = path.join(box().share, 'said');
  const dump = 'printf "%s\\0" "$VALUE" "$@" > "$FILE"';
  const lines = [
    '[Service]',
    'Type=oneshot',
    `ExecStart=${commandLine(['/bin/sh', '-c', dump, 'sh', ...words])}`,
    `Environment=${assignment('VALUE', words.join(' '))} ${assignment('FILE', file)}`,
  ];
  await box().units({ 'quoted.service': `${lines.join('\n')}\n` });
  await box().run('systemctl', 'start', 'quoted.service');
  assert.deepEqual(fs.readFileSync(file, 'utf8').split('\0').slice(0, -1), [words.join(' '), ...words]);
});

test('uninstall leaves nothing but data; with --purge not even them', { skip: noBox }, async () => {
  const said = await vahti('uninstall');
  assert.match(said, /^uninstalled$/m);
  assert.equal(await box().run('find', '/etc', '-name', '*vahti*', '-not', '-path', '/etc/vahti*'), '');
  assert.equal(
    await box().run('systemctl', 'list-units', '--all', '--plain', '--no-legend', 'vahti*', 'by-hand*'),
    '',
  );
  assert.match(await box().run('ls', '/var/lib/vahti/data/firehose'), /\d{4}-\d\d-\d\d/);
  assert.match(
    await vahti('uninstall'),
    /cannot uninstall: nothing is installed from \/etc\/vahti\/vahti.yaml\nexit 1/,
  );
  assert.match(
    await vahti('uninstall', '--purge'),
    /deletes the data in \/var\/lib\/vahti\/data\/firehose\n[^]*--yes does it\nexit 2/,
  );
  assert.match(await vahti('uninstall', '--purge', '--yes'), /^deleted \/var\/lib\/vahti$/m);
  assert.equal(
    await box().run(
      'sh',
      '-c',
      'ls -d /var/lib/vahti /var/log/vahti /run/vahti /etc/vahti 2>/dev/null || true',
    ),
    '/etc/vahti\n',
  );
});
