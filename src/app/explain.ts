import type { Clock } from '../core/clock.ts';
import { approximateDuration } from '../core/durations.ts';
import type { RecordStore } from '../core/record.ts';
import { joinNames } from '../run/needs.ts';
import { clockTime } from './clock-time.ts';
import { limitSentences } from './explain-limits.ts';
import { silenceSentences } from './explain-silences.ts';
import { runBySentences, unitNext, unitSentences } from './explain-units.ts';
import { watchNext, watchSentences } from './explain-watches.ts';
import { blockedNext, lateNext, needSentences } from './explain-needs.ts';
import type { Explanation, ServiceStatus } from './control-api.ts';
import type { StatePaths } from './state.ts';
import { serviceStatus } from './status.ts';
import type { Supervised, Supervision } from './supervision.ts';

/** Records that an explanation shows. */
const EVIDENCE = 12;

export interface ExplainSources {
  readonly supervision: Supervision;
  readonly store: RecordStore;
  readonly paths: StatePaths;
  readonly clock: Clock;
}

/** Why a service is in its state, on what evidence, and what happens next and when. The service must exist. */
export async function explain(name: string, sources: ExplainSources): Promise<Explanation> {
  const supervised = sources.supervision.get(name) as Supervised;
  const service = await serviceStatus(supervised, sources.paths, sources.clock.now());
  const evidence = sources.store.query({
    services: [name],
    kinds: ['start', 'exit', 'flip', 'action', 'note', 'gap'],
    limit: EVIDENCE,
    take: 'newest',
  });
  const now = sources.clock.now();
  const isUnit = service.unit !== undefined;
  const because = [
    ...(isUnit ? unitSentences(service, now) : [...runBySentences(service), stateSentence(service, now)]),
    ...needSentences(service, supervised, sources.supervision),
    ...(isUnit ? [] : [...laneSentences(service, supervised), ...limitSentences(service, supervised)]),
    ...watchSentences(service, supervised, now),
    ...silenceSentences(supervised, now),
    ...figureSentences(service),
    isUnit ? unitNext(service) : nextSentence(service, supervised, now),
  ];
  return { service, because, evidence };
}

function stateSentence(service: ServiceStatus, now: number): string {
  const since = `since ${clockTime(service.since)} (${approximateDuration(now - service.since)})`;
  const last = service.lastExit === null ? '' : `; its last life ${service.lastExit.text}`;
  switch (service.state) {
    case 'running':
      return `It runs ${since}, life ${service.life ?? '?'}, pid ${service.pid ?? '?'}${last}.`;
    case 'waiting':
      return `It waits for its next start ${since}${last}.`;
    case 'blocked':
      return `It is blocked ${since}: it waits for ${joinNames(service.waitsFor)}${last}.`;
    case 'stopping':
      return `Its processes are being ended ${since}.`;
    case 'done':
      return `It is done ${since}: ${service.lastExit?.text ?? 'it said so'}, a code that means no restart.`;
    case 'stuck':
      return `It is stuck ${since}: its old processes do not end, not even by KILL; nothing new starts until they are gone.`;
    case 'failed':
      return `It cannot be run ${since}${last}.`;
    case 'stopped':
      return service.wanted ? `It has not been started yet ${since}.` : `A person stopped it ${since}.`;
  }
}

function laneSentences(service: ServiceStatus, { planned }: Supervised): string[] {
  const tally = `${service.startsInWindow} counted starts in the last 10 minutes (12 are the most), ${service.failures} short lives in a row`;
  const lane = {
    fast: 'Its restarts are in the fast lane: a life of 10 s or more is followed at once by the next.',
    backoff: `Its restarts are in the back-off lane: the waits double up to ${approximateDuration(planned.restart.backoffMaxMs)}, a life of 10 s ends it.`,
    slow: `Its restarts are in the slow lane: one try every ${approximateDuration(planned.restart.slowMs)}, until a life lasts 10 minutes or a person starts it.`,
  };
  return [`${lane[service.lane]} Tally: ${tally}.`];
}

function pipelineSentences(figures: ServiceStatus['pipeline']): string[] {
  if (figures == null) return ['It does not answer on its socket (yet), so there are no figures.'];
  const { backlog, held, running, steps } = figures;
  const runs =
    running.length === 0
      ? 'nothing runs'
      : `${running.length} run: ${running.map(({ step, first }) => `${step} on ${first}`).join(', ')}`;
  const failed = steps.flatMap(({ step, tasks }) =>
    tasks.failed === undefined ? [] : [`${step} ${tasks.failed}`],
  );
  return [
    `Of its files ${backlog} are open; ${runs}.`,
    ...(held === null ? [] : [`Nothing new is begun: ${held}. To go on: vahti pipeline resume.`]),
    ...(failed.length === 0 ? [] : [`Runs that have failed, by step: ${failed.join(', ')}.`]),
  ];
}

function figureSentences({ kind, figures, pipeline, state }: ServiceStatus): string[] {
  if (kind === 'pipeline' && state === 'running') return pipelineSentences(pipeline ?? null);
  if (kind !== 'collect' || state !== 'running') return [];
  if (figures === null) return ['It does not answer on its socket (yet), so there are no figures.'];
  const lag = figures.lag === null ? 'nothing committed yet' : `${approximateDuration(figures.lag)} behind`;
  const trouble = figures.trouble === null ? '' : ` (${figures.trouble})`;
  return [
    `Its stream is ${figures.connection}${trouble}: cursor ${figures.cursor ?? 'none'}, ${lag}, ${figures.frameRate.toFixed(1)} frames/s.`,
  ];
}

function nextSentence(service: ServiceStatus, supervised: Supervised, now: number): string {
  const { planned } = supervised;
  switch (service.state) {
    case 'running':
      return (
        lateNext(service, supervised) ??
        watchNext(service) ??
        'Next: nothing, unless it exits; then it is restarted as its lane says.'
      );
    case 'blocked':
      return blockedNext(service);
    case 'waiting': {
      const due = service.nextStartAt;
      if (due === null) return 'Next: it is started.';
      return `Next: it is started at ${clockTime(due)} (in ${approximateDuration(Math.max(0, due - now))}), or at once by: vahti start ${service.name}`;
    }
    case 'stopping':
      return `Next: what is left at ${clockTime(service.since + planned.stopMs)} gets KILL.`;
    case 'stuck':
      return 'Next: it is tried again every 30 s.';
    case 'failed':
      return 'Next: it is looked at every second, and started as soon as it can be.';
    case 'done':
    case 'stopped':
      return `Next: nothing until a person starts it: vahti start ${service.name}`;
  }
}
