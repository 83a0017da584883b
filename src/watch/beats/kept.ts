import type { Moment } from '../kind.ts';
import type { Judgement } from '../judgement.ts';
import type { Beat } from './beat.ts';
import { judgeBeats } from './judge.ts';
import { type BeatRules, type BeatState, promised } from './promise.ts';

/** The beats as a look found them, for the history. */
export type BeatReading = { readonly [K in keyof BeatState]: BeatState[K] } & {
  readonly openSince?: number | undefined;
};

/** A longer line is cut where it is shown, too. */
const LONGEST_LINE = 201;

export function keptBeats({ last, ended, ...state }: BeatState, { openSince }: BeatRules): BeatReading {
  return { ...state, last: shortened(last), ended: shortened(ended), openSince };
}

function shortened(beat: Beat | null): Beat | null {
  const line = beat?.message.trim().split(/\r?\n/, 1)[0] ?? '';
  return beat === null ? null : { ...beat, message: line.slice(0, LONGEST_LINE) };
}

/**
 * Judges beats again, by other rules too: what is promised counts from the last beat. Unlike in a reload, what is over by then is
 * over: the watch is tried as if it had been so all the time.
 */
export function judgeKept(
  { openSince, ...state }: BeatReading,
  moment: Moment,
  graceMs: number,
  rules: BeatRules,
): Judgement {
  const { text, next } = rules.timetable;
  const goesBy = openSince === undefined ? rules : { ...rules, openSince };
  const isOther = state.dueAt !== null && state.timetable !== text;
  const reckoned = isOther
    ? promised({ ...state, timetable: text, dueAt: next(state.since) }, moment, graceMs, goesBy)
    : state;
  return judgeBeats(reckoned, moment, graceMs, goesBy);
}
