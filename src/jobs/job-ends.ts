import { giveUp, isFresh, withUnmet } from './job-dues.ts';
import {
  CUT_SHORT,
  type Current,
  type JobEffect,
  type JobRules,
  type JobState,
  type RunEnd,
  type Stepped,
  type Waiting,
} from './job-state.ts';

/** What comes after a run: the next try, the jobs that follow, how the job stands. Pure. */

export function endRun(before: JobState, end: RunEnd, now: number, rules: JobRules): Stepped {
  const { current: run } = before;
  if (run === null) return { state: before, effects: [] };
  const state: JobState = { ...before, current: null };
  if (run.dryRun) return { state, effects: [over(run, end, null)] };
  switch (end.outcome) {
    case 'ok':
    case 'partly':
      return succeed(state, run, end, rules);
    case 'skipped':
    case 'cancelled': {
      const next = end.again === true ? nextTry(state, run, end, now, rules) : undefined;
      const waiting = next === undefined ? state.waiting : [next, ...state.waiting];
      return { state: { ...state, waiting }, effects: [over(run, end, next ?? null)] };
    }
    case 'failed':
    case 'timeout':
    case 'interrupted': {
      const next = nextTry(state, run, end, now, rules);
      if (next !== undefined)
        return { state: { ...state, waiting: [next, ...state.waiting] }, effects: [over(run, end, next)] };
      // Whatever waits does what was cut short.
      if (end.outcome === 'interrupted' && isFollowed(state, rules))
        return { state, effects: [over(run, end, null)] };
      const given = giveUp(state, end.summary, run.run);
      return { state: given.state, effects: [over(run, end, null), ...given.effects] };
    }
  }
}

function over(run: Current, end: RunEnd, next: Waiting | null): JobEffect {
  return { kind: 'over', run, end, final: next === null, nextAt: next?.notBefore ?? null };
}

/** The next try of a run that failed; undefined where there is none, or where another run waits that does the same. */
function nextTry(
  state: JobState,
  run: Current,
  { outcome }: RunEnd,
  now: number,
  rules: JobRules,
): Waiting | undefined {
  if (state.pause !== null && run.cause !== 'person') return undefined;
  const { run: _run, startedAt: _startedAt, process: _process, ...asked } = run;
  const followed = isFollowed(state, rules);
  const again = { ...asked, attempt: run.attempt + 1 };
  if (outcome === 'interrupted') {
    // Nothing was wrong with the run itself: it is made up for at once, and once.
    if (
      run.redone ||
      followed ||
      run.cause === 'person' ||
      rules.missed === 'skip' ||
      !isFresh(run, now, rules)
    )
      return run.retriesLeft > 0 && !followed
        ? { ...again, notBefore: now, retriesLeft: run.retriesLeft - 1 }
        : undefined;
    return { ...again, notBefore: now, redone: true };
  }
  if (run.retriesLeft === 0 || followed) return undefined;
  return { ...again, notBefore: now + rules.retry.everyMs, retriesLeft: run.retriesLeft - 1 };
}

/** Whether another run waits that does the same. */
function isFollowed({ waiting }: JobState, { missed }: JobRules): boolean {
  return waiting.length > 0 && missed !== 'all';
}

function succeed(state: JobState, run: Current, end: RunEnd, rules: JobRules): Stepped {
  const { standing, unmet } = state;
  const effects: JobEffect[] = [over(run, end, null)];
  if (standing !== 'ok')
    effects.push({ kind: 'flip', from: standing, to: 'ok', reason: end.summary, run: run.run });
  effects.push({ kind: 'chain', on: 'ok' });
  const isMet = unmet !== null && unmet.due <= Math.max(run.due, run.startedAt);
  const met: JobState = { ...state, standing: 'ok', ...(isMet ? { unmet: null } : {}) };
  const open = met.waiting.find(({ cause }) => cause !== 'person');
  return { state: open === undefined ? met : withUnmet(met, open.due, rules), effects };
}

/** A daemon begins: what ran was cut short unless it goes on, and what waits may be too old by now. */
export function beginAgain(before: JobState, now: number, rules: JobRules, goesOn: boolean): Stepped {
  const fresh = before.waiting.filter((each) => isFresh(each, now, rules));
  const count = before.waiting.length - fresh.length;
  const effects: JobEffect[] = count === 0 ? [] : [{ kind: 'left', count, reason: 'too old by now' }];
  const state: JobState = count === 0 ? before : { ...before, waiting: fresh };
  if (state.current === null || goesOn) return { state, effects };
  const ended = endRun(state, CUT_SHORT, now, rules);
  return { state: ended.state, effects: [...effects, ...ended.effects] };
}
