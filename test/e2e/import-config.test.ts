import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { type Ran, startDaemon, vahti } from '../rig/vahti.ts';
import { until } from '../rig/wait.ts';

/** Says its environment in a file of its own, and stays. */
const PROGRAM = `
const { NODE_APP_INSTANCE = '', PORT = '', API_TOKEN = '', DATABASE_URL = '', MODE = '' } = process.env;
const name = process.argv[2] + NODE_APP_INSTANCE + '.json';
require('node:fs').writeFileSync(name, JSON.stringify({ PORT, API_TOKEN, DATABASE_URL, MODE, args: process.argv.slice(3) }) + '\\n');
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {}, 1 << 30);
`;

const PM2 = `module.exports = {
  apps: [
    { name: 'Web', script: 'say.cjs', args: 'web', instances: 2, increment_var: 'PORT', max_memory_restart: '1G',
      env: { PORT: 4000, API_TOKEN: 'hush-1', MODE: 'development' }, env_production: { MODE: 'production' } },
    { name: 'work', script: 'say.cjs', args: ['work', 'a b'], env: { DATABASE_URL: 'file:./dev.db' }, kill_timeout: 5000 },
  ],
};
`;
const SUPERVISORD = `[supervisord]
environment=API_TOKEN="hush-1",MODE="production"
[program:say]
command=node say.cjs say%(process_num)d "a b" --of %(numprocs)d
process_name=%(program_name)s_%(process_num)d
numprocs=2
umask=022
environment=DATABASE_URL="file:./dev.db",PORT="40%(process_num)02d"
`;
const PROCFILE = 'web: node say.cjs web $PORT\nwork: MODE=production node say.cjs work "a b"\n';

interface Said {
  readonly PORT: string;
  readonly API_TOKEN: string;
  readonly DATABASE_URL: string;
  readonly MODE: string;
  readonly args: readonly string[];
}

function said(folder: string, name: string): Promise<Said> {
  const file = join(folder, `${name}.json`);
  return until(
    () =>
      existsSync(file) &&
      readFileSync(file, 'utf8').endsWith('\n') &&
      (JSON.parse(readFileSync(file, 'utf8')) as Said),
    {
      what: `${name} to say its environment`,
      deadlineMs: 20_000,
    },
  );
}

/** Imports with the real program, checks the config with it, and runs it under the real daemon. */
async function importAndRun(
  t: TestContext,
  args: readonly string[],
  files: Readonly<Record<string, string>>,
) {
  const folder = tempFolder(t);
  for (const [name, text] of Object.entries({ 'say.cjs': PROGRAM, ...files }))
    writeFileSync(join(folder, name), text);
  const imported = await vahti(t, ['import', ...args], folder);
  assert.equal(imported.code, 0, imported.stderr);
  assert.doesNotMatch(imported.stdout + imported.stderr, /hush/);
  writeFileSync(join(folder, 'vahti.yaml'), imported.stdout);
  const secret = { API_TOKEN: 'hush-1' };
  const checked = await vahti(t, ['check'], folder, secret);
  assert.deepEqual([checked.code, checked.stderr], [0, '']);
  return startDaemon(t, imported.stdout, folder, secret);
}

test('what a PM2 file runs, runs under Vahti', async (t) => {
  leakCheck(t);
  const daemon = await importAndRun(t, ['pm2', 'ecosystem.config.cjs', '--env', 'production'], {
    'ecosystem.config.cjs': PM2,
  });
  for (const name of ['web-1', 'web-2', 'work'])
    await daemon.waitFor(name, 'to run', ({ pid }) => pid !== undefined && pid !== null);
  const common = { API_TOKEN: 'hush-1', DATABASE_URL: '', MODE: 'production', args: [] };
  assert.deepEqual(await said(daemon.folder, 'web0'), { ...common, PORT: '4000' });
  assert.deepEqual(await said(daemon.folder, 'web1'), { ...common, PORT: '4001' });
  const { args, DATABASE_URL } = await said(daemon.folder, 'work');
  assert.deepEqual([args, DATABASE_URL], [['a b'], 'file:./dev.db']);
  assert.equal((await daemon.stop()).code, 0);
});

test('what a supervisord.conf runs, runs under Vahti', async (t) => {
  leakCheck(t);
  const daemon = await importAndRun(t, ['supervisord', 'supervisord.conf'], {
    'supervisord.conf': SUPERVISORD,
  });
  const common = { API_TOKEN: 'hush-1', DATABASE_URL: 'file:./dev.db', MODE: 'production' };
  for (const [index, name] of ['say_0', 'say_1'].entries()) {
    await daemon.waitFor(name, 'to run', ({ pid }) => pid !== undefined && pid !== null);
    const args = ['a b', '--of', '2'];
    assert.deepEqual(await said(daemon.folder, `say${index}`), { ...common, PORT: `400${index}`, args });
  }
  assert.equal((await daemon.stop()).code, 0);
});

test('what a Procfile runs, runs under Vahti', async (t) => {
  leakCheck(t);
  const daemon = await importAndRun(t, ['procfile', 'Procfile', '--port', '4000'], {
    Procfile: PROCFILE,
    '.env': 'API_TOKEN=hush-1\nDATABASE_URL=file:./dev.db\n',
  });
  const common = { API_TOKEN: 'hush-1', DATABASE_URL: 'file:./dev.db' };
  assert.deepEqual(await said(daemon.folder, 'web'), { ...common, MODE: '', PORT: '4000', args: ['4000'] });
  assert.deepEqual(await said(daemon.folder, 'work'), {
    ...common,
    MODE: 'production',
    PORT: '4100',
    args: ['a b'],
  });
  assert.equal((await daemon.stop()).code, 0);
});

test('--out writes a file that is not there yet, and mistakes write nothing', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'Procfile'), 'web: sleep 1000\n');
  writeFileSync(join(folder, 'broken'), 'web\nwork\n');
  const run = (...args: string[]): Promise<Ran> => vahti(t, ['import', 'procfile', ...args], folder);
  const written = await run('Procfile', '--out', 'new.yaml');
  assert.deepEqual([written.code, written.stdout], [0, ''], written.stderr);
  assert.match(readFileSync(join(folder, 'new.yaml'), 'utf8'), /run: \[sleep, "1000"\]/);
  writeFileSync(join(folder, 'new.yaml'), 'mine');
  const again = await run('Procfile', '--out', 'new.yaml');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /cannot write new\.yaml: it is there already/);
  assert.equal(readFileSync(join(folder, 'new.yaml'), 'utf8'), 'mine');
  const broken = await run('broken', '--out', 'none.yaml');
  assert.equal(broken.code, 2);
  assert.match(
    broken.stderr,
    /broken:1:1: error: cannot read this line.*\n.*broken:2:1: error: .*\n.*cannot import broken: 2 errors/,
  );
  assert.equal(existsSync(join(folder, 'none.yaml')), false);
  const usage = await run('Procfile', '--port', '99999');
  assert.equal(usage.code, 2);
  assert.match(usage.stderr, /write a number from 1 to 65535/);
});
