import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type BoxedDaemon, startBoxedDaemon, told } from '../rig/boxed-daemon.ts';
import { leakCheck, onEnd, tempFolder } from '../rig/leaks.ts';
import { boxOfFile, noBox } from '../rig/systemd-box.ts';
import { until } from '../rig/wait.ts';
import { PROGRAM, startVahti } from '../rig/vahti.ts';

/** `vahti up --systemd` in a real systemd: services that are run by units of the form that `vahti install` makes. */

const box = boxOfFile();
const inBox = { skip: noBox };

let folders = 0;

/** A unit for a service of a config in a folder. */
function unitOf(folder: string, name: string, ...lines: readonly string[]): string {
  const run = `${process.execPath} ${PROGRAM} run ${name} --plan ${folder}/.vahti/plan.json`;
  return [
    '[Unit]',
    'StartLimitIntervalSec=0',
    '[Service]',
    ...(lines.includes('Type=notify') ? ['NotifyAccess=all'] : ['Type=exec']),
    'Environment=VAHTI_UNIT=1',
    `ExecStart=${run}`,
    'Restart=always',
    'RestartSec=1s',
    'TimeoutStopSec=5s',
    ...lines,
    '',
  ].join('\n');
}

async function daemonOf(
  t: TestContext,
  services: string,
  units: Readonly<Record<string, readonly string[]>>,
  folder = join(box().share, `i${folders++}`),
): Promise<BoxedDaemon> {
  const named = Object.entries(units).map(([name, lines]) => [
    `vahti-${name}.service`,
    unitOf(folder, name, ...lines),
  ]);
  await box().units(Object.fromEntries(named) as Record<string, string>);
  return startBoxedDaemon(t, box(), `services:\n${services}`, folder, ['--systemd']);
}

const shown = async (unit: string, property: string): Promise<string> =>
  (await box().run('systemctl', 'show', '-P', property, unit)).trim();

test(
  'a killed life is followed, a loop is paced, a stop by systemctl holds, and all of it outlives a daemon that is killed',
  inBox,
  async (t) => {
    leakCheck(t);
    const services = `  web:
    run: [sh, -c, 'echo "I am $VAHTI_LIFE"; exec sleep 1000']
    ready: { line: I am, within: 20s }
  loop:
    run: [sh, -c, exit 3]
    restart: { fast: 1, backoff: 10ms..10ms, slow: 15m }
  ghost: { run: [sleep, "1000"] }
`;
    const units = { web: [], loop: [] };
    let daemon = await daemonOf(t, services, units);
    onEnd(t, () => box().run('systemctl', 'stop', 'vahti-web', 'vahti-loop'));
    const { folder } = daemon;

    const ghost = await daemon.waitFor('ghost', 'to be looked at', ({ state }) => state === 'failed');
    assert.equal(ghost.runBy?.trouble, 'there is no unit vahti-ghost.service: run vahti install');
    await assert.rejects(
      daemon.cli('start', 'ghost'),
      /there is no unit vahti-ghost\.service: run vahti install/,
    );

    const first = await daemon.waitFor('web', 'to be ready', ({ ready }) => ready === true);
    assert.deepEqual(
      [String(first.pid), first.life],
      [await shown('vahti-web', 'MainPID'), await shown('vahti-web', 'InvocationID')],
    );
    await until(
      async () => (await told(daemon, 'web', 'log')).some((line) => line.endsWith(`/web/${first.life}`)),
      {
        what: 'the life that it was given',
      },
    );
    await box().run('kill', '-KILL', String(first.pid));
    const second = await daemon.waitFor(
      'web',
      'to have another life',
      ({ life, pid }) => pid !== null && life !== first.life,
    );
    assert.match((await told(daemon, 'web', 'exit'))[0] ?? '', /^ended by SIGKILL after /);
    assert.match(fs.readFileSync(second.log, 'utf8'), / stdout I am /);

    const slow = await daemon.waitFor(
      'loop',
      'to be in the slow lane',
      ({ lane, state }) => lane === 'slow' && state === 'waiting',
    );
    assert.equal((await daemon.records('loop', 'start')).length, 12);
    assert.match((await told(daemon, 'loop', 'exit'))[0] ?? '', /^exited with code 3 after /);
    await until(async () => (await shown('vahti-loop', 'ActiveState')) === 'inactive', {
      what: 'systemd to leave it',
    });

    await daemon.kill();
    // A stop by hand, and a life that comes and goes, while nobody looks.
    await box().run('kill', '-KILL', String(second.pid));
    await until(
      async () =>
        Number(await shown('vahti-web', 'MainPID')) > 0 && (await shown('vahti-web', 'NRestarts')) === '2',
      {
        what: 'a third life',
      },
    );
    daemon = await daemonOf(t, services, units, folder);
    const third = await daemon.waitFor(
      'web',
      'to be taken over',
      ({ state, ready }) => state === 'running' && ready === true,
    );
    assert.equal(third.life, await shown('vahti-web', 'InvocationID'));
    const starts = await daemon.records('web', 'start');
    assert.deepEqual(
      starts.map(({ life }) => life),
      [first.life, second.life, third.life],
      'each once',
    );
    assert.equal((await daemon.records('web', 'exit')).length, 2);
    const still = await daemon.waitFor('loop', 'to wait', ({ state }) => state === 'waiting');
    assert.ok(still.lane === 'slow' && (still.nextStartAt ?? 0) >= (slow.nextStartAt ?? 0), 'it waits on');

    await box().run('systemctl', 'stop', 'vahti-web');
    const stopped = await daemon.waitFor(
      'web',
      'to be stopped',
      ({ state, wanted }) => state === 'stopped' && !wanted,
    );
    assert.equal(stopped.life, null);
    assert.ok((await told(daemon, 'web', 'action')).includes('stop through systemd, not by vahti'));
    await daemon.kill();
    daemon = await daemonOf(t, services, units, folder);
    await daemon.waitFor('loop', 'to be looked at', ({ state }) => state === 'waiting');
    assert.equal((await daemon.service('web')).wanted, false, 'it holds');
    await box().run('systemctl', 'start', 'vahti-web');
    await daemon.waitFor(
      'web',
      'to be a person’s again',
      ({ state, wanted, pid }) => state === 'running' && wanted && pid !== null,
    );
    assert.match(await daemon.cli('restart', 'web'), /^web restarted \(pid \d+\)$/m);
    assert.match(await daemon.cli('stop', 'web'), /^web stopped$/m);
    assert.equal(await shown('vahti-web', 'ActiveState'), 'inactive');
    assert.match(await daemon.cli('explain', 'web'), /It is run by systemd, as vahti-web\.service\./);
  },
);

