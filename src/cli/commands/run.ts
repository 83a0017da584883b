import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { isBuiltIn, type Plan, type PlannedService } from '../../app/plan.ts';
import { unitRun } from '../../app/unit-lives.ts';
import { asError, errorCode } from '../../core/result.ts';
import { didYouMean } from '../../core/suggest.ts';
import { requirePlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type ConfigOption, readSetting, subcommand } from '../options.ts';

export interface RunOptions extends ConfigOption {
  readonly plan?: string;
  readonly run?: string;
  readonly set: Readonly<Record<string, string>>;
  readonly dryRun?: true;
  readonly unit?: true;
}

export function addRun(program: Command): void {
  subcommand(
    program,
    'run <name>',
    'run one service, or the verb of a job (job/NAME), in the foreground, without the daemon; it is not restarted',
  )
    .addOption(new Option('--plan <file>', 'the plan that a daemon wrote').hideHelp())
    .option('--set <key=value>', 'of a job: an option of its verb, for this run alone', readSetting, {})
    .option('--dry-run', 'of a job: only say what would be done')
    .addOption(new Option('--run <id>', 'the run that a daemon began').hideHelp())
    .addOption(new Option('--unit', 'the run of a job’s unit of systemd’s').hideHelp())
    .action(async (name: string, options: RunOptions) => {
      const plan =
        options.plan === undefined ? (await requirePlan(options.config, true)).plan : readPlan(options.plan);
      if (name.startsWith('job/')) {
        if (options.unit === true) {
          const { runJobUnit } = await import('../run-job-unit.ts');
          process.exitCode = await runJobUnit(name.slice('job/'.length), plan);
          return;
        }
        const { runJob } = await import('../run-job.ts');
        const { run, set, dryRun = false } = options;
        process.exitCode = await runJob(name.slice('job/'.length), plan, { run, set, dryRun });
        return;
      }
      const service = findService(plan, name);
      const unit = unitRun(process.env);
      if (unit !== undefined && !isBuiltIn(service)) {
        const { becomeCommand } = await import('../run-unit.ts');
        process.exitCode = await becomeCommand(service, plan, unit);
        return;
      }
      // Loaded here, so that the small commands start fast.
      const { runBuiltin, runCommand } = await import('../run-service.ts');
      process.exitCode = await (isBuiltIn(service) ? runBuiltin(service, plan) : runCommand(service, plan));
    });
}

function findService(plan: Plan, name: string): PlannedService {
  const found = plan.services.find((service) => service.name === name);
  if (found !== undefined) return found;
  const names = plan.services.map((service) => service.name);
  throw new CommandError('unknown', `cannot find a service "${name}"${didYouMean(name, names)}`);
}

/** A plan that the daemon wrote for its services; it was checked before it was written. */
function readPlan(file: string): Plan {
  try {
    const plan = JSON.parse(readFileSync(file, 'utf8')) as Plan;
    if (plan.v === 1) return plan;
    throw new CommandError(
      'usage',
      `cannot use the plan ${file}: it is of version ${String(plan.v)}, this vahti knows 1`,
    );
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const why = errorCode(error) === 'ENOENT' ? 'no such file' : asError(error).message;
    throw new CommandError('usage', `cannot read the plan ${file}: ${why}`);
  }
}
