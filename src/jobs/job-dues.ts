import { dueNow, MOST_MISSED, PUNCTUAL_MS } from './cursor.ts';
import type { Cause, JobEffect, JobRules, JobState, Stepped, Waiting } from './job-state.ts';

/** How times that come, and other jobs that end, become runs that wait. Pure. */

/** A run that is to begin, with everything that its sort begins with. */
export function waitingFor(cause: Cause, by: string, due: number, now: number, rules: JobRules): Waiting {
  return {
    request: rules.newId(now),
    cause,
    by,
    due,
    notBefore: cause === 'schedule' ? due + rules.jitter(due) : due,
    attempt: 1,
    retriesLeft: rules.retry.times,
    coalesced: 0,
    redone: false,
    set: {},
    dryRun: false,
  };
}

/** Adds a run where none waits; else one that waits stands for it too, it is left out, or it waits in line. */
function enqueue(
  state: JobState,
  cause: 'schedule' | 'after',
  by: string,
  due: number,
  now: number,
  rules: JobRules,
): Stepped {
  const fresh = waitingFor(cause, by, due, now, rules);
  const planned = state.waiting.filter((each) => each.cause !== 'person' || each.attempt > 1);
  const others = state.waiting.filter((each) => !planned.includes(each));
  const add = (): Stepped => ({
    state: withUnmet({ ...state, waiting: [...state.waiting, fresh] }, due, rules),
    effects: [{ kind: 'queued', waiting: fresh }],
  });
  const leave = (reason: string): Stepped => ({
    state: withUnmet(state, due, rules),
    effects: [{ kind: 'left', count: 1, reason }],
  });
  if (rules.missed === 'all') {
    return planned.length < MOST_MISSED ? add() : leave(`${MOST_MISSED} runs wait already`);
  }
  const [before] = planned;
  // What is tried again is given up for what is due now.
  if (before !== undefined && before.attempt > 1 && !before.redone) {
    const waiting = [...others, { ...fresh, coalesced: before.coalesced }];
    const given = giveUp(
      { ...state, waiting },
      'its next run is due before it is tried again',
      before.request,
    );
    const effects: JobEffect[] = [...given.effects, { kind: 'queued', waiting: fresh }];
    return { state: withUnmet(given.state, due, rules), effects };
  }
  const isBusy = state.current !== null || before !== undefined;
  const skips = rules.missed === 'skip' && cause === 'schedule';
  if (isBusy && skips) return leave('the last run is not over');
  if (skips && rules.opens(now) > now) return leave('it is outside of its hours');
  if (before === undefined) return add();
  const merged = {
    ...fresh,
    notBefore: Math.min(before.notBefore, fresh.notBefore),
    coalesced: before.coalesced + 1,
  };
  return { state: withUnmet({ ...state, waiting: [...others, merged] }, due, rules), effects: [] };
}

/** Looks at the clock: what is due now, and what is late. */
export function tick(before: JobState, now: number, rules: JobRules): Stepped {
  const effects: JobEffect[] = [];
  let state = clamped(before, now, rules);
  if (rules.schedule !== null) {
    const due = dueNow(state.cursor ?? undefined, rules.schedule, rules.next, now, rules);
    const { runs, left, cursor } = due;
    if (state.cursor?.schedule !== cursor.schedule || state.cursor.settled !== cursor.settled)
      state = { ...state, cursor };
    if (state.pause === null) {
      if (left > 0) {
        effects.push({ kind: 'left', count: left, reason: leftReason(runs.length, rules) });
        if (runs.length === 0) state = withUnmet(state, cursor.settled, rules);
      }
      for (const at of runs) {
        const added = enqueue(state, 'schedule', '', at, now, rules);
        state = added.state;
        effects.push(...added.effects);
      }
    }
  }
  const late = tellLate(state, now);
  return { state: late.state, effects: [...effects, ...late.effects] };
}

function leftReason(runs: number, { missed }: JobRules): string {
  if (missed === 'skip') return 'what was missed is left out';
  return runs > 0
    ? `one run makes up for ${missed === 'all' ? 'each that is not too old' : 'them'}`
    : 'too old';
}

/** A clock that was put back must not make a run wait for years. */
function clamped(state: JobState, now: number, { retry, jitter }: JobRules): JobState {
  const isFar = (each: Waiting): boolean =>
    each.notBefore > now + retry.everyMs + jitter(each.due) + PUNCTUAL_MS;
  if (!state.waiting.some(isFar)) return state;
  return {
    ...state,
    waiting: state.waiting.map((each) => (isFar(each) ? { ...each, notBefore: now } : each)),
  };
}

/** Another job is over: is this one to run? */
export function setOff(
  state: JobState,
  job: string,
  on: 'ok' | 'failed',
  now: number,
  rules: JobRules,
): Stepped {
  if (!rules.after.some((each) => each.job === job && each.on === on)) return { state, effects: [] };
  if (state.pause !== null)
    return { state, effects: [{ kind: 'left', count: 1, reason: `it is paused, and ${job} is over` }] };
  if (on === 'failed') return enqueue(state, 'after', job, now, now, rules);
  const wanted = rules.after.filter((each) => each.on === 'ok').map((each) => each.job);
  const arrived = wanted.filter((each) => each === job || state.arrived.includes(each));
  if (arrived.length < wanted.length) return { state: { ...state, arrived }, effects: [] };
  return enqueue({ ...state, arrived: [] }, 'after', wanted.join(', '), now, now, rules);
}

/** Whether a run may still begin, by its age. */
export function isFresh({ cause, due }: Waiting, now: number, { missed, maxAgeMs }: JobRules): boolean {
  if (cause === 'person') return true;
  const age = now - due;
  return age <= (missed === 'skip' && cause === 'schedule' ? PUNCTUAL_MS : Math.max(PUNCTUAL_MS, maxAgeMs));
}

/** Notes a due time that has to be met, unless an earlier one has to be met as well. */
export function withUnmet(state: JobState, due: number, rules: JobRules): JobState {
  if (state.unmet !== null) return state;
  const lateAt = rules.lateAt(due);
  return lateAt === undefined ? state : { ...state, unmet: { due, lateAt, told: false } };
}

function tellLate(state: JobState, now: number): Stepped {
  const { unmet, standing, pause } = state;
  if (unmet === null || unmet.told || pause !== null || now < unmet.lateAt) return { state, effects: [] };
  const told = { ...unmet, told: true };
  const minutes = new Date(unmet.due).toISOString().slice(0, 16);
  const reason = `it was due at ${minutes}Z, and has not succeeded since`;
  return {
    state: { ...state, unmet: told, standing: 'late' },
    effects: [{ kind: 'flip', from: standing, to: 'late', reason, run: state.current?.run ?? '' }],
  };
}

/** A request has failed, and is not tried again. */
export function giveUp(state: JobState, reason: string, run: string): Stepped {
  const { standing } = state;
  const flip: readonly JobEffect[] =
    standing === 'failed' ? [] : [{ kind: 'flip', from: standing, to: 'failed', reason, run }];
  return { state: { ...state, standing: 'failed' }, effects: [...flip, { kind: 'chain', on: 'failed' }] };
}
