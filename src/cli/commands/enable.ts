import type { Command } from 'commander';
import { sayBootAlone } from '../../app/boot-alone.ts';
import type { ActionResult } from '../../app/control-api.ts';
import { systemClock } from '../../core/clock.ts';
import { requirePlan } from '../config-file.ts';
import { answered, controlClient, unknownService } from '../control.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printJson, say } from '../output.ts';

export function addEnable(program: Command): void {
  subcommand(
    program,
    'enable <name...>',
    'let services start with the daemon again, also those with `boot: false`; starts nothing now',
  )
    .addOption(jsonOption())
    .option('--why <reason>', 'a reason for the record', '')
    .action(sayBoot(true));
}

export function addDisable(program: Command): void {
  subcommand(
    program,
    'disable <name...>',
    'keep services from starting with the daemon or the machine, until a person starts them; stops nothing now',
  )
    .addOption(jsonOption())
    .option('--why <reason>', 'a reason for the record, shown in status and explain', '')
    .action(sayBoot(false));
}

type BootOptions = JsonOption & { readonly why: string };

function sayBoot(starts: boolean) {
  return async (names: readonly string[], { config, json, why }: BootOptions): Promise<void> => {
    const client = await controlClient(config);
    const answer = await client.call('boot', { names, starts, why });
    const alone = !answer.ok && answer.error.kind === 'not-running';
    const results = alone ? await withoutDaemon(names, starts, why, config) : answered(answer);
    if (json) printJson(results);
    else for (const { name, message } of results) process.stdout.write(`${name} ${message}\n`);
    if (results.some(({ done }) => !done)) throw new CommandError('failed', '');
  };
}

/** Without a daemon it is written into the state folder, where the next one finds it. */
async function withoutDaemon(
  names: readonly string[],
  starts: boolean,
  why: string,
  config: string | undefined,
): Promise<readonly ActionResult[]> {
  const { plan } = await requirePlan(config, false);
  const known = plan.services.map((service) => service.name);
  for (const name of names) if (!known.includes(name)) throw unknownService(name, known);
  const said = sayBootAlone(plan, names, starts, why, systemClock);
  if (!said.ok) throw new CommandError(said.error.kind, said.error.message);
  say('the daemon is not running: this holds for the next one');
  return said.value;
}
