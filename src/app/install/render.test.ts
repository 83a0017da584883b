import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../../test/rig/leaks.ts';
import { runTool } from './machine.ts';
import { systemClock } from '../../core/clock.ts';
import { configOfMark } from '../../deploy/unit-file.ts';
import { loadConfig } from '../config/load.ts';
import type { Plan } from '../plan.ts';
import { rebase } from './rebase.ts';
import { renderInstall } from './render.ts';
import { readScores } from './scores.ts';

const CONFIG = `
services:
  db: { unit: postgresql.service }
  feed:
    collect: { from: "wss://example.org/xrpc/com.atproto.sync.subscribeRepos", into: data/feed }
    memory: 200M..300M
  api:
    run: [node, server.js, "50 %", "$HOME"]
    needs: [db, feed ready]
    cwd: /
    user: daemon
    writes: [data/api, /dev/ttyS0]
    cpu: 1.5
    open-files: 4096
    stop-signal: QUIT
    stop: 5500ms
    unit-name: my-api
    restart: { no-restart-on: [78] }
  web: { run: [sleep, "1"], ready: { fd: 3 }, boot: false, tmp: private, watch: { own: { command: "/bin/true" } } }
jobs:
  pack: { at: "5 * * * *", archive: data/feed, nice: 5 }
  away: { after: pack, sync: data/feed, to: "backup:/srv/feed" }
  dump: { at: daily, run: [pg_dump], user: daemon }
`;

