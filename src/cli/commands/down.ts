import type { Command } from 'commander';
import { hubOf, type PlanChange } from '../../app/plan.ts';
import { statePaths } from '../../app/state.ts';
import { systemClock } from '../../core/clock.ts';
import { createRpcClient } from '../../core/rpc-client.ts';
import type { ControlApi } from '../../app/control-api.ts';
import { findState, requirePlan } from '../config-file.ts';
import { answered, controlClient } from '../control.ts';
import { pageAddress } from '../page-link.ts';
import { CommandError } from '../exit-codes.ts';
import { type ConfigOption, type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printJson } from '../output.ts';

/** Longer than any stop deadline that is sane; the daemon itself keeps to its services' deadlines. */
const PATIENCE_MS = 3_600_000;
const LOOK_MS = 100;

export function addDown(program: Command): void {
  subcommand(program, 'down', 'stop the daemon and everything that it runs').action(
    async ({ config }: ConfigOption) => {
      const path = statePaths(await findState(config)).control;
      const client = createRpcClient<ControlApi>(path);
      const { pid } = answered(await client.call('status', {}));
      answered(await client.call('down', {}));
      const giveUp = systemClock.monotonic() + PATIENCE_MS;
      while (isAlive(pid)) {
        if (systemClock.monotonic() > giveUp)
          throw new CommandError('failed', `cannot see the daemon's end: pid ${pid} still runs`);
        await systemClock.sleep(LOOK_MS);
      }
      process.stdout.write('down\n');
    },
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function addReload(program: Command): void {
  subcommand(
    program,
    'reload',
    'read the config again and touch only what changed; a broken config changes nothing',
  )
    .addOption(jsonOption())
    .action(async ({ config, json }: JsonOption) => {
      const { changes } = answered(
        await (await controlClient(config)).call('reload', { dryRun: false }, { timeoutMs: PATIENCE_MS }),
      );
      if (json) return printJson({ changes });
      const touched = changes.filter((change) => change.change !== 'leave');
      for (const change of touched) process.stdout.write(`${change.change.padEnd(7)} ${change.name}\n`);
      if (touched.length === 0) process.stdout.write('nothing changed\n');
      if (touched.some(({ change }) => change === 'start')) await sayNewPage(config, touched);
    });
}

/** Where to look, where a hub is among what was started. */
async function sayNewPage(config: string | undefined, touched: readonly PlanChange[]): Promise<void> {
  const { plan } = await requirePlan(config, true);
  const hub = hubOf(plan);
  const service = plan.services.find(({ kind }) => kind === 'hub')?.name;
  if (hub === undefined || !touched.some(({ name, change }) => change === 'start' && name === service))
    return;
  process.stdout.write(`page: ${pageAddress(hub)}  (a link that logs in: vahti token link admin)\n`);
}
