import { approximateDuration } from '../core/durations.ts';
import type { UnitFacts, UnitPolicy } from '../core/units.ts';
import { clockTime } from './clock-time.ts';
import type { ServiceStatus } from './control-api.ts';
import { watchNext } from './explain-watches.ts';

/** What an explanation says of a service that is a unit of systemd's, instead of its state and its lane. */
export function unitSentences(service: ServiceStatus, now: number): readonly string[] {
  const { unit, startsInWindow: starts } = service;
  if (unit === undefined) return [];
  const { facts, trouble } = unit;
  const old = trouble === null ? [] : [`What follows may be old: ${trouble}.`];
  if (facts === null) return [...old, `Nothing is known of its unit ${unit.name} yet.`];
  if (facts.load !== 'loaded' && unit.failure !== null) return [...old, `It is ${unit.failure}.`];
  const seen = `${starts} ${starts === 1 ? 'start was' : 'starts were'} seen in the last 10 minutes`;
  return [
    ...old,
    stateSentence(service, now),
    `It is the unit ${unit.name}, ${facts.active} (${facts.sub}), which systemd runs; ${bootWords(facts)}.`,
    `${policyWords(facts.policy)}; ${seen}.`,
  ];
}

/** What an explanation says beside, of a service that systemd runs for us. */
export function runBySentences({ runBy }: ServiceStatus): readonly string[] {
  if (runBy === undefined) return [];
  const trouble = runBy.trouble === null ? [] : [`${capitalised(runBy.trouble)}.`];
  return [...trouble, `It is run by systemd, as ${runBy.unit}.`];
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function stateSentence(service: ServiceStatus, now: number): string {
  const since = `since ${clockTime(service.since)} (${approximateDuration(Math.max(0, now - service.since))})`;
  const last = service.lastExit === null ? '' : `; its last life ${service.lastExit.text}`;
  switch (service.state) {
    case 'running': {
      const pid = service.pid === null ? 'without a main process' : `pid ${service.pid}`;
      const ready = service.ready === false ? ' It is not ready yet.' : '';
      return `It runs ${since}, life ${service.life ?? '?'}, ${pid}${last}.${ready}`;
    }
    case 'waiting':
      return `It waits for its next start ${since}${last}.`;
    case 'stopping':
      return `It is being stopped ${since}.`;
    case 'failed':
      return `It has ${service.unit?.failure ?? 'failed'}, ${since}${last}.`;
    default:
      if (!service.wanted) return `It was stopped on purpose ${since}${last}.`;
      return service.lastExit === null
        ? `It does not run ${since}; no start of it was seen.`
        : `It is over ${since}${last}.`;
  }
}

function bootWords({ enabled }: UnitFacts): string {
  if (enabled.startsWith('enabled')) return 'it starts with the machine';
  if (enabled === 'disabled') return 'it does not start with the machine';
  return `whether it starts with the machine is up to other units (${enabled === '' ? 'no unit file' : enabled})`;
}

function policyWords({ restart, delayMs, startLimit }: UnitPolicy): string {
  if (restart === 'no') return 'Systemd does not restart it (Restart=no)';
  const wait = delayMs === null || delayMs === 0 ? 'at once' : `after ${approximateDuration(delayMs)}`;
  const most =
    startLimit === null
      ? 'for ever'
      : `and gives up after ${startLimit.burst} starts within ${approximateDuration(startLimit.intervalMs)}`;
  return `Systemd restarts it ${wait} (Restart=${restart}), ${most}`;
}

/** What happens next to it. */
export function unitNext(service: ServiceStatus): string {
  switch (service.state) {
    case 'running':
      return watchNext(service) ?? 'Next: nothing, unless it ends; then systemd does as the unit says.';
    case 'waiting': {
      const when = service.nextStartAt === null ? '' : ` at ${clockTime(service.nextStartAt)}`;
      return `Next: systemd starts it${when}, or at once by: vahti start ${service.name}`;
    }
    case 'stopping':
      return 'Next: systemd kills what is left of it in time (TimeoutStopSec).';
    default:
      return `Next: nothing until a person starts it: vahti start ${service.name}`;
  }
}
