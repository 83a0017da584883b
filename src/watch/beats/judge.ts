import type { Judgement, WatchedLife } from '../judgement.ts';
import { span } from '../kinds/judgement.ts';
import type { Beat } from './beat.ts';
import { type BeatRules, type BeatState, type Deadline, deadlineOf } from './promise.ts';

/** Of a message so much is shown; the whole of it is kept with the evidence. */
const SHOWN_CHARACTERS = 200;

/**
 * Judges the beats of a life: bad from a failure on until the next success, and when something that was due has not come
 * within its grace. Before that nothing is decided: a look at a life that has not beaten yet, or is a little late, says nothing.
 */
export function judgeBeats(
  state: BeatState,
  { now, life }: { readonly now: number; readonly life: WatchedLife },
  graceMs: number,
  rules: BeatRules,
): Judgement {
  const ended = state.ended?.life === life.id ? state.ended : null;
  if (ended?.word === 'fail') return { ...seen(ended), verdict: 'bad', reason: howItEnded(ended) };
  const deadline = deadlineOf(state, life, graceMs, rules);
  const due = { at: deadline.at, badAt: deadline.badAt };
  const last = state.last?.life === life.id ? state.last : null;
  const found = { ...seen(last), due };
  if (now >= due.badAt) {
    const nor = time(due.badAt) === time(due.at) ? '' : `, nor by ${time(due.badAt)}`;
    return { ...found, verdict: 'bad', reason: `${missing(deadline)}${nor}` };
  }
  if (now >= due.at) {
    const reason = `${missing(deadline)}; it is bad from ${time(due.badAt)} on`;
    return { ...found, verdict: 'late', reason, undecided: true };
  }
  if (ended !== null)
    return { ...found, verdict: 'ok', reason: `${howItEnded(ended)}; ${waitsFor(deadline)}` };
  const none = last === null ? 'no beat' : 'no success';
  const reason = `${none} of this life yet; ${waitsFor(deadline)}`;
  return { ...found, verdict: 'unknown', reason, undecided: true };
}

/** `2026-11-22T12:00:00Z`; to the second. */
function time(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

function named({ rid }: { readonly rid: string }): string {
  return rid === '' ? 'the run' : `the run ${rid}`;
}

function missing({ at, run }: Deadline): string {
  if (run === undefined) return `no beat came by ${time(at)}, when it was due`;
  return `${named(run)} that began at ${time(run.startedAt)} has not ended by ${time(at)}`;
}

function waitsFor({ at, run }: Deadline): string {
  return run === undefined ? `the next is due by ${time(at)}` : `${named(run)} has to end by ${time(at)}`;
}

/** What a beat says, in a line and whole; without a message when it came. */
function seen(beat: Beat | null): Pick<Judgement, 'value' | 'detail'> {
  if (beat === null) return { value: null };
  const line = firstLine(beat.message);
  if (line === '') return { value: time(beat.at) };
  return line === beat.message ? { value: line } : { value: line, detail: beat.message };
}

function firstLine(message: string): string {
  const line = message.trim().split(/\r?\n/, 1)[0] ?? '';
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}

function howItEnded({ word, code, ms, at, message }: Beat): string {
  const took = ms === null ? '' : ` after ${span(ms)}`;
  if (word === 'success') return `it beat at ${time(at)}${took}`;
  const how = code === null ? 'it failed' : `it exited with ${code}`;
  const line = firstLine(message);
  return `${how} at ${time(at)}${took}${line === '' ? '' : `: ${line}`}`;
}
