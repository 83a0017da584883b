import type { ServiceStatus } from '../app/control-api.ts';
import { approximateDuration } from '../core/durations.ts';
import { approximateSize } from '../core/sizes.ts';
import { joinNames } from '../run/needs.ts';
import { type Paint, paint, printable } from './output.ts';

/** How long ago, for people: `3m12s`. */
export function ago(now: number, then: number): string {
  return approximateDuration(Math.max(0, now - then));
}

const STATE_PAINT: Readonly<Record<ServiceStatus['state'], Paint>> = {
  running: 'green',
  waiting: 'yellow',
  blocked: 'yellow',
  stopping: 'yellow',
  stopped: 'dim',
  done: 'dim',
  stuck: 'red',
  failed: 'red',
};

/** The state, with the lane where that is not the fast one. */
export function stateText({ state, lane }: ServiceStatus, colour: boolean): string {
  const slow = lane !== 'fast' && state === 'waiting' ? ` (${lane})` : '';
  return paint(colour, STATE_PAINT[state], state + slow);
}

/** What a built-in service does, in a line; undefined for a command. */
export function figuresText({ kind, figures, pipeline, state }: ServiceStatus): string | undefined {
  if (kind === 'pipeline' && state === 'running') return pipelineText(pipeline ?? null);
  if (kind !== 'collect' || state !== 'running') return undefined;
  if (figures === null) return 'no figures yet';
  const connection =
    figures.connection === 'connected'
      ? ''
      : `${figures.connection}${figures.trouble === null ? '' : ` (${figures.trouble})`}, `;
  return printable(
    `${connection}${rate(figures.lineRate)} lines/s, lag ${figures.lag === null ? '-' : approximateDuration(figures.lag)}, ${figures.lines} lines, cursor ${figures.cursor ?? '-'}`,
  );
}

/** What a pipeline does, in a line. */
function pipelineText(figures: ServiceStatus['pipeline']): string {
  if (figures == null) return 'no figures yet';
  const { files, held, backlog, running } = figures;
  const bad = ['failed', 'partial', 'parked'].reduce((sum, state) => sum + (files[state] ?? 0), 0);
  const parts = [
    ...(held === null ? [] : [`held: ${held}`]),
    `${backlog} open`,
    ...(running.length === 0 ? [] : [`runs ${[...new Set(running.map(({ step }) => step))].join(', ')}`]),
    `${files['done'] ?? 0} done`,
    ...(bad === 0 ? [] : [`${bad} failed`]),
  ];
  return printable(parts.join(', '));
}

/** What a service takes of its memory limit, and that it does not start with the daemon; undefined where there is neither. */
export function limitText({ memory, boot, state }: ServiceStatus): string | undefined {
  const parts: string[] = [];
  if (!boot.starts && boot.by === 'person')
    parts.push(printable(`disabled${boot.why === null ? '' : `: ${boot.why}`}`));
  if (!boot.starts && boot.by === 'config' && state === 'stopped') parts.push('not started with the daemon');
  if (memory !== null) parts.push(`memory ${approximateSize(memory.bytes)}`);
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** What is wrong with a unit of systemd's as a whole; undefined where nothing is. */
export function unitText({ unit, runBy }: ServiceStatus): string | undefined {
  const text = unit?.trouble ?? unit?.failure ?? runBy?.trouble ?? undefined;
  return text === undefined ? undefined : printable(text);
}

/** What a service waits for, or has yet to do; undefined where it is nothing. */
export function waitText({ state, ready, waitsFor, figures }: ServiceStatus): string | undefined {
  if (state === 'blocked') return `waits for ${joinNames(waitsFor)}`;
  return state === 'running' && ready === false && figures === null ? 'not ready yet' : undefined;
}

export function rate(perSecond: number): string {
  return perSecond >= 100 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}
