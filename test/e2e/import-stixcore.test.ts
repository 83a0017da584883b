import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { leakCheck, tempFolder } from '../rig/leaks.ts';
import { vahti } from '../rig/vahti.ts';

const TM = 'TM_BatchRequest.PktTmRaw.SOL.0.2026.244.00.00.00.000.aaaa@2026.244.21.00.01.001.1.xml';
const LB = 'LB/3/25/1/solo_LB_stix-3-25-1_0841536000_V02.fits';

test('vahti import stixcore and stixcore-state: a config, what would be done, and done', async (t) => {
  leakCheck(t);
  const folder = tempFolder(t);
  for (const path of ['tm', 'fits/LB/3/25/1', 'logs', 'new'])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'tm', TM), '<Response>');
  writeFileSync(join(folder, 'fits', LB), 'FITS');
  writeFileSync(join(folder, 'logs', `${TM}.out`), `${join(folder, 'fits', LB)}\n`);
  writeFileSync(join(folder, 'logs', `${TM}.log`), '');
  writeFileSync(
    join(folder, 'stixcore.ini'),
    `[Paths]\ntm_archive = ${folder}/tm\nfits_archive = ./fits\n[Pipeline]\nlog_dir = ${folder}/logs\n` +
      `history_db_file = ${folder}/none.sqlite\n[SOOP]\npassword = made-up\n`,
  );
  const own = join(folder, 'new');
  const run = (...args: readonly string[]) => vahti(t, ['import', ...args], own);
  const made = await run('stixcore', '../stixcore.ini', '--cwd', '..', '--out', 'vahti.yaml');
  assert.equal(made.code, 0, made.stderr);
  const config = readFileSync(join(own, 'vahti.yaml'), 'utf8');
  assert.ok(config.includes(`products: ${folder}/fits`) && !config.includes('made-up'));

  const state = ['stixcore-state', '../stixcore.ini', '--cwd', '..'];
  const plan = await run(...state);
  assert.equal(plan.code, 0, plan.stderr);
  assert.match(plan.stdout, /^done +1 telemetry.*^products +1;.*nothing was written; --apply does it\n$/ms);
  assert.match(plan.stderr, /^without: .*none\.sqlite is not there$/m);
  assert.equal(existsSync(join(own, '.vahti')), false);
  assert.match(
    (await run(...state, '--apply')).stdout,
    /^telemetry +1 written down.*^products +1 written down/ms,
  );
  // Under another name it is another pipeline.
  writeFileSync(join(own, 'vahti.yaml'), config.replace(/^ {2}stix:$/m, '  solar:'));
  assert.match(
    (await run(...state, '--pipeline', 'solar', '--apply')).stdout,
    /vahti pipeline files solar shows what is open\n$/,
  );
});
