import { addressText } from '../../core/address.ts';
import { formatDuration } from '../../core/durations.ts';
import { formatSize } from '../../core/sizes.ts';
import { joinWords } from '../../core/words.ts';
import { needText } from '../../run/needs.ts';
import { readinessText } from '../../run/readiness/readiness.ts';
import { isReference } from '../environment.ts';
import type { PlannedService } from '../plan.ts';
import { limitLines } from './limits.ts';
import { lineOf, type PlanLine } from './line.ts';
import { pipelineLines } from './pipeline.ts';
import { watchLines } from './watches.ts';

/** A service, resolved; secrets are not shown. @param at where the value of a key comes from. */
export function serviceLines(service: PlannedService, at: (key: string) => string): PlanLine[] {
  const { restart, needs, locks, ready, user } = service;
  if (service.unit !== undefined) return unitLines(service, at);
  return [
    ...kindLines(service),
    lineOf('cwd', service.cwd, at('cwd')),
    ...Object.entries(withoutSecret(service.env)).map(([name, value]) => lineOf('env', `${name}=${value}`)),
    ...(user === undefined ? [] : [lineOf('user', user)]),
    ...(needs.length === 0 ? [] : [lineOf('needs', needs.map(needText).join(', '))]),
    ...(locks === undefined ? [] : [lineOf('locks', locks.join(', '))]),
    ...(ready === undefined ? [] : [lineOf('ready', readinessText(ready))]),
    lineOf('stop', formatDuration(service.stopMs), at('stop')),
    lineOf('fast', String(restart.fast), at('fast')),
    lineOf(
      'backoff',
      `${formatDuration(restart.backoffMinMs)}..${formatDuration(restart.backoffMaxMs)}`,
      at('backoff'),
    ),
    lineOf('slow', formatDuration(restart.slowMs), at('slow')),
    lineOf('no restart', exitCodes(restart.noRestartOn), at('no-restart-on')),
    lineOf('log', formatSize(service.log.budgetBytes), at('log.budget')),
    ...limitLines(service),
    ...watchLines(service, at),
  ];
}

/** References as they are written, never what they stand for; any other value may be a secret itself. */
export function withoutSecret(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, isReference(value) ? value : '…']),
  );
}

/** Where a stream comes from: its address, or its command. */
export function streamText(from: string | readonly string[]): string {
  return typeof from === 'string' ? from : joinWords(from);
}

function exitCodes(codes: readonly number[]): string {
  return codes.length === 0 ? 'on no exit code' : `on ${codes.join(', ')}`;
}

/** What it is, and does. */
function kindLines({ argv, collect, hub, pipeline }: PlannedService): PlanLine[] {
  if (pipeline !== undefined) return pipelineLines(pipeline);
  if (hub !== undefined) {
    const kept = hub.keep.rules.map(({ name, keepMs }) => `${name} ${formatDuration(keepMs)}`);
    return [
      lineOf('listen', `${addressText(hub)}${hub.tls === undefined ? '' : ', TLS'}`),
      ...(hub.syslog === undefined
        ? []
        : [lineOf('syslog', `${addressText(hub.syslog)}, as ${hub.syslog.agent}`)]),
      lineOf('folder', hub.folder),
      lineOf('keep', `${kept.join(', ')}; ${formatSize(hub.keep.bytes)}`),
    ];
  }
  if (collect === undefined) return [lineOf('run', joinWords(argv))];
  return [
    lineOf('collect', streamText(collect.from)),
    lineOf('into', collect.into),
    lineOf('part', `${collect.part}, begins at ${collect.cursor}`),
  ];
}

/** Of a unit of systemd's there is no more: the rest is in its unit file. */
function unitLines(service: PlannedService, at: (key: string) => string): PlanLine[] {
  const { needs, locks, unit = '' } = service;
  return [
    lineOf('unit', unit),
    ...(needs.length === 0 ? [] : [lineOf('needs', needs.map(needText).join(', '))]),
    ...(locks === undefined ? [] : [lineOf('locks', locks.join(', '))]),
    lineOf('log', formatSize(service.log.budgetBytes), at('log.budget')),
    ...watchLines(service, at),
  ];
}
