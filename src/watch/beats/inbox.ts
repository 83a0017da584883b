import { DatabaseError } from '../../core/sqlite.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { WatchedLife } from '../judgement.ts';
import type { Beat, Signal } from './beat.ts';
import { type BeatRules, type BeatState, FRESH_BEATS, promised, taken } from './promise.ts';

/** The beats of one watch: where they come in, and where the watch looks. */
export interface BeatInbox {
  /**
   * What is to be judged next: a failure that no look has seen, else all that is known, with what is promised brought up to
   * date for a life. Stored when it returns, as far as the disk lets it.
   */
  look(moment: { readonly now: number; readonly life: WatchedLife }, graceMs: number): BeatState;
  /** Stored when it returns; where that cannot be, nothing was taken. */
  take(signal: Signal, moment: { readonly at: number; readonly life: string | null }): Result<Beat, string>;
  rules(): BeatRules;
  /** Goes by other rules from now on. */
  change(rules: BeatRules): void;
  /** Whether something came since the last look. */
  news(): boolean;
  /** Calls for each beat that was taken. There is one listener: the watch that is open. */
  onTaken(listener: (() => void) | undefined): void;
}

/** Where the state of an inbox is kept. Both throw a DatabaseError where the disk is in the way. */
export interface BeatKeeping {
  load(): BeatState | undefined;
  save(state: BeatState): void;
}

/** Failures that wait for a look. */
const MOST_FAILURES = 20;

export function createInbox(rules: BeatRules, keeping: BeatKeeping): BeatInbox {
  let goesBy = rules;
  let state = keeping.load() ?? FRESH_BEATS;
  let isNew = false;
  /** A success that follows at once must not hide them. */
  const failures: BeatState[] = [];
  let listener: (() => void) | undefined;

  return {
    look(moment, graceMs) {
      const failure = nextOf(failures, moment.life);
      isNew = failures.length > 0 || (failure !== undefined && failure !== state);
      if (failure !== undefined) return failure;
      const next = promised(state, moment, graceMs, goesBy);
      if (next === state) return state;
      state = next;
      try {
        keeping.save(state);
      } catch (thrown) {
        // The next beat stores it, too; a daemon that dies before that reckons it anew.
        if (!(thrown instanceof DatabaseError) || !thrown.retry) throw thrown;
      }
      return state;
    },
    take(signal, moment) {
      const next = taken(state, signal, moment, goesBy);
      try {
        keeping.save(next);
      } catch (thrown) {
        if (!(thrown instanceof DatabaseError) || !thrown.retry) throw thrown;
        return err(`cannot store the beat: ${thrown.message}`);
      }
      state = next;
      isNew = true;
      if (signal.word === 'fail' && failures.length < MOST_FAILURES) failures.push(state);
      listener?.();
      return ok(next.last as Beat);
    },
    rules: () => goesBy,
    change(other) {
      goesBy = other;
    },
    news: () => isNew,
    onTaken(other) {
      listener = other;
    },
  };
}

/** Takes the first failure of a life; those of others are no evidence, and go. */
function nextOf(failures: BeatState[], life: WatchedLife): BeatState | undefined {
  let first = failures.shift();
  while (first !== undefined && first.ended?.life !== life.id) first = failures.shift();
  return first;
}
