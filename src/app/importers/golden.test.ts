import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { systemClock } from '../../core/clock.ts';
import type { Drafted } from './draft.ts';
import type { VerbKind } from '../../core/verb.ts';
import { archiveOptions } from '../../jobs/verbs/archive/options.ts';
import { syncOptions } from '../../jobs/verbs/sync/options.ts';
import { configText } from './config-text.ts';
import { standIn } from '../../../test/rig/verb-stand-in.ts';
import { importCrontab } from './crontab/import-crontab.ts';
import { finishImport } from './import-config.ts';
import { importLivereduce } from './livereduce/import-livereduce.ts';
import { importMonit } from './monit/import-monit.ts';
import { importPm2 } from './pm2/import-pm2.ts';
import { importProcfile, type ProcfileOptions } from './procfile/import-procfile.ts';
import { importStixcore } from './stixcore/import-stixcore.ts';
import { importSupervisord } from './supervisord/import-supervisord.ts';

// To write them anew after a change that is meant: UPDATE_GOLDEN=1 node --test src/app/importers/golden.test.ts
const FIXTURES = join(import.meta.dirname, 'fixtures');
const EXAMPLES = join(import.meta.dirname, '../../../examples');
const ENVIRONMENT = {
  PATH: '/usr/bin:/bin',
  HOME: '/home/somebody',
  SHOP_TOKEN: 'made-up',
  NOT_FOR_CONFIGS: 'made-up',
};

const PASSWD = 'root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n';
const CRONTABS = [
  ['site', 'crontab'],
  ['person', 'ann.cron'],
] as const;

async function compare(made: string, folder: string, expected: string, drafted: Drafted): Promise<void> {
  assert.deepEqual(drafted.diagnostics, []);
  const { text } = await finishImport(drafted, made, { folder });
  assert.ok(text !== undefined);
  const placeless = text.replaceAll(`are in ${folder}/`, 'are in ').replaceAll(folder, '/HERE');
  assert.doesNotMatch(placeless.replace(/--token=made-up/g, ''), /made-up/, 'a secret was copied');
  compareText(placeless, join(folder, expected));
}