test(
  'a built-in kind says that it is ready and well; one that hangs is killed by the watchdog, one that leaks by its limit; a reload restarts through the unit',
  inBox,
  async (t) => {
    leakCheck(t);
    const relay = startVahti(
      t,
      ['simulate', 'firehose', '--listen', '127.0.0.1:0', '--rate', '50'],
      tempFolder(t),
    );
    const address = await until(() => /127\.0\.0\.1:\d+/.exec(relay.output().stderr)?.[0], {
      what: 'the simulator',
    });
    const servicesOf = (sleep: number): string => `  fire:
    collect: { from: "ws://${address}/xrpc/com.atproto.sync.subscribeRepos", into: data, cursor: oldest }
  leak:
    run: [sh, -c, 'exec node -e "const kept = []; setInterval(() => fs.existsSync(process.argv[1]) && kept.push(Buffer.alloc(1e7, 1)), 20)" leak-now']
    memory: 100M
    restart: { fast: 0, backoff: 1m..1m }
  calm:
    run: [sleep, "${sleep}"]
  old: { run: [sleep, "1000"] }
  says:
    run: [sh, -c, 'until [ -e go ]; do sleep 0.1; done; echo >&$VAHTI_READY_FD; echo more >&3; exec sleep 1000']
    ready: { fd: 3, within: 1m }
`;
    const units = {
      fire: ['Type=notify', 'WatchdogSec=3s'],
      leak: [
        'MemoryMax=100M',
        'MemorySwapMax=0',
        `Environment=PATH=${dirname(process.execPath)}:/usr/bin:/bin`,
      ],
      calm: [],
      old: [],
      says: ['Type=notify'],
    };
    const daemon = await daemonOf(t, servicesOf(1000), units);
    onEnd(t, () =>
      box().run('systemctl', 'stop', 'vahti-fire', 'vahti-leak', 'vahti-calm', 'vahti-old', 'vahti-says'),
    );
    const fire = await daemon.waitFor(
      'fire',
      'to be ready',
      (service) => service.ready === true && service.figures !== null,
    );
    const leaking = await daemon.waitFor('leak', 'to be measured', ({ memory }) => memory !== null);
    assert.ok((leaking.memory?.bytes ?? 0) > 1_000_000);
    fs.writeFileSync(join(daemon.folder, 'leak-now'), '');
    await daemon.waitFor(
      'leak',
      'to have fallen',
      ({ state, lane }) => state === 'waiting' && lane === 'backoff',
    );
    const fell = (await told(daemon, 'leak', 'exit'))[0] ?? '';
    assert.match(
      fell,
      /^(?:killed for its memory after .*|ended by SIGKILL after .*, perhaps for its memory) \(MemoryMax 100M\)$/,
    );

    const says = await daemon.waitFor(
      'says',
      'to run',
      ({ state, pid }) => state === 'running' && pid !== null,
    );
    assert.equal(says.ready, false);
    fs.writeFileSync(join(daemon.folder, 'go'), '');
    await daemon.waitFor('says', 'to have said that it is ready', ({ ready }) => ready === true);
    assert.equal(await shown('vahti-says', 'MainPID'), String(says.pid), 'it is the command itself');

    const [calm, old] = [await daemon.service('calm'), await daemon.service('old')];
    fs.writeFileSync(
      join(daemon.folder, 'vahti.yaml'),
      `services:\n${servicesOf(2000).replace(/ {2}old.*\n/, '')}`,
    );
    assert.match(await daemon.cli('reload'), /restart +calm/);
    const changed = await daemon.waitFor(
      'calm',
      'to be another life',
      ({ life, pid }) => pid !== null && life !== calm.life,
    );
    await until(
      async () => (await box().run('cat', `/proc/${changed.pid}/cmdline`)) === 'sleep\x002000\x00',
      {
        what: 'the unit to have become its new command',
      },
    );
    assert.equal(await shown('vahti-old', 'ActiveState'), 'inactive', `was pid ${old.pid}`);

    // Deaf, but alive.
    await box().run('kill', '-STOP', String(fire.pid));
    const next = await daemon.waitFor(
      'fire',
      'to have another life',
      ({ life, ready }) => ready === true && life !== fire.life,
    );
    assert.match(
      (await told(daemon, 'fire', 'exit'))[0] ?? '',
      /^killed by systemd's watchdog after .*: no sign of life within 3s \(WatchdogSec\)$/,
    );
    await daemon.stop();
    assert.deepEqual(
      [await shown('vahti-fire', 'InvocationID'), await shown('vahti-calm', 'InvocationID')],
      [next.life, changed.life],
      'the end of the daemon leaves them running',
    );
  },
);