/** Every line of it is one that docs/systemd.md explains. */
const FEED = `# Made by vahti install from "/etc/vahti/vahti.yaml"
# It is written anew by each install: your own lines belong into systemctl edit vahti-feed.service

[Unit]
Description=Vahti: feed
Documentation=file:///etc/vahti/vahti.yaml
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0
RequiresMountsFor=/run/vahti/services /var/lib/vahti /var/lib/vahti/data/feed

[Service]
Type=notify
NotifyAccess=all
TimeoutStartSec=infinity
WatchdogSec=60s
ExecStart=/usr/bin/node --max-semi-space-size=1 --heap-growing-percent=10 /usr/lib/vahti/bin/vahti.js run feed --plan /var/lib/vahti/plan.json
User=vahti
WorkingDirectory=/var/lib/vahti
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
Environment=MALLOC_ARENA_MAX=1
Environment=MALLOC_TRIM_THRESHOLD_=131072
Environment=VAHTI_UNIT=1
EnvironmentFile=-/etc/vahti/env
Restart=always
RestartSec=1s
RestartPreventExitStatus=2 6
KillMode=mixed
MemoryMax=314572800
SyslogIdentifier=feed
TimeoutStopSec=30s
X-Vahti-Version=1.2.3
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=/run/vahti/services
ReadWritePaths=/var/lib/vahti/data/feed
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
CapabilityBoundingSet=
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;

/** The plan of a config, as that of /etc/vahti/vahti.yaml. */
async function planOf(t: Parameters<typeof tempFolder>[0], text: string): Promise<Plan> {
  const root = tempFolder(t);
  const folder = path.join(root, 'etc/vahti');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'vahti.yaml'), text);
  const { plan, diagnostics } = await loadConfig(path.join(folder, 'vahti.yaml'));
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics));
  return rebase(plan, root);
}

const about = {
  group: 'vahti',
  program: ['/usr/bin/node', '/usr/lib/vahti/bin/vahti.js'],
  version: '1.2.3',
  homes: new Map([['daemon', '/usr/sbin']]),
};

async function rendered(t: Parameters<typeof tempFolder>[0], user = 'vahti', text = CONFIG) {
  const { files, units, folders } = renderInstall({ ...about, plan: await planOf(t, text), user });
  const texts = new Map(files.map((file) => [path.basename(file.path), file.text]));
  return { files, units, folders, text: (name: string): string => texts.get(name) ?? '' };
}

/** The lines of a unit's sections but for its hardening. */
function linesOf(text: string): string[] {
  const until = text.indexOf('NoNewPrivileges');
  return text
    .slice(0, until)
    .split('\n')
    .filter((line) => line !== '');
}

test('the unit of a collector, to the byte', async (t) => {
  const { text, files } = await rendered(t);
  assert.equal(text('vahti-feed.service'), FEED);
  assert.deepEqual((await rendered(t)).files, files);
});

test('a command gets what its config says; of another user it is handed the plan', async (t) => {
  const { text } = await rendered(t);
  assert.deepEqual(linesOf(text('my-api.service')), [
    '# Made by vahti install from "/etc/vahti/vahti.yaml"',
    '# It is written anew by each install: your own lines belong into systemctl edit my-api.service',
    '[Unit]',
    'Description=Vahti: api',
    'Documentation=file:///etc/vahti/vahti.yaml',
    'Wants=network-online.target',
    'After=network-online.target',
    'After=postgresql.service vahti-feed.service',
    'StartLimitIntervalSec=0',
    'RequiresMountsFor=/ /dev/ttyS0 /var/lib/vahti/data/api',
    '[Service]',
    'Type=exec',
    `ExecStart=/usr/bin/node /usr/lib/vahti/bin/vahti.js run api --plan "\${CREDENTIALS_DIRECTORY}/plan.json"`,
    'LoadCredential=plan.json:/var/lib/vahti/plan.json',
    'User=daemon',
    'WorkingDirectory=/',
    'Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'Environment=VAHTI_UNIT=1',
    'EnvironmentFile=-/etc/vahti/env',
    'Restart=always',
    'RestartSec=1s',
    'RestartPreventExitStatus=78',
    'SuccessExitStatus=SIGQUIT',
    'KillMode=control-group',
    'KillSignal=SIGQUIT',
    'CPUQuota=150%',
    'LimitNOFILE=4096',
    'SyslogIdentifier=api',
    'TimeoutStopSec=5500ms',
  ]);
  assert.match(
    text('my-api.service'),
    /^ReadWritePaths=\/dev\/ttyS0\nReadWritePaths=\/var\/lib\/vahti\/data\/api$/m,
  );
  assert.doesNotMatch(text('my-api.service'), /PrivateDevices/);
  assert.match(
    text('vahti-web.service'),
    /^Type=notify\nNotifyAccess=all\nTimeoutStartSec=infinity\nExecStart/m,
  );
  assert.match(text('vahti-web.service'), /^PrivateTmp=yes$/m);
  assert.doesNotMatch(text('vahti-web.service'), /\[Install\]|ProtectSystem=strict/);
});

test('jobs write where their data are, and start with nothing', async (t) => {
  const { text } = await rendered(t);
  const pack = text('vahti-job-pack.service');
  assert.match(
    pack,
    /^Type=oneshot\nExecStart=.* run job\/pack --unit --plan \/var\/lib\/vahti\/plan.json$/m,
  );
  assert.match(pack, /^Nice=5$/m);
  assert.match(pack, /^ReadWritePaths=\/var\/lib\/vahti$/m);
  assert.match(pack, /^PrivateNetwork=yes$/m);
  assert.doesNotMatch(pack, /\[Install\]/);
  assert.doesNotMatch(text('vahti-job-away.service'), /PrivateNetwork/);
  assert.match(text('vahti-job-dump.service'), /^User=daemon\nSupplementaryGroups=vahti$/m);
});

test('the daemon may act on exactly these units; as root it needs no rule', async (t) => {
  const { text } = await rendered(t);
  const units = [...text('50-vahti.rules').matchAll(/"(\S+\.service)"/g)].map(([, unit]) => unit);
  assert.deepEqual(units, [
    'my-api.service',
    'postgresql.service',
    'vahti-feed.service',
    'vahti-job-away.service',
    'vahti-job-dump.service',
    'vahti-job-pack.service',
    'vahti-web.service',
  ]);
  // It runs the command of a watch, which may write anywhere.
  assert.match(text('vahti.service'), /^ProtectSystem=full$/m);
  const root = await rendered(t, 'root');
  assert.equal(root.text('50-vahti.rules'), '');
  assert.doesNotMatch(root.text('vahti.service'), /CapabilityBoundingSet/);
  assert.match(root.text('vahti.service'), /^User=root\nGroup=vahti$/m);
});

test('what is left out of the hardening has its reason, and nothing is left out twice or set beside', async (t) => {
  const { units } = await rendered(t);
  for (const { name, text, leftOut } of units) {
    for (const { line, why } of leftOut) {
      assert.ok(why.length > 10, `${name} ${line}`);
      assert.ok(!text.split('\n').includes(line), `${name} has ${line}, and says it has not`);
    }
    assert.equal(new Set(leftOut.map(({ line }) => line)).size, leftOut.length, name);
    assert.equal(configOfMark(text), '/etc/vahti/vahti.yaml');
  }
  assert.equal(configOfMark('# Made by somebody'), undefined);
});

const noSystemd = fs.existsSync('/usr/bin/systemd-analyze') ? false : 'systemd-analyze is not installed';

test('systemd takes every unit, and finds those of our own kinds well guarded', {
  skip: noSystemd,
}, async (t) => {
  const { units } = await rendered(t);
  const folder = tempFolder(t);
  const files = units.map(({ name, text }) => {
    fs.writeFileSync(path.join(folder, name), text.replace('/usr/bin/node', process.execPath));
    return path.join(folder, name);
  });
  const measured = await runTool(
    ['systemd-analyze', 'security', '--no-pager', '--offline=yes', ...files],
    systemClock,
  );
  const scores = readScores(measured.ok ? measured.value : '');
  assert.equal(scores.size, units.length, measured.ok ? measured.value : measured.error);
  for (const name of ['vahti-feed.service', 'vahti-job-pack.service', 'vahti-job-away.service'])
    assert.ok((scores.get(name) ?? 10) <= 2, `${name}: ${scores.get(name)}`);
  const verified = await runTool(
    ['sh', '-c', 'systemd-analyze verify "$@" 2>&1 | grep -v postgresql; true', 'sh', ...files],
    systemClock,
  );
  assert.equal(verified.ok ? verified.value : verified.error, '');
});
