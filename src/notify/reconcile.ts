import { LEVELS } from '../core/record.ts';
import type { ServiceSnapshot } from '../core/runner.ts';
import { doneReason, isTrouble, laneReason, stuckReason } from './flip.ts';
import {
  begin,
  type Beginning,
  type Incident,
  type OpenIncidents,
  over,
  type Subject,
  subjectKey,
} from './incident.ts';

/** A watch as it is now; null where the present life says nothing yet. */
export interface PresentWatch {
  readonly name: string;
  /** `new`, `ok`, `late`, `bad`, `unknown`, `flapping`. */
  readonly state: string;
  /** Wall milliseconds. */
  readonly since: number;
  /** The last look at the present life. */
  readonly verdict: string | null;
  readonly value: string | null;
  readonly reason: string | null;
  /** Looks count from then on, where that is still to come. */
  readonly countsFrom: number | null;
}

/** A service as it is now. */
export interface Present {
  readonly snapshot: Pick<
    ServiceSnapshot,
    | 'name'
    | 'unit'
    | 'state'
    | 'since'
    | 'wanted'
    | 'life'
    | 'ready'
    | 'lane'
    | 'failures'
    | 'startsInWindow'
    | 'nextStartAt'
  >;
  readonly watches: readonly PresentWatch[];
}

/** A job as it is now. */
export interface PresentJob {
  /** `job/NAME`. */
  readonly service: string;
  readonly standing: 'ok' | 'failed' | 'late';
  /** Its last run; empty where there was none. */
  readonly life: string;
  readonly reason: string;
}

/**
 * Compares the open incidents with the present states: what is in trouble without an incident gets one, an incident whose
 * subject is well by now ends. For what the time line could not say: records that were pruned before they were read, another
 * config. Pure. All records up to the present must have been taken before.
 */
export function reconcile(
  open: OpenIncidents,
  presents: readonly Present[],
  now: number,
  newId: () => string,
  jobs: readonly PresentJob[] = [],
): readonly Incident[] {
  const byName = new Map(presents.map((present) => [present.snapshot.name, present]));
  const ended = [...open.values()].flatMap((incident) => {
    const { kind, service } = incident;
    const end =
      kind === 'job' ? endOfJob(incident, jobs, now) : endOf({ ...incident, kind }, byName.get(service), now);
    if (end === undefined) return [];
    // Another config is a person's doing.
    return [over({ ...incident, byPerson: incident.byPerson || end.why !== '' }, end.at, end.why)];
  });
  const begun = presents
    .flatMap((present) => [...watchTroubles(present), ...serviceTroubles(present)])
    .concat(jobs.flatMap((job) => jobTrouble(job, now)))
    .filter((trouble) => !open.has(subjectKey(trouble)))
    .map((trouble) => begin({ ...trouble, since: Math.min(trouble.since, now), id: newId() }));
  return [...ended, ...begun];
}

interface End {
  readonly at: number;
  readonly why: string;
}

function endOfJob({ service }: Incident, jobs: readonly PresentJob[], now: number): End | undefined {
  const job = jobs.find((each) => each.service === service);
  if (job === undefined) return { at: now, why: 'the job is not in the config any more' };
  return job.standing === 'ok' ? { at: now, why: '' } : undefined;
}

function jobTrouble({ service, standing, life, reason }: PresentJob, now: number): readonly Trouble[] {
  if (standing === 'ok') return [];
  const subject: Subject = { service, kind: 'job', watch: '' };
  return [{ ...subject, state: standing, level: LEVELS.error, since: now, life, value: null, reason }];
}

function endOf(
  {
    kind,
    watch,
    state,
  }: Pick<Incident, 'watch' | 'state'> & { readonly kind: Exclude<Subject['kind'], 'job'> },
  present: Present | undefined,
  now: number,
): End | undefined {
  if (present === undefined) return { at: now, why: 'the service is not in the config any more' };
  const { snapshot, watches } = present;
  if (kind === 'watch') {
    const found = watches.find(({ name }) => name === watch);
    if (found === undefined) return { at: now, why: 'the watch is not in the config any more' };
    if (found.state === 'new') return { at: now, why: 'the watch changed, and begins anew' };
    return found.state === 'ok' ? { at: found.since, why: '' } : undefined;
  }
  const isOver = {
    lane: snapshot.lane === 'fast',
    state: snapshot.state !== state,
    ready: snapshot.ready !== false && snapshot.state === 'running',
  }[kind];
  return isOver ? { at: now, why: '' } : undefined;
}

type Trouble = Omit<Beginning, 'id'>;

/** Only what the present life shows itself: the state of a watch is kept across lives, and says nothing of a new one. */
function watchTroubles({ snapshot, watches }: Present): readonly Trouble[] {
  const { name: service, life, wanted, state } = snapshot;
  if (!wanted || state !== 'running') return [];
  return watches.flatMap((watch): readonly Trouble[] => {
    const seen = watch.countsFrom === null && watch.verdict !== null && watch.verdict !== 'ok';
    if (!seen || !isTrouble('watch', watch.state)) return [];
    const level = watch.state === 'bad' || watch.state === 'flapping' ? LEVELS.error : LEVELS.warn;
    const subject: Subject = { service, kind: 'watch', watch: watch.name };
    const { since, value, reason } = watch;
    // Whether its ladder paged is not known any more: rather a message too many.
    return [
      {
        ...subject,
        state: watch.state,
        level,
        since,
        life: life ?? '',
        value,
        reason: reason ?? '',
        paged: true,
      },
    ];
  });
}

function serviceTroubles({ snapshot }: Present): readonly Trouble[] {
  const { name: service, state, since, wanted, life, lane, failures, startsInWindow } = snapshot;
  const base = { service, watch: '', since, life: life ?? '', value: null };
  const { warn, error } = LEVELS;
  const troubles: Trouble[] = [];
  if (wanted && lane !== 'fast') {
    const level = lane === 'slow' ? error : warn;
    const reason = laneReason(lane, failures, startsInWindow) ?? '';
    const { nextStartAt } = snapshot;
    troubles.push({ ...base, kind: 'lane', state: lane, level, reason, nextStartAt });
  }
  if (state === 'stuck')
    troubles.push({ ...base, kind: 'state', state, level: error, reason: stuckReason(undefined) });
  if (state === 'done' && wanted)
    troubles.push({ ...base, kind: 'state', state, level: warn, reason: doneReason(undefined) });
  if (state === 'failed') {
    const reason = snapshot.unit?.failure ?? 'nothing starts it again';
    troubles.push({ ...base, kind: 'state', state, level: error, reason });
  }
  return troubles;
}
