import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { isNothing } from '../../app/install/changes.ts';
import { planInstall } from '../../app/install/install.ts';
import { changeLines } from '../../app/install/words.ts';
import { systemClock } from '../../core/clock.ts';
import { requirePlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type ConfigOption, subcommand } from '../options.ts';
import { say } from '../output.ts';
import { ownProgram, ownVersion } from '../../core/own-package.ts';

interface InstallOptions extends ConfigOption {
  readonly user?: string;
  readonly prefix?: string;
  readonly start: boolean;
  readonly dryRun?: true;
}

export function addInstall(program: Command): void {
  subcommand(
    program,
    'install',
    'make units of systemd from the config and start them; once more, and only what changed is touched',
  )
    .option('--user <name>', 'who the daemon and its services run as; default: vahti, a user made for it')
    .option('--prefix <dir>', 'write below this folder, for an image or a package; no program is run')
    .option('--no-start', 'start and restart nothing')
    .option('--dry-run', 'only say what would be done')
    .action(install);
}

async function install({ config, user, prefix, start, dryRun }: InstallOptions): Promise<void> {
  const root = prefix === undefined ? '' : resolve(prefix).replace(/\/$/, '');
  const { plan } = await requirePlan(configOf(config, root), true);
  if (root !== '' && !plan.file.startsWith(`${root}/`))
    throw new CommandError('usage', `cannot install ${plan.file} into ${root}: it does not lie there`);
  const wish = { plan, user, root, program: ownProgram(), version: ownVersion(), clock: systemClock };
  const planned = await planInstall(wish);
  for (const problem of planned.problems) say(problem);
  const lines = changeLines(planned.changes, { starts: start && root === '' });
  if (dryRun) process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  if (planned.problems.length > 0) throw new CommandError('failed', 'nothing was changed');
  if (isNothing(planned.changes)) process.stdout.write('nothing to change\n');
  else if (!dryRun) {
    const done = await planned.apply({ starts: start, say: (line) => process.stdout.write(`${line}\n`) });
    if (!done.ok) throw new CommandError('failed', done.error);
    process.stdout.write(
      root === '' && start ? 'installed; look: vahti status, vahti doctor\n' : 'installed\n',
    );
  }
}

function configOf(named: string | undefined, root: string): string | undefined {
  if (named !== undefined || root === '') return named;
  const file = join(root, '/etc/vahti/vahti.yaml');
  if (existsSync(file)) return file;
  throw new CommandError('usage', `cannot find ${file}; -c names another config below ${root}`);
}
