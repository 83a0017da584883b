import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { findConfig, findPlan, findState } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type ConfigOption, subcommand } from '../options.ts';
import { say } from '../output.ts';

interface UninstallOptions extends ConfigOption {
  readonly purge?: boolean;
  readonly yes?: boolean;
}

export function addUninstall(program: Command): void {
  subcommand(program, 'uninstall', 'stop and remove what install has made; config, data and logs stay')
    .option('--purge', 'delete the state folder and the logs, too')
    .option('--yes', 'delete without asking')
    .action(uninstall);
}

async function uninstall({ config, purge = false, yes = false }: UninstallOptions): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new CommandError('failed', 'cannot uninstall: only root can; write sudo vahti uninstall');
  const file = resolve(findConfig(config));
  const state = await findState(config);
  const { planUninstall } = await import('../../app/install/uninstall.ts');
  const planned = planUninstall(file, state, systemClock);
  const { files, purged } = planned;
  if (files.length === 0 && !(purge && purged.length > 0))
    throw new CommandError('failed', `cannot uninstall: nothing is installed from ${file}`);
  if (purge && purged.length > 0) await askFor(purged, await dataIn(config, purged), yes);
  const done = await planned.apply({ purge, say: (line) => process.stdout.write(`${line}\n`) });
  if (!done.ok) throw new CommandError('failed', done.error);
  process.stdout.write('uninstalled\n');
  if (!purge && purged.length > 0) say(`kept ${file} and ${purged.join(', ')}`);
}

/** Data of services that lie in folders which are to be deleted. */
async function dataIn(config: string | undefined, folders: readonly string[]): Promise<readonly string[]> {
  const plan = await findPlan(config);
  const data = (plan?.services ?? []).flatMap(({ collect }) => (collect === undefined ? [] : [collect.into]));
  return data.filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)));
}

async function askFor(folders: readonly string[], data: readonly string[], yes: boolean): Promise<void> {
  for (const folder of folders) say(`deletes ${folder}, with all that is in it`);
  for (const path of data) say(`deletes the data in ${path}`);
  if (yes) return;
  if (!process.stdin.isTTY)
    throw new CommandError(
      'usage',
      'cannot ask whether to delete that: standard input is no terminal; --yes does it',
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question('delete all of it? [y/N] ');
  terminal.close();
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CommandError('failed', 'nothing was changed');
}
