import { basename } from 'node:path';
import type { Command } from 'commander';
import { isReference } from '../../app/environment.ts';
import type { Origin, Origins, Plan, PlanChange, PlannedService } from '../../app/plan.ts';
import { addressText } from '../../core/address.ts';
import { formatDuration } from '../../core/durations.ts';
import { formatSize } from '../../core/sizes.ts';
import { joinWords } from '../../core/words.ts';
import { needText, startWaves } from '../../run/needs.ts';
import { readinessText } from '../../run/readiness/readiness.ts';
import { requirePlan } from '../config-file.ts';
import { controlClient } from '../control.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, paint, printJson } from '../output.ts';
import { systemClock } from '../../core/clock.ts';
import { jobLines } from '../plan-jobs.ts';
import { limitLines } from '../plan-limits.ts';
import { watchLines } from '../plan-watches.ts';
import { streamText } from '../words.ts';

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
  for (const service of plan.services) lines.push('', ...serviceLines(service, from, colour));
  for (const job of plan.jobs ?? []) lines.push('', ...jobLines(job, systemClock.now(), colour));
  lines.push('', ...changeLines(changes, trouble));
  return `${lines.join('\n')}\n`;
}

function serviceLines(service: PlannedService, from: (path: string) => string, colour: boolean): string[] {
  const at = (key: string): string => from(`services.${service.name}.${key}`);
  const { restart } = service;
  if (service.unit !== undefined) return unitLines(service, at, colour);
  const what = kindLines(service);
  return [
    `${paint(colour, 'bold', service.name)} (${service.kind})`,
    ...what,
    `  cwd        ${service.cwd}  ${at('cwd')}`,
    ...Object.entries(withoutSecrets(service).env).map(([name, value]) => `  env        ${name}=${value}`),
    ...(service.user === undefined ? [] : [`  user       ${service.user}`]),
    ...(service.needs.length === 0 ? [] : [`  needs      ${service.needs.map(needText).join(', ')}`]),
    ...(service.locks === undefined ? [] : [`  locks      ${service.locks.join(', ')}`]),
    ...(service.ready === undefined ? [] : [`  ready      ${readinessText(service.ready)}`]),
    `  stop       ${formatDuration(service.stopMs)}  ${at('stop')}`,
    `  fast       ${restart.fast}  ${at('fast')}`,
    `  backoff    ${formatDuration(restart.backoffMinMs)}..${formatDuration(restart.backoffMaxMs)}  ${at('backoff')}`,
    `  slow       ${formatDuration(restart.slowMs)}  ${at('slow')}`,
    `  no restart ${restart.noRestartOn.length === 0 ? 'on no exit code' : `on ${restart.noRestartOn.join(', ')}`}  ${at('no-restart-on')}`,
    `  log        ${formatSize(service.log.budgetBytes)}  ${at('log.budget')}`,
    ...limitLines(service),
    ...watchLines(service, at),
  ];
}

/** What it is, and does. */
function kindLines({ argv, collect, hub }: PlannedService): string[] {
  if (hub !== undefined) {
    const kept = hub.keep.rules.map(({ name, keepMs }) => `${name} ${formatDuration(keepMs)}`);
    return [
      `  listen     ${addressText(hub)}${hub.tls === undefined ? '' : ', TLS'}`,
      ...(hub.syslog === undefined
        ? []
        : [`  syslog     ${addressText(hub.syslog)}, as ${hub.syslog.agent}`]),
      `  folder     ${hub.folder}`,
      `  keep       ${kept.join(', ')}; ${formatSize(hub.keep.bytes)}`,
    ];
  }
  if (collect === undefined) return [`  run        ${joinWords(argv)}`];
  return [
    `  collect    ${streamText(collect.from)}`,
    `  into       ${collect.into}`,
    `  part       ${collect.part}, begins at ${collect.cursor}`,
  ];
}

/** Of a unit of systemd's there is no more: the rest is in its unit file. */
function unitLines(service: PlannedService, at: (key: string) => string, colour: boolean): string[] {
  return [
    `${paint(colour, 'bold', service.name)} (${service.kind})`,
    `  unit       ${service.unit}`,
    ...(service.needs.length === 0 ? [] : [`  needs      ${service.needs.map(needText).join(', ')}`]),
    ...(service.locks === undefined ? [] : [`  locks      ${service.locks.join(', ')}`]),
    `  log        ${formatSize(service.log.budgetBytes)}  ${at('log.budget')}`,
    ...watchLines(service, at),
  ];
}

/** References as they are written, never what they stand for; any other value may be a secret itself. */
function withoutSecrets(service: PlannedService): PlannedService {
  return { ...service, env: withoutSecret(service.env) };
}

function withoutSecret(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, isReference(value) ? value : '…']),
  );
}

function jobsWithoutSecrets({ jobs }: Plan): Pick<Plan, 'jobs'> {
  return jobs === undefined
    ? {}
    : { jobs: jobs.map(({ env, ...job }) => ({ ...job, env: withoutSecret(env) })) };
}

function originText(origin: Origin | undefined): string {
  if (origin === undefined || origin.from === 'built-in') return 'built in';
  const place =
    origin.file === undefined ? `line ${origin.line}` : `${basename(origin.file)}, line ${origin.line}`;
  return origin.from === 'config' ? place : `defaults, ${place}`;
}

function changeLines(changes: readonly PlanChange[] | undefined, trouble: string): string[] {
  if (changes === undefined) return [`A reload: ${trouble}`];
  const words = changes.map((change) => {
    const keys = change.keys.length === 0 ? '' : ` (${change.keys.join(', ')})`;
    return `  ${change.change.padEnd(7)} ${change.name}${keys}`;
  });
  return ['A reload would:', ...words];
}
