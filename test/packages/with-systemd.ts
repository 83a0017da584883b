import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import type { DaemonStatus } from '../../src/app/control-api.ts';
import { scriptUnit } from '../rig/boxed-daemon.ts';
import { leakCheck } from '../rig/leaks.ts';
import type { Built, BuiltPackages } from '../rig/packages.ts';
import { boxOfFile, noBox, type SystemdBox } from '../rig/systemd-box.ts';
import { until } from '../rig/wait.ts';

const CONFIG = '/etc/vahti-watch/vahti.yaml';
const RULES = '/etc/polkit-1/rules.d/50-vahti-watch.rules';
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const WATCHED = `state: /var/lib/vahti-watch
services:
  worker:
    unit: worker.service
    restart: { watches: { most: 100, cool: 1s } }
    watch: { alive: { log: { within: 700ms }, every: 100ms, timeout: 2s, grace: 0s, fail: 2, then: restart } }
`;
const noPolkit =
  noBox ||
  (fs.existsSync('/usr/lib/polkit-1/polkitd') ? false : 'polkit is not installed (apt-get install polkitd)');
/** However often it is restarted. */
const WORKER = `[Unit]\nStartLimitIntervalSec=0\n${scriptUnit('echo working; exec sleep 1000')}`;
/** The program's own Node, which does nothing. */
const IDLE = `ExecStart=/usr/lib/vahti/bin/node -e 'setInterval(Date.now, 1e6)'`;

/** The packages where a real systemd runs. */
export function testWithSystemd(packages: () => BuiltPackages): void {
  const box = boxOfFile();

  test('vahti-watch sees its unit, comes back when it is killed, restarts what polkit lets it and nothing else', {
    skip: noPolkit,
  }, async (t) => {
    leakCheck(t);
    const machine = machineOf(box());
    await machine.install(packages().now);
    assert.equal(
      await machine.run('sh', '-c', 'systemctl is-enabled vahti vahti-watch || true'),
      'disabled\ndisabled\n',
    );
    assert.equal(
      await machine.run('sh', '-c', 'systemctl is-active vahti vahti-watch || true'),
      'inactive\ninactive\n',
    );
    await box().units({ 'worker.service': WORKER });
    await machine.write(CONFIG, WATCHED);
    await machine.run('systemctl', 'start', 'worker', 'vahti-watch');
    const [pid, life] = [
      await machine.show('vahti-watch', 'MainPID'),
      await machine.show('worker', 'InvocationID'),
    ];
    await until(async () => (await machine.told()).includes('not allowed'), {
      what: 'polkit to refuse',
      deadlineMs: 20_000,
    });
    await machine.run('kill', '-9', pid);
    await until(async () => ![pid, '0'].includes(await machine.show('vahti-watch', 'MainPID')), {
      what: 'vahti-watch to come back',
    });
    await until(async () => (await machine.status(CONFIG)).services[0]?.life === life, {
      what: 'it to see the unit',
      deadlineMs: 20_000,
    });
    assert.match(await machine.run('cat', '/var/log/vahti-watch/worker.log'), /working/);
    await machine.write(CONFIG, WATCHED.replace('unit:', 'unti:'));
    await assert.rejects(
      machine.run('systemctl', 'reload', 'vahti-watch'),
      /Job for vahti-watch.service failed/,
    );
    assert.match(await machine.journal('vahti-watch'), /vahti\.yaml:4:\d+: error: .*unti/);
    await machine.write(CONFIG, WATCHED);
    await machine.run('systemctl', 'reload', 'vahti-watch');
    const rules = await machine.run('cat', RULES);
    await machine.write(RULES, rules.replace('// "livereduce.service"', '"worker.service"'));
    await until(async () => /Reloading rules[^]*Finished loading/.test(await machine.journal('polkit')), {
      what: 'polkit to have the rule',
    });
    await machine.run('systemctl', 'restart', 'worker');
    const second = await machine.show('worker', 'InvocationID');
    await until(async () => (await machine.show('worker', 'InvocationID')) !== second, {
      what: 'vahti-watch to restart the unit',
      deadlineMs: 20_000,
    });
    await assert.rejects(
      machine.run('runuser', '-u', 'vahti-watch', '--', 'systemctl', 'stop', 'vahti-watch'),
      /authentication required|Access denied/i,
    );
    await machine.run('systemctl', 'stop', 'vahti-watch', 'worker');
  });

  test('an upgrade restarts what runs the program, and leaves the rest; removing stops, keeps the data, and starts nothing at boot', {
    skip: noBox,
  }, async (t) => {
    leakCheck(t);
    const machine = machineOf(box());
    await machine.install(packages().now);
    await machine.write(CONFIG, WATCHED.replace('then: restart', 'then: note'));
    await machine.write('/etc/vahti/vahti.yaml', 'services: { clock: { run: [sleep, infinity] } }\n');
    await box().units({
      'worker.service': WORKER,
      // What runs on our own program: a kind of ours, and a run of a job.
      'vahti-kind.service': `[Service]\n${IDLE}\n[Install]\nWantedBy=multi-user.target\n`,
      'vahti-job-long.service': `[Service]\nType=oneshot\n${IDLE}\n`,
    });
    await machine.run('vahti', 'install');
    await machine.run('systemctl', 'enable', '--quiet', 'vahti-kind', 'vahti-watch');
    await machine.run('systemctl', 'start', 'worker', 'vahti-watch', 'vahti-kind');
    await machine.run('systemctl', 'start', '--no-block', 'vahti-job-long');
    await until(async () => (await machine.show('vahti-job-long', 'MainPID')) !== '0', {
      what: 'the job to run',
    });
    const units = ['vahti', 'vahti-watch', 'vahti-kind', 'vahti-clock', 'vahti-job-long', 'worker'];
    const lives = async (): Promise<Record<string, string>> => {
      const ids = units.map(async (unit) => [unit, await machine.show(unit, 'InvocationID')] as const);
      return Object.fromEntries(await Promise.all(ids));
    };
    const before = await lives();
    await machine.install(packages().later);
    const after = await lives();
    const renewed = units.filter((unit) => before[unit] !== after[unit]);
    assert.deepEqual(renewed, ['vahti', 'vahti-watch', 'vahti-kind']);
    assert.equal(await machine.run('cat', CONFIG), WATCHED.replace('then: restart', 'then: note'));
    const watched = await machine.status(CONFIG);
    assert.equal(watched.services[0]?.life, after['worker'], 'the unit ran on, and is seen');
    const daemon = await machine.status('/etc/vahti/vahti.yaml');
    assert.deepEqual(
      [daemon.version, daemon.services[0]?.life],
      [packages().later.version, after['vahti-clock']],
    );
    for (const unit of units)
      assert.equal(await machine.show(unit, 'NRestarts'), '0', `${unit} never failed`);

    await machine.run('dpkg', '--remove', 'vahti-watch');
    assert.equal(await machine.show('vahti-watch', 'ActiveState'), 'inactive');
    assert.match(
      await machine.run('ls', '/var/log/vahti-watch', '/var/lib/vahti-watch'),
      /state\.db[^]*worker\.log/,
    );
    await machine.run('dpkg', '--remove', 'vahti');
    const states = await Promise.all(
      units.map(async (unit) => `${unit} ${await machine.show(unit, 'ActiveState')}`),
    );
    assert.deepEqual(
      states.filter((state) => state.endsWith(' active')),
      ['worker active'],
    );
    const enabled = 'systemctl is-enabled vahti vahti-kind vahti-clock || true';
    assert.equal(await machine.run('sh', '-c', enabled), 'disabled\n'.repeat(3));
    await machine.run('dpkg', '--purge', 'vahti-watch', 'vahti');
    const left =
      'ls -d /etc/vahti* /var/lib/vahti* /var/log/vahti* /etc/*/*vahti* /etc/systemd/system/vahti-clock*';
    assert.equal(await machine.run('sh', '-c', `${left} 2> /dev/null || true`), '');
  });
}

