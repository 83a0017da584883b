import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { NO_GIT } from '../rig/git-repository.ts';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { freePort } from '../rig/needs.ts';
import { startMailServer } from '../rig/smtp.ts';
import { NO_RSYNC } from '../rig/sshd.ts';
import { stixExample } from '../rig/stix-example.ts';
import { startDaemon } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** What a client of the status protocol is told. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(`${command}\n`);
  return text(socket);
}

/** Until so many telemetry files came to their end, as the logs and the status endpoint say. */
function untilDone(folder: string, port: number, done: number): Promise<unknown> {
  const logs = join(folder, 'logs/tm');
  return until(
    async () => {
      const ended = existsSync(logs) ? readdirSync(logs).filter((name) => name.endsWith('.out')).length : 0;
      return ended === done && (await ask(port, 'current')).startsWith('None');
    },
    { deadlineMs: 30_000, what: `${done} files to be done` },
  );
}

function files(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.vahti') && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

interface Product {
  readonly header: Readonly<Record<string, unknown>>;
  readonly rows: readonly unknown[];
}

const ONLY = '3-25-2,21-6-30,21-6-34,21-6-24,21-6-41';
const DAY = '2026/09/01';

test('examples/stix as its README says it: telemetry to published products, more of the same day, and a new version', {
  skip: NO_GIT || NO_RSYNC,
}, async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  const { config, generate } = stixExample(folder);
  const [port, mail] = await Promise.all([freePort(), startMailServer(t)]);
  // The example as it is, but for its port, who is at the other ends, and times.
  for (const [path, value] of [
    [['services', 'stix', 'pipeline', 'status'], `127.0.0.1:${port}`],
    [['notify', 'ops', 'smtp'], `smtp://127.0.0.1:${mail.port}`],
    [['services', 'lldp', 'pipeline', 'inbox', 'scan'], '200ms'],
    [['jobs', 'stage', 'delay'], '0s'],
    [['jobs', 'publish', 'wait'], '0s'],
    [['jobs', 'publish', 'wait-of'], {}],
  ] as const)
    config.setIn(path, value);
  for (const job of ['tm', 'stage', 'spice', 'kernels', 'soop'])
    config.setIn(['jobs', job, 'settle'], '100ms');
  writeFileSync(join(folder, 'blacklist.txt'), '*flareflag*\n');
  const git = (...args: readonly string[]): void =>
    void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: folder,
      stdio: 'pipe',
    });
  git('init', '-q', 'conf.git');
  git('-C', 'conf.git', 'commit', '-q', '--allow-empty', '-m', 'one');
  git('-C', 'conf.git', 'tag', 'v1.4');
  generate('kernel', 'soc/spice');
  generate('soop', 'soc/soop');
  generate('tm', 'edds', '--hours', '1', '--only', ONLY);

  const daemon = await startDaemon(t, String(config), folder);
  const run = async (job: string): Promise<void> => {
    const asked = await daemon.client.call('job-run', { name: job, who: 'test', set: {}, dryRun: false });
    assert.ok(asked.ok, job);
    const ended = await until(
      async () => {
        const rows = await daemon.client.call('job-history', { names: [job], limit: 5 });
        return rows.ok
          ? rows.value.find(({ run: id, ended: at }) => id === asked.value.run && at !== null)
          : undefined;
      },
      { deadlineMs: 30_000, what: `${job} to be done` },
    );
    assert.equal(ended.outcome, 'ok', `${job}: ${ended.summary}`);
  };
  const settled = (job: string): Promise<unknown> =>
    until(async () => (await daemon.status()).jobs.find(({ name }) => name === job)?.standing === 'ok', {
      deadlineMs: 30_000,
      what: `${job} to be done`,
    });
  await Promise.all([run('conf'), run('soop'), run('spice').then(() => settled('kernels'))]);
  await Promise.all([
    run('tm').then(() => settled('stage')),
    daemon.waitFor('stix', 'to run', ({ state }) => state === 'running'),
  ]);
  await untilDone(folder, port, 1);
  const products = join(folder, 'products');
  const read = (path: string): Product => JSON.parse(readFileSync(join(products, path), 'utf8')) as Product;
  const light = `L1/${DAY}/QL/solo_L1_stix-ql-lightcurve_20260901_V02U.json`;
  const first = read(light);
  assert.equal(first.rows.length, 900);
  assert.equal(first.header['SOOP'], 'R_FULL_LRES_MCAD_Coronal-Synoptic');
  assert.match(String(first.header['VERS_CFG']), /^v1\.4/);
  const [tm = ''] = readdirSync(join(folder, 'tm/processing'));
  const out = readFileSync(join(folder, 'logs/tm', `${tm}.out`), 'utf8');
  assert.ok(out.includes(`${products}/${light}\n`));
  assert.equal(existsSync(join(folder, 'logs/tm', `${tm}.log.err`)), false);

  // The daily pipeline, at another time than 08:00.
  const plot = await daemon.cli('pipeline', 'run', 'stix', '--from', 'LL03', '--to', 'LL03');
  assert.match(
    plot.stdout,
    /LL03\/2026\/09\/01\/solo_LL03_stix-ql-lightcurve_20260901T000000-20260901T235959_V02C\.svg$/m,
  );
  await run('publish');
  const open = files(join(folder, 'public'));
  assert.ok(open.includes('L1/solo_L1_stix-ql-lightcurve_20260901_V02.json'), open.join());
  assert.ok(
    open.includes('LL03/solo_LL03_stix-ql-lightcurve_20260901T000000-20260901T235959_V02.svg'),
    open.join(),
  );
  assert.ok(
    !open.some((path) => path.includes('flareflag') || path.startsWith('LB') || path.includes('PKT')),
    open.join(),
  );
  const sent = JSON.parse(
    readFileSync(join(folder, 'public/L1/solo_L1_stix-ql-lightcurve_20260901_V02.json'), 'utf8'),
  ) as Product;
  assert.deepEqual(
    [sent.rows, sent.header['FILENAME']],
    [first.rows, 'solo_L1_stix-ql-lightcurve_20260901_V02.json'],
  );
  assert.equal(read(light).header['FILENAME'], undefined, 'the product itself stays as it is');

  // More of the same day, and a request for low latency.
  generate('tm', 'edds', '--from', '1', '--hours', '1', '--part', '2', '--only', ONLY, '--broken');
  generate('request', 'lldp/requests', '--hours', '1');
  await run('tm');
  await untilDone(folder, port, 2);
  assert.equal(read(light).rows.length, 1800);
  assert.equal(
    read('LB/3/25/2/solo_LB_stix-3-25-2_0841536000_V02.json').rows.length,
    11,
    'the one that was cut off is missing',
  );
  await until(() => existsSync(join(folder, 'lldp/products/request_20260901_010000')), {
    deadlineMs: 30_000,
    what: 'the request',
  });
  assert.deepEqual(files(join(folder, 'lldp/products')), [
    'request_20260901_010000/solo_LL01_stix-ql-flareflag_0841536000-0841539000_V202609010100.json',
    'request_20260901_010000/solo_LL01_stix-ql-lightcurve_0841536000-0841539000_V202609010100.json',
  ]);

  // A new version leaves the old one as it is.
  const old = readFileSync(join(products, light), 'utf8');
  const again = await daemon.cli(
    'pipeline',
    'run',
    'stix',
    '--from',
    'L0',
    '--version',
    '3',
    '--filter',
    '*21-6-30*',
  );
  assert.equal(again.code, 0, again.stderr);
  assert.equal(readFileSync(join(products, light), 'utf8'), old);
  const third = read(light.replace('V02', 'V03'));
  assert.deepEqual([third.rows.length, third.header['VERSION']], [1800, 3]);
  assert.equal((await ask(port, 'server')).trim(), 'call cmd server not found');
  assert.equal((await ask(port, 'next')).trim(), 'open files: 0');
});
