import { formatDuration } from '../../core/durations.ts';
import { followSchedule, type Schedule, scheduleText } from '../../core/schedule.ts';
import type { WatchedLife } from '../judgement.ts';
import type { Beat, Signal } from './beat.ts';

/** When beats are due. */
export interface Timetable {
  /** `2m`, `30 3 * * * UTC`. State that was reckoned by another one is reckoned anew. */
  readonly text: string;
  /** When the next beat is due after a moment, wall milliseconds. */
  readonly next: (after: number) => number;
}

/** What a beat watch goes by; milliseconds. */
export interface BeatRules {
  readonly timetable: Timetable;
  /** How long a run may take from its start beat on; undefined where it is not said. */
  readonly maxRunMs: number | undefined;
  /** Since when somebody is there to take beats: the start of the daemon, wall milliseconds. Default always. */
  readonly openSince?: number;
}

/** A run that began and has not ended. Wall milliseconds. */
export interface Run {
  /** Empty where the beats name none. */
  readonly rid: string;
  readonly life: string | null;
  readonly startedAt: number;
  /** When it was last said to begin: it may have died without a word, and been begun anew. */
  readonly againAt: number;
}

/** What is known of the beats of a watch. It outlives the daemon. Serialisable as JSON; wall milliseconds. */
export interface BeatState {
  /** The text of the timetable that `dueAt` is reckoned by. */
  readonly timetable: string;
  /** Since when a beat is waited for: since the last one, or since a life began that has to give one. */
  readonly since: number;
  /** When the next one is due; null where nobody waits yet. */
  readonly dueAt: number | null;
  /** The last beat, whatever it said. */
  readonly last: Beat | null;
  /** The last one that told of an end: a success or a failure. */
  readonly ended: Beat | null;
  /** Oldest first. */
  readonly runs: readonly Run[];
}

export const FRESH_BEATS: BeatState = {
  timetable: '',
  since: 0,
  dueAt: null,
  last: null,
  ended: null,
  runs: [],
};

/** Runs that are remembered at the same time. */
const MOST_RUNS = 20;

export function every(withinMs: number): Timetable {
  return { text: formatDuration(withinMs), next: (after) => after + withinMs };
}

export function scheduled(schedule: Schedule): Timetable {
  const following = followSchedule(schedule);
  const text = scheduleText(schedule);
  return {
    text,
    next(after) {
      const at = following(after);
      if (at === undefined) throw new Error(`cannot find the next time of ${text}`);
      return at;
    },
  };
}

/** Takes a beat. Only an end fulfils the promise: a start alone says that something may still go wrong. */
export function taken(
  state: BeatState,
  signal: Signal,
  moment: { readonly at: number; readonly life: string | null },
  rules: BeatRules,
): BeatState {
  const { at } = moment;
  const run = state.runs.find(({ rid }) => rid === signal.rid);
  const isEnd = signal.word === 'success' || signal.word === 'fail';
  const ms = isEnd && run !== undefined ? Math.max(0, at - run.againAt) : null;
  const beat: Beat = { ...signal, ...moment, ms };
  if (signal.word === 'log') return { ...state, last: beat };
  if (signal.word === 'start') return { ...state, last: beat, runs: begun(state.runs, beat, rules) };
  const open = state.runs.filter((each) => each !== run);
  const { text, next } = rules.timetable;
  return {
    timetable: text,
    since: at,
    dueAt: next(at),
    last: beat,
    ended: beat,
    // A success settles what was amiss before it.
    runs: signal.word === 'fail' ? open : open.filter((each) => at < endOf(each, rules)),
  };
}

function begun(runs: readonly Run[], { rid, life, at }: Beat, { maxRunMs }: BeatRules): readonly Run[] {
  // The processes of other lives are gone, and their runs with them.
  const own = runs.filter((run) => run.life === life);
  if (own.some((run) => run.rid === rid))
    return own.map((run) => (run.rid === rid ? { ...run, againAt: at } : run));
  const all = [...own, { rid, life, startedAt: at, againAt: at }];
  // Where runs are limited the oldest is the first that will be missed; else it is the one that nobody will end any more.
  return maxRunMs === undefined ? all.slice(-MOST_RUNS) : all.slice(0, MOST_RUNS);
}

function endOf({ startedAt }: Run, { maxRunMs }: BeatRules): number {
  return maxRunMs === undefined ? Number.POSITIVE_INFINITY : startedAt + maxRunMs;
}

/** When a life began for the watch. */
export function beginOf({ from, startedAt }: WatchedLife): number {
  return from ?? startedAt;
}

/**
 * What a life has to keep. A promise outlives lives, daemons and reloads: a beat that is due at noon stays due at noon. Only
 * a life that began when it was broken already (the grace was over, too) gets the time of a new one. Another timetable
 * counts from the last beat; what it says to be over by then, from now on.
 */
export function promised(
  state: BeatState,
  { now, life }: { readonly now: number; readonly life: WatchedLife },
  graceMs: number,
  { timetable: { text, next } }: BeatRules,
): BeatState {
  let { since, dueAt } = state;
  if (dueAt !== null && state.timetable !== text) {
    dueAt = next(since);
    if (dueAt <= now) dueAt = next(now);
  }
  const begin = beginOf(life);
  if (dueAt === null || dueAt + graceMs <= begin) {
    since = begin;
    dueAt = next(begin);
  }
  // Later than that it can only be where the wall clock was set back.
  if (dueAt > now) dueAt = Math.min(dueAt, next(now));
  const isSame = dueAt === state.dueAt && since === state.since && text === state.timetable;
  return isSame ? state : { ...state, timetable: text, since, dueAt };
}

/** By when something has to come, and from when on it is bad that it did not; wall milliseconds. */
export interface Deadline {
  readonly at: number;
  readonly badAt: number;
  /** The run that has to end; undefined where it is the next beat that has to come. */
  readonly run: Run | undefined;
}

/**
 * The next deadline of a life: the end of the run that began first, where runs are limited and one goes on that did not begin
 * too late, else the next beat. A life has at least its grace, however soon after its begin a beat was promised; and so has one
 * that went on while nobody was there to take its beats.
 */
export function deadlineOf(
  { runs, dueAt }: BeatState,
  life: WatchedLife,
  graceMs: number,
  rules: BeatRules,
): Deadline {
  const { openSince = 0 } = rules;
  const due = dueAt ?? rules.timetable.next(beginOf(life));
  const beat = { at: due, badAt: Math.max(due, beginOf(life), openSince) + graceMs, run: undefined };
  const run = runs.find((each) => each.life === life.id && each.startedAt < beat.badAt);
  if (run === undefined || rules.maxRunMs === undefined) return beat;
  const at = run.startedAt + rules.maxRunMs;
  return { at, badAt: Math.max(at, openSince) + graceMs, run };
}
