import type { Command } from 'commander';
import { hubOf } from '../../app/plan.ts';
import { systemClock } from '../../core/clock.ts';
import { isZone } from '../../core/hours.ts';
import { requirePlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type ConfigOption, jsonOption, subcommand } from '../options.ts';
import { printable, printJson, say } from '../output.ts';

interface TableOptions extends ConfigOption {
  readonly zone: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `vahti import bitahoy-tables`: the rows of the old monitoring service. Its config is read in import-config.ts. */
export function addTableImport(parent: Command): void {
  subcommand(
    parent,
    'bitahoy-tables <dump>',
    'bring logs, notifications, configs and statistics of a bitahoy monitoring service (pg_dump --data-only) into the hub of this config, which must not run; twice brings nothing twice',
  )
    .option('--zone <zone>', 'the zone of the database’s sessions: its times name none', 'UTC')
    .option('--dry-run', 'read and count everything, write nothing')
    .addOption(jsonOption())
    .action(importTables);
}

async function importTables(dump: string, options: TableOptions): Promise<void> {
  const { config, zone, dryRun = false } = options;
  if (!isZone(zone))
    throw new CommandError('usage', `cannot use "${zone}" as a zone: write it as Europe/Berlin`);
  const hub = hubOf((await requirePlan(config, true)).plan);
  if (hub === undefined)
    throw new CommandError(
      'usage',
      'cannot import: the config has no hub on this machine (hub: { listen: … })',
    );
  const [{ surveyDump }, { takeOver }] = await Promise.all([
    import('../../app/importers/bitahoy/survey-dump.ts'),
    import('../../app/importers/bitahoy/take-over.ts'),
  ]);
  const surveyed = await surveyDump(dump, zone);
  if (!surveyed.ok) throw new CommandError('failed', surveyed.error);
  const survey = surveyed.value;
  const { logs, notifications, configs, statistics, agents, problems, leftOut } = survey;
  try {
    for (const problem of problems) say(`warning: ${dump}: ${printable(problem)}; it is left out`);
    if (leftOut > problems.length) say(`warning: ${leftOut - problems.length} more rows are left out`);
    const counts = {
      agents: agents.size,
      logs,
      notifications,
      configs: configs.length,
      statistics: statistics.length,
      leftOut,
    };
    const taken = dryRun ? undefined : await takeOver(survey, hub, systemClock, showProgress());
    if (taken?.ok === false) throw new CommandError('failed', taken.error);
    if (options.json) return printJson({ dryRun, ...counts, ...taken?.value });
    process.stdout.write(
      `${counts.agents} watchdogs: ${logs} logs, ${notifications} notifications, ${configs.length} configs, ${statistics.length} statistics\n`,
    );
    if (taken === undefined) return void process.stdout.write('nothing was written\n');
    const { stored, doubled, keptConfigs } = taken.value;
    process.stdout.write(`stored ${stored}; ${doubled} were there already\n`);
    if (keptConfigs > 0) process.stdout.write(`kept ${keptConfigs} configs that are here already\n`);
    process.stdout.write('now: vahti token create agent NAME for each watchdog\n');
  } finally {
    survey.rows.close();
  }
}

const STEP = 100_000;

function showProgress(): (stored: number) => void {
  let next = STEP;
  return (stored) => {
    if (!process.stderr.isTTY || stored < next) return;
    next = stored + STEP;
    say(`${stored} rows`);
  };
}
