import type { Job, Service } from '../../live/hub.svelte.ts';
import type { Item } from './items.ts';

/** In what state it is, and since when, in some words. */
export interface Standing {
  readonly state: string;
  /** `slow lane`; empty in the fast one, where nothing is to be said. */
  readonly lane: string;
  /** Before the age: `for`, `last`. */
  readonly word: string;
  readonly at: number | null;
  /** Behind the age: ` ago`. */
  readonly behind: string;
}

const NOTHING: Standing = { state: '', lane: '', word: '', at: null, behind: '' };

export function standingOf({ service, job }: Pick<Item, 'service' | 'job'>): Standing {
  if (service !== undefined) return ofService(service);
  return job === undefined ? NOTHING : ofJob(job);
}

function ofService({ state, ready, lane, startedAt, stateSince, wanted }: Service): Standing {
  const runs = state === 'running';
  const word = runs && ready === false ? 'not ready' : state === 'stopped' && !wanted ? 'stopped' : state;
  const at = runs ? (startedAt ?? stateSince) : stateSince;
  return { state: word, lane: lane === 'fast' ? '' : laneWord(lane), word: 'for', at, behind: '' };
}

export function laneWord(lane: Service['lane']): string {
  return { fast: 'fast lane', backoff: 'back-off', slow: 'slow lane' }[lane];
}

function ofJob({ state, run, progress, last, pause }: Job): Standing {
  if (run !== null) return { ...NOTHING, state: progressText(progress), word: 'for', at: run.startedAt };
  if (pause !== null) return { ...NOTHING, state: 'paused', word: 'for', at: pause.at };
  if (last === null) return { ...NOTHING, state: state === 'idle' ? 'not run yet' : state };
  const outcome = last.outcome === 'ok' ? 'last run ok' : `last run ${last.outcome ?? 'not over'}`;
  const at = last.ended ?? last.started;
  return { ...NOTHING, state: state === 'idle' ? outcome : state, at, behind: ' ago' };
}

function progressText(progress: Job['progress']): string {
  if (progress === null) return 'running';
  const { done, total } = progress;
  return total === null || total <= 0 ? `running, ${done}` : `running, ${Math.floor((done / total) * 100)} %`;
}
