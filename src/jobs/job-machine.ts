import { beginAgain, endRun } from './job-ends.ts';
import { setOff, tick, waitingFor } from './job-dues.ts';
import {
  type Current,
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
      return beginAgain(state, now, rules, event.goesOn === true);
    case 'tick':
      return tick(state, now, rules);
    case 'chained':
      return setOff(state, event.job, event.on, now, rules);
    case 'asked':
      return ask(state, event, now, rules);
    case 'claim':
      return claim(state, now, rules);
    case 'found':
      return find(state, event.run, now);
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
export function readyToRun(
  state: Pick<JobState, 'current' | 'waiting' | 'pause'>,
  now: number,
  rules: Pick<JobRules, 'opens'>,
): Waiting | undefined {
  const { current, waiting, pause: paused } = state;
  const [first] = waiting;
  if (current !== null || first === undefined || beginsAt(first, now, rules) > now) return undefined;
  return paused !== null && first.cause !== 'person' ? undefined : first;
}

/** When what waits may begin, whatever is in its way. What a person asks for keeps no hours. */
export function beginsAt(
  { cause, notBefore }: Waiting,
  now: number,
  { opens }: Pick<JobRules, 'opens'>,
): number {
  return cause === 'person' ? notBefore : Math.max(notBefore, opens(Math.max(notBefore, now)));
}

/** When something is to happen by itself; undefined where nothing is. What waits for a lock is not woken by time. */
export function wakeAt(state: JobState, now: number, rules: JobRules): number | undefined {
  const { current, waiting, unmet, pause: paused, cursor } = state;
  const [next] = waiting;
  const waits = current === null && paused === null && next !== undefined;
  const first = waits ? beginsAt(next, now, rules) : undefined;
  const late = unmet === null || unmet.told || paused !== null ? undefined : unmet.lateAt;
  const due = rules.schedule === null ? undefined : rules.next(cursor?.settled ?? now);
  const all = [due, late, first !== undefined && first > now ? first : undefined].filter(
    (at) => at !== undefined && Number.isFinite(at),
  );
  return all.length === 0 ? undefined : Math.min(...(all as number[]));
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

function claim(state: JobState, now: number, rules: JobRules): Stepped {
  const first = readyToRun(state, now, rules);
  if (first === undefined) return { state, effects: [] };
  const run = { ...first, run: runId(first), startedAt: now, process: null };
  return {
    state: { ...state, current: run, waiting: state.waiting.slice(1) },
    effects: [{ kind: 'begun', run }],
  };
}

/** One that had not begun yet, as it turns out, waits for the one that has. */
function find(state: JobState, run: Current, now: number): Stepped {
  const { current } = state;
  if (current?.run === run.run) return { state, effects: [] };
  const waiting = current === null ? state.waiting : [asBefore(current, now), ...state.waiting];
  return { state: { ...state, current: run, waiting }, effects: [{ kind: 'begun', run }] };
}

function asBefore(current: Current, now: number): Waiting {
  const { run: _run, startedAt: _startedAt, process: _process, ...asked } = current;
  return { ...asked, notBefore: now };
}

/** What runs goes on; what waits is dropped, but for what people asked for. */
function pause(state: JobState, { who, why }: Extract<JobEvent, { kind: 'pause' }>, now: number): Stepped {
  const kept = state.waiting.filter(({ cause }) => cause === 'person');
  const count = state.waiting.length - kept.length;
  const next = { ...state, pause: { who, why, at: now }, waiting: kept, unmet: null };
  return { state: next, effects: count === 0 ? [] : [{ kind: 'left', count, reason: 'it is paused' }] };
}
