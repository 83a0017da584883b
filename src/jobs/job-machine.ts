import { beginAgain, endRun } from './job-ends.ts';
import { setOff, tick, waitingFor } from './job-dues.ts';
import {
  type JobEvent,
  type JobRules,
  type JobState,
  runId,
  type Stepped,
  type Waiting,
} from './job-state.ts';

/**
 * A job as a state machine. Pure: `step` answers with what is to be stored, and with what is to be said and done once it is
 * stored. One run at a time: `claim` is refused while there is one.
 */
export function step(state: JobState, event: JobEvent, now: number, rules: JobRules): Stepped {
  switch (event.kind) {
    case 'begin':
      return beginAgain(state, now, rules);
    case 'tick':
      return tick(state, now, rules);
    case 'chained':
      return setOff(state, event.job, event.on, now, rules);
    case 'asked':
      return ask(state, event, now, rules);
    case 'claim':
      return claim(state, now);
    case 'spawned':
      if (state.current === null) return { state, effects: [] };
      return { state: { ...state, current: { ...state.current, process: event.process } }, effects: [] };
    case 'ended':
      return endRun(state, event.end, now, rules);
    case 'pause':
      return pause(state, event, now);
    case 'resume':
      return { state: { ...state, pause: null }, effects: [] };
  }
}

/** The run that begins next, as soon as its locks are free; undefined where none is to begin now. */
export function readyToRun({ current, waiting, pause: paused }: JobState, now: number): Waiting | undefined {
  const [first] = waiting;
  if (current !== null || first === undefined || first.notBefore > now) return undefined;
  return paused !== null && first.cause !== 'person' ? undefined : first;
}

/** When something is to happen by itself; undefined where nothing is. What waits for a lock is not woken by time. */
export function wakeAt(state: JobState, now: number, rules: JobRules): number | undefined {
  const { current, waiting, unmet, pause: paused, cursor } = state;
  const first = current === null && paused === null ? waiting[0]?.notBefore : undefined;
  const late = unmet === null || unmet.told || paused !== null ? undefined : unmet.lateAt;
  const next = rules.schedule === null ? undefined : rules.next(cursor?.settled ?? now);
  const all = [next, late, first !== undefined && first > now ? first : undefined].filter(
    (at) => at !== undefined,
  );
  return all.length === 0 ? undefined : Math.min(...all);
}

function ask(
  state: JobState,
  { who, set, dryRun }: Extract<JobEvent, { kind: 'asked' }>,
  now: number,
  rules: JobRules,
): Stepped {
  const refuse = (reason: string): Stepped => ({ state, effects: [{ kind: 'refused', reason }] });
  if (state.current !== null) return refuse(`it runs already (run ${state.current.run})`);
  if (state.waiting.some(({ cause }) => cause === 'person'))
    return refuse('a run that a person asked for waits already');
  const asked: Waiting = {
    ...waitingFor('person', who, now, now, rules),
    set,
    dryRun,
    // Who tries it out wants to see what comes of it.
    ...(dryRun ? { retriesLeft: 0 } : {}),
  };
  // A retry that is waited for is what the person asks for now.
  const others = dryRun ? state.waiting : state.waiting.filter(({ attempt }) => attempt === 1);
  return { state: { ...state, waiting: [asked, ...others] }, effects: [{ kind: 'queued', waiting: asked }] };
}

function claim(state: JobState, now: number): Stepped {
  const first = readyToRun(state, now);
  if (first === undefined) return { state, effects: [] };
  const run = { ...first, run: runId(first), startedAt: now, process: null };
  return {
    state: { ...state, current: run, waiting: state.waiting.slice(1) },
    effects: [{ kind: 'begun', run }],
  };
}

/** What runs goes on; what waits is dropped, but for what people asked for. */
function pause(state: JobState, { who, why }: Extract<JobEvent, { kind: 'pause' }>, now: number): Stepped {
  const kept = state.waiting.filter(({ cause }) => cause === 'person');
  const count = state.waiting.length - kept.length;
  const next = { ...state, pause: { who, why, at: now }, waiting: kept, unmet: null };
  return { state: next, effects: count === 0 ? [] : [{ kind: 'left', count, reason: 'it is paused' }] };
}
