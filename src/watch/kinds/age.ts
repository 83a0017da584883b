import type { Judgement } from '../judgement.ts';
import { late, ok, span, unknown } from './judgement.ts';

/** A clock that is ahead by more than this is wrong: what carries its time proves nothing. */
export const CLOCK_TOLERANCE_MS = 60_000;

export interface AgeEvidence {
  /** Wall milliseconds. */
  readonly now: number;
  /** When the life began, wall milliseconds. */
  readonly startedAt: number;
  /** When the sign was last given, wall milliseconds, by whichever life; undefined where there is none. */
  readonly at: number | undefined;
  /** How old it may be, milliseconds. */
  readonly withinMs: number;
  /** What gives the sign: `raw/12.ndjson`. */
  readonly subject: string;
  /** What it did: `was written`. */
  readonly did: string;
  /** What is said where there is no sign: `there is no file raw/*.ndjson`. */
  readonly none: string;
}

/**
 * Whether a sign of this life is young enough. What an earlier life did proves nothing: until this one gives a sign it is
 * unknown, and late once `withinMs` has passed since its start.
 */
export function judgeAge(evidence: AgeEvidence): Judgement {
  const { now, startedAt, at, withinMs, subject, did, none } = evidence;
  const limit = `${span(withinMs)} at most`;
  const future = at !== undefined && at > now + CLOCK_TOLERANCE_MS;
  if (at !== undefined && at >= startedAt && !future) {
    const age = Math.max(0, now - at);
    const value = `${span(age)} old`;
    return age > withinMs
      ? late(value, `${subject} ${did} ${span(age)} ago, ${limit}`)
      : ok(value, `${subject} ${did} ${span(age)} ago`);
  }
  const waited = now - startedAt;
  const found = future
    ? `${subject} has a time ${span(at - now)} ahead of the clock`
    : at === undefined
      ? none
      : `${subject} ${did} last before this life began`;
  return waited > withinMs
    ? late(
        at === undefined ? null : `${span(Math.max(0, now - at))} old`,
        `${found}, ${span(waited)} after its start, ${limit}`,
      )
    : unknown(`${found}; it has ${span(withinMs)} for it, ${span(waited)} are over`);
}
