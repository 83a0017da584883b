import type { Command } from 'commander';
import type { Origins, Plan, PlanChange, PlannedService } from '../../app/plan.ts';
import { jobLines } from '../../app/plan-lines/jobs.ts';
import { originText, type PlanLine } from '../../app/plan-lines/line.ts';
import { serviceLines, withoutSecret } from '../../app/plan-lines/services.ts';
import { formatDuration } from '../../core/durations.ts';
import { formatSize } from '../../core/sizes.ts';
import { startWaves } from '../../run/needs.ts';
import { requirePlan } from '../config-file.ts';
import { controlClient } from '../control.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, paint, printJson } from '../output.ts';
import { systemClock } from '../../core/clock.ts';

export function addPlan(program: Command): void {
  subcommand(
    program,
    'plan',
    'show the resolved plan, where each value comes from, and what a reload would do',
  )
    .addOption(jsonOption())
    .action(async ({ config, json }: JsonOption) => {
      const { plan, loaded } = await requirePlan(config, true);
      const answer = await (await controlClient(config)).call('reload', { dryRun: true });
      const changes = answer.ok ? answer.value.changes : undefined;
      if (json)
        printJson({
          plan: { ...plan, services: plan.services.map(withoutSecrets), ...jobsWithoutSecrets(plan) },
          origins: Object.fromEntries(loaded.origins),
          changes: changes ?? null,
        });
      else
        process.stdout.write(planText(plan, loaded.origins, changes, answer.ok ? '' : answer.error.message));
    });
}

function planText(
  plan: Plan,
  origins: Origins,
  changes: readonly PlanChange[] | undefined,
  trouble: string,
): string {
  const colour = colours(process.stdout);
  const from = (path: string): string => paint(colour, 'dim', `# ${originText(origins.get(path))}`);
  const lines = [
    `config   ${plan.file}`,
    `state    ${plan.state}  ${from('state')}`,
    `keep     logs ${formatDuration(plan.keep.logsMs)}  ${from('keep.logs')}`,
    `         history ${formatDuration(plan.keep.historyMs)}  ${from('keep.history')}`,
    `         size ${formatSize(plan.keep.bytes)}  ${from('keep.size')}`,
    `         looks ${formatDuration(plan.keep.looksMs)}  ${from('keep.looks')}`,
    `         looks-size ${formatSize(plan.keep.looksBytes)}  ${from('keep.looks-size')}`,
  ];
  if (plan.beats !== undefined) lines.push(`beats    by HTTP at ${plan.beats.url}`);
  for (const { name, kind, url } of plan.forward ?? []) lines.push(`forward  ${name}: ${kind} to ${url}`);
  if (plan.services.some(({ needs }) => needs.length > 0))
    lines.push(
      `order    ${startWaves(plan.services)
        .map((wave) => wave.join(', '))
        .join(' → ')}`,
    );
  for (const service of plan.services) {
    const { name, kind } = service;
    const at = (key: string): string => originText(origins.get(`services.${name}.${key}`));
    lines.push(
      '',
      ...blockLines(`${paint(colour, 'bold', name)} (${kind})`, serviceLines(service, at), colour),
    );
  }
  for (const job of plan.jobs ?? []) {
    const title = `${paint(colour, 'bold', `job/${job.name}`)} (${job.verb})`;
    lines.push('', ...blockLines(title, jobLines(job, systemClock.now()), colour));
  }
  lines.push('', ...changeLines(changes, trouble));
  return `${lines.join('\n')}\n`;
}

/** A service or a job: what it is called, and its lines. */
function blockLines(title: string, lines: readonly PlanLine[], colour: boolean): string[] {
  return [title, ...lines.map((line) => planLine(line, colour))];
}

function planLine({ key, value, from }: PlanLine, colour: boolean): string {
  const behind = from === '' ? '' : `  ${paint(colour, 'dim', `# ${from}`)}`;
  return `  ${key.padEnd(10)} ${value}${behind}`;
}

function withoutSecrets(service: PlannedService): PlannedService {
  const { pipeline, ...rest } = service;
  const own = { ...rest, env: withoutSecret(service.env) };
  if (pipeline === undefined) return own;
  const steps = pipeline.steps.map((step) => ({ ...step, env: withoutSecret(step.env) }));
  return { ...own, pipeline: { ...pipeline, steps } };
}

function jobsWithoutSecrets({ jobs }: Plan): Pick<Plan, 'jobs'> {
  return jobs === undefined
    ? {}
    : { jobs: jobs.map(({ env, ...job }) => ({ ...job, env: withoutSecret(env) })) };
}

function changeLines(changes: readonly PlanChange[] | undefined, trouble: string): string[] {
  if (changes === undefined) return [`A reload: ${trouble}`];
  const words = changes.map((change) => {
    const keys = change.keys.length === 0 ? '' : ` (${change.keys.join(', ')})`;
    return `  ${change.change.padEnd(7)} ${change.name}${keys}`;
  });
  return ['A reload would:', ...words];
}