function compareText(text: string, file: string): void {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

function pm2(folder: string, file: string, environment?: string): Promise<Drafted> {
  const evaluate = { clock: systemClock, deadlineMs: 20_000, inherited: ENVIRONMENT, pass: [] };
  return importPm2({
    file: join(folder, file),
    folder,
    processors: 2,
    evaluate,
    ...(environment === undefined ? {} : { environment }),
  });
}

const PM2 = [
  ['web', 'ecosystem.config.cjs', undefined, 'vahti.yaml'],
  ['web', 'ecosystem.config.cjs', 'production', 'production.vahti.yaml'],
  ['yaml', 'process.yaml', undefined, 'vahti.yaml'],
  ['json', 'process.json', undefined, 'vahti.yaml'],
] as const;

for (const [name, file, environment, expected] of PM2) {
  test(`PM2: ${name}/${file}${environment === undefined ? '' : ` for ${environment}`} becomes ${expected}`, async () => {
    const folder = join(FIXTURES, 'pm2', name);
    await compare(`vahti import pm2 ${file}`, folder, expected, await pm2(folder, file, environment));
  });
}

for (const name of ['site', 'small', 'dialect']) {
  test(`supervisord: ${name}/supervisord.conf becomes vahti.yaml`, async () => {
    const folder = join(FIXTURES, 'supervisord', name);
    const drafted = importSupervisord({
      file: join(folder, 'supervisord.conf'),
      folder,
      inherited: ENVIRONMENT,
    });
    await compare('vahti import supervisord supervisord.conf', folder, 'vahti.yaml', drafted);
  });
}

const PROCFILES: readonly (readonly [string, string, Partial<ProcfileOptions>])[] = [
  ['rails', 'vahti.yaml', { environment: join(FIXTURES, 'procfile/rails/dot.env') }],
  ['formation', 'vahti.yaml', { formation: 'all=1, web=2, spare=0', port: 8_000 }],
  ['formation', 'worker.vahti.yaml', { formation: 'worker=2' }],
];

for (const [name, expected, more] of PROCFILES) {
  test(`Procfile: ${name}/Procfile becomes ${expected}`, async () => {
    const folder = join(FIXTURES, 'procfile', name);
    const drafted = importProcfile({ file: join(folder, 'Procfile'), folder, ...more });
    await compare('vahti import procfile Procfile', folder, expected, drafted);
  });
}

for (const name of ['sns', 'wrong', 'empty']) {
  test(`livereduce: ${name}/livereduce.conf becomes vahti.yaml`, async () => {
    const folder = join(FIXTURES, 'livereduce', name);
    const log = name === 'empty' ? { log: join(folder, 'livereduce.log') } : {};
    const drafted = importLivereduce({ file: join(folder, 'livereduce.conf'), folder, ...log });
    await compare('vahti import livereduce livereduce.conf', folder, 'vahti.yaml', drafted);
  });
}

test('STIXCore: site/stixcore.ini becomes vahti.yaml', async () => {
  const folder = join(FIXTURES, 'stixcore/site');
  const files = ['defaults.ini', 'stixcore.ini'].map((name) => join(folder, name));
  const drafted = importStixcore({ files, cwd: '/home/stixcore/STIXCore', folder });
  await compare('vahti import stixcore stixcore.ini --defaults defaults.ini', folder, 'vahti.yaml', drafted);
});

for (const name of ['shop', 'small']) {
  test(`Monit: ${name}/monitrc becomes vahti.yaml`, async () => {
    const folder = join(FIXTURES, 'monit', name);
    const drafted = importMonit({
      file: join(folder, 'monitrc'),
      folder,
      zone: 'Europe/Helsinki',
      memory: 16 * 1024 ** 3,
      mounts: '/dev/sda1 / ext4 rw 0 0\n',
    });
    await compare('vahti import monit monitrc', folder, 'vahti.yaml', drafted);
  });
}

for (const [name, file] of CRONTABS) {
  test(`crontab: ${name}/${file} becomes vahti.yaml`, async () => {
    const folder = join(FIXTURES, 'crontab', name);
    await compare(`vahti import crontab ${file}`, folder, 'vahti.yaml', crontab(folder, file, []));
  });
}

function crontab(folder: string, file: string, verbs: readonly VerbKind[]): Drafted {
  const machine = { zone: 'Europe/Helsinki', passwd: PASSWD, self: 'root' };
  return importCrontab({ file: join(folder, file), folder, ...machine, verbs });
}

test('crontab: lifecycle/crontab becomes vahti.yaml with verbs, as their own options have it', () => {
  const folder = join(FIXTURES, 'crontab/lifecycle');
  const { draft, diagnostics } = crontab(folder, 'crontab', [
    standIn('archive', archiveOptions),
    standIn('sync', syncOptions),
  ]);
  assert.deepEqual(diagnostics, []);
  assert.ok(draft !== undefined);
  compareText(configText(draft, 'vahti import crontab crontab'), join(folder, 'vahti.yaml'));
});

test('the watchdog’s example begins with the watch that the importer makes of its defaults', () => {
  const file = join(FIXTURES, 'livereduce/empty/livereduce.conf');
  const { draft } = importLivereduce({ file, folder: EXAMPLES });
  const written = parse(readFileSync(join(EXAMPLES, 'watchdog/livereduce/vahti.yaml'), 'utf8')) as Example;
  const { unit, watch } = written.services.livereduce;
  assert.deepEqual(
    [unit, { log: watch['log'] }],
    [draft?.services[0]?.keys.unit, draft?.services[0]?.keys.watch],
  );
});

interface Example {
  readonly services: {
    readonly livereduce: { readonly unit: string; readonly watch: Readonly<Record<string, unknown>> };
  };
}

test('the examples are what the importers make of them', async () => {
  const of = (name: string): string => join(EXAMPLES, name);
  await compare(
    'vahti import pm2 ecosystem.config.cjs',
    of('pm2'),
    'vahti.yaml',
    await pm2(of('pm2'), 'ecosystem.config.cjs'),
  );
  const site = importSupervisord({
    file: join(of('supervisord'), 'supervisord.conf'),
    folder: of('supervisord'),
    inherited: ENVIRONMENT,
  });
  await compare('vahti import supervisord supervisord.conf', of('supervisord'), 'vahti.yaml', site);
  const procfile = importProcfile({ file: join(of('procfile'), 'Procfile'), folder: of('procfile') });
  await compare('vahti import procfile Procfile', of('procfile'), 'vahti.yaml', procfile);
});
