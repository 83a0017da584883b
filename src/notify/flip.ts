import { approximateDuration } from '../core/durations.ts';
import type { StoredRecord } from '../core/record.ts';
import type { Subject } from './incident.ts';

/** A change of state, read from its record. */
export interface Flip extends Subject {
  /** Wall milliseconds. */
  readonly at: number;
  /** Whether the subject is in trouble from then on; undefined where the flip says nothing of that. */
  readonly trouble: boolean | undefined;
  readonly state: string;
  readonly level: number;
  readonly life: string;
  readonly value: string | null;
  readonly reason: string;
  readonly nextStartAt: number | null;
}

/** The states of each kind of subject that are trouble, and those that end it. */
const STATES = {
  watch: { trouble: ['late', 'bad', 'unknown', 'flapping'], well: ['ok'] },
  lane: { trouble: ['backoff', 'slow'], well: ['fast'] },
  // A flip out of `stuck` or `failed` has no `to`: what follows is told by other records.
  state: { trouble: ['stuck', 'done', 'failed'], well: [''] },
  ready: { trouble: ['late'], well: ['ready'] },
  job: { trouble: ['failed', 'late'], well: ['ok'] },
} as const satisfies Record<Subject['kind'], { trouble: readonly string[]; well: readonly string[] }>;

export function isTrouble(kind: Subject['kind'], state: string): boolean {
  return (STATES[kind].trouble as readonly string[]).includes(state);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Reads a record of kind `flip`; undefined where it is of no subject that is known here. */
export function readFlip({
  time,
  service,
  life,
  level,
  message,
  fields = {},
}: StoredRecord): Flip | undefined {
  const kind = (Object.keys(STATES) as Subject['kind'][]).find((each) => each === fields['subject']);
  if (kind === undefined || service === '') return undefined;
  const watch = kind === 'watch' ? text(fields['watch']) : '';
  const state = text(fields['to']);
  const ends = (STATES[kind].well as readonly string[]).includes(state);
  const { value, nextStartAt } = fields;
  return {
    service,
    kind,
    watch,
    at: Math.floor(time / 1000),
    trouble: isTrouble(kind, state) ? true : ends ? false : undefined,
    state,
    level,
    life,
    value: typeof value === 'string' ? value : null,
    reason: reasonOf(kind, state, fields) ?? message,
    nextStartAt: typeof nextStartAt === 'number' ? nextStartAt : null,
  };
}

/** Why, without what the state says already; undefined where the fields do not say. */
function reasonOf(kind: Subject['kind'], state: string, fields: Fields): string | undefined {
  const { failures, starts, code, pids, missing, withinMs } = fields;
  switch (kind) {
    case 'watch':
    case 'job':
      return text(fields['reason']);
    case 'lane':
      return laneReason(state, failures, starts);
    case 'state':
      return state === 'stuck' ? stuckReason(pids) : state === 'done' ? doneReason(code) : undefined;
    case 'ready':
      if (typeof withinMs !== 'number') return undefined;
      return `not within ${approximateDuration(withinMs)}: ${text(missing)}`;
  }
}

type Fields = Readonly<Record<string, unknown>>;

export function laneReason(lane: string, failures: unknown, starts: unknown): string | undefined {
  if (lane === 'slow' && typeof starts === 'number') return `${starts} starts in 10 minutes`;
  return typeof failures === 'number' ? `${failures} failures in a row` : undefined;
}

export function stuckReason(pids: unknown): string {
  const which = Array.isArray(pids) && pids.length > 0 ? ` (${pids.join(', ')})` : '';
  return `SIGKILL does not end its processes${which}; nothing new starts until they are gone`;
}

export function doneReason(code: unknown): string {
  const what = typeof code === 'number' ? `exit code ${code}` : 'its exit code';
  return `${what} means no restart; a person can start it again`;
}

/** What a record of kind `action`, `start` or `note` says that somebody did. */
export interface Act {
  readonly service: string;
  readonly at: number;
  /** `start`, `restart`, `stop`, `page`, … */
  readonly act: string;
  /** `person`, `boot` or `vahti`; empty where a watch acted. */
  readonly by: string;
  readonly watch: string;
  readonly text: string;
}

export function readAct({ kind, time, service, message, fields = {} }: StoredRecord): Act {
  return {
    service,
    at: Math.floor(time / 1000),
    act: kind === 'start' ? 'start' : text(fields['action']),
    by: text(fields['by']),
    watch: text(fields['watch']),
    text: message,
  };
}