interface Machine {
  run(...argv: string[]): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** Unless it is that version already. */
  install(built: Built): Promise<void>;
  /** A property of a unit. */
  show(unit: string, property: string): Promise<string>;
  /** What a daemon says of itself. */
  status(config: string): Promise<DaemonStatus>;
  journal(unit: string): Promise<string>;
  /** What vahti-watch has in its time line. */
  told(): Promise<string>;
}

function machineOf(box: SystemdBox): Machine {
  const run: Machine['run'] = (...argv) => box.run('env', '-i', `PATH=${PATH}`, ...argv);
  return {
    run,
    async write(file, text) {
      const at = path.join(box.share, 'written');
      fs.writeFileSync(at, text);
      await run('cp', '--no-preserve=mode', at, `${file}.new`);
      await run('mv', `${file}.new`, file);
    },
    async install({ version, debs }) {
      const known = "dpkg-query --show --showformat '${Version}' vahti || true";
      if ((await run('sh', '-c', known)) === version.replace('-', '~')) return;
      const shared = debs.map((deb) => path.join(box.share, path.basename(deb)));
      for (const [index, deb] of debs.entries())
        if (!fs.existsSync(shared[index] ?? '')) fs.linkSync(deb, shared[index] ?? '');
      // Machines that are made into images forbid to start anything.
      await run('rm', '--force', '/usr/sbin/policy-rc.d');
      await run('dpkg', '--force-unsafe-io', '--force-confold', '--install', ...shared);
    },
    show: async (unit, property) =>
      (await run('systemctl', 'show', '--property', property, '--value', unit)).trim(),
    status: async (config) =>
      JSON.parse(await run('vahti', 'status', '--json', '-c', config)) as DaemonStatus,
    journal: (unit) => run('journalctl', '--output', 'cat', '--unit', unit),
    told: () => run('vahti', 'logs', 'worker', '-c', CONFIG),
  };
}
