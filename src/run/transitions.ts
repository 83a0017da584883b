import { admit, FRESH_LANES, onExit, onLived, onStart, recoveryMs } from './lanes.ts';
import type { LaneStep } from './lanes.ts';
import type { By, Effect, EventKind, MachineSettings, ServiceEvent, ServiceState } from './service-state.ts';
import { action, blockedRecord, doneRecord, laneRecord } from './wording.ts';

/** How the machine of a service (service-machine.ts) goes from a state to the next: the ways that its table shares. */

export interface Step {
  readonly state: ServiceState;
  readonly effects: readonly Effect[];
}

export interface Context {
  readonly now: number;
  readonly settings: MachineSettings;
}
export type EventOf<K extends EventKind> = Extract<ServiceEvent, { kind: K }>;

const ignore = (state: ServiceState): Step => ({ state, effects: [] });

/** Ends the tree of the present life. */
export function end(state: ServiceState, before: readonly Effect[] = []): Step {
  return { state: { ...state, state: 'stopping' }, effects: [...before, { kind: 'endTree' }] };
}

/** What follows an end that nobody asked for. */
export function again(state: ServiceState): ServiceState {
  return { ...state, then: state.retired ? 'rest' : 'again' };
}

export function startLater(state: ServiceState, event: EventOf<'start'>): Step {
  // Only behind what an earlier runner left: of one's own lives, one that is wanted always has something to follow.
  if (event.by !== 'person' && state.wanted && state.then === 'stay')
    return { state: { ...state, then: 'renew' }, effects: [] };
  if (event.by === 'vahti' || (event.by === 'boot' && state.wanted)) return ignore(state);
  return {
    state: { ...state, wanted: true, then: event.by === 'person' ? 'start' : 'again' },
    effects: [action(event)],
  };
}

export function stopLater(state: ServiceState, event: EventOf<'stop'>): Step {
  if (!state.wanted) return ignore(state);
  return { state: { ...state, wanted: false, then: 'stay' }, effects: [action(event)] };
}

export function restartLater(state: ServiceState, event: EventOf<'restart'>): Step {
  if (event.by !== 'person') return ignore(state);
  return { state: { ...state, wanted: true, then: 'start' }, effects: [action(event)] };
}

export function rest(state: ServiceState): Step {
  const then = state.then === 'stay' || state.then === 'done' ? state.then : 'rest';
  return { state: { ...state, then }, effects: [] };
}

/** The tree is gone: on to what was to follow. */
export function follow(state: ServiceState, context: Context, said: readonly Effect[]): Step {
  const { now, settings } = context;
  const { random = 0.5 } = state.ended ?? {};
  const over: ServiceState = { ...state, ended: null, asked: false, then: 'stay' };
  const ended = { livedMs: healthyMs(state, settings), now, random };
  switch (state.then) {
    case 'stay':
      return { state: { ...over, state: 'stopped' }, effects: said };
    case 'start':
      return spawn(over, 'person', context, said);
    case 'done':
      return { state: { ...over, state: 'done' }, effects: [...said, doneRecord(state.ended?.exit)] };
    case 'again':
      return pace(over, onExit(state.lane, settings, ended), context, said);
    case 'renew':
      return begin(over, { by: 'vahti' }, context, said);
    case 'rest': {
      if (state.asked) return { state: { ...over, state: 'stopped' }, effects: said };
      const { state: lane, delayMs, laneChanged } = onExit(state.lane, settings, ended);
      const dueAt = now + delayMs;
      const effects = laneChanged ? [...said, laneRecord(state.lane, lane, dueAt)] : said;
      return { state: { ...over, state: 'stopped', lane, dueAt }, effects };
    }
  }
}

/** How long a life was healthy, for the lanes: one that was to be ready and never was has failed, however long it lived. */
function healthyMs({ ready, ended }: ServiceState, { mustBeReady }: MachineSettings): number {
  return mustBeReady && !ready ? 0 : (ended?.livedMs ?? 0);
}

/** A start that somebody asked for while nothing runs. */
export function begin(
  state: ServiceState,
  { by, patient }: { readonly by: By; readonly patient?: boolean },
  context: Context,
  said: readonly Effect[] = [],
): Step {
  if (by === 'person') {
    if (!patient || state.waitsFor.length === 0) return spawn(state, by, context, said);
    const lane = state.lane.lane === 'fast' ? [] : [laneRecord(state.lane, FRESH_LANES, null)];
    return launch({ ...state, lane: FRESH_LANES }, by, context, [...said, ...lane]);
  }
  const step = admit(state.lane, context.settings, context.now);
  const left = by === 'vahti' && state.dueAt !== null ? state.dueAt - context.now : 0;
  const delayMs = Math.max(step.delayMs, Math.min(left, context.settings.slowMs));
  return pace(state, { ...step, delayMs }, context, said, by);
}

function pace(
  state: ServiceState,
  step: LaneStep,
  context: Context,
  said: readonly Effect[],
  by: By = 'vahti',
): Step {
  const dueAt = context.now + step.delayMs;
  const effects = step.laneChanged ? [...said, laneRecord(state.lane, step.state, dueAt)] : said;
  const paced: ServiceState = { ...state, wanted: true, lane: step.state };
  if (step.delayMs <= 0) return launch(paced, by, context, effects);
  return {
    state: { ...paced, state: 'waiting', dueAt },
    effects: [...effects, { kind: 'armTimer', delayMs: step.delayMs }],
  };
}

/** It is time for a start; what the service needs may not be there yet. */
export function launch(state: ServiceState, by: By, context: Context, said: readonly Effect[] = []): Step {
  if (state.waitsFor.length === 0) return spawn(state, by, context, said);
  return {
    state: { ...state, state: 'blocked', wanted: true, dueAt: null },
    effects: [...said, blockedRecord(state.waitsFor)],
  };
}

function spawn(state: ServiceState, by: By, context: Context, said: readonly Effect[] = []): Step {
  const { now, settings } = context;
  const lane = onStart(state.lane, now, by === 'person');
  const effects: Effect[] = [...said];
  if (lane.lane !== state.lane.lane) effects.push(laneRecord(state.lane, lane, null));
  effects.push({ kind: 'spawn', by });
  const delayMs = settings.mustBeReady ? undefined : recoveryMs(lane);
  if (delayMs !== undefined) effects.push({ kind: 'armTimer', delayMs });
  return {
    state: {
      ...state,
      state: 'running',
      wanted: true,
      lane,
      dueAt: null,
      then: 'again',
      asked: false,
      ready: false,
      ended: null,
    },
    effects,
  };
}

/**
 * A life that is there already. It counts as every start; one that nobody wants is ended: it came up behind a stop on purpose.
 */
export function appear(
  state: ServiceState,
  { by, known }: EventOf<'appeared'>,
  { now, settings }: Context,
): Step {
  const lane = known ? state.lane : onStart(state.lane, now, by === 'person');
  const fresh = { lane, dueAt: null, ready: false, ended: null } as const;
  if (!state.wanted && by === 'vahti') return end({ ...state, ...fresh, asked: true, then: 'stay' });
  const effects: Effect[] = lane.lane === state.lane.lane ? [] : [laneRecord(state.lane, lane, null)];
  const delayMs = settings.mustBeReady ? undefined : recoveryMs(lane);
  if (delayMs !== undefined) effects.push({ kind: 'armTimer', delayMs });
  const then = state.retired ? 'rest' : 'again';
  return { state: { ...state, ...fresh, state: 'running', wanted: true, asked: false, then }, effects };
}

/** The timer of `running`: it has lived as long as its lane asks. */
export function recover(state: ServiceState): Step {
  const { state: lane, laneChanged } = onLived(state.lane, recoveryMs(state.lane) ?? 0);
  return { state: { ...state, lane }, effects: laneChanged ? [laneRecord(state.lane, lane, null)] : [] };
}

export function saysDone({ exit }: EventOf<'exited'>, settings: MachineSettings): boolean {
  return exit.kind === 'exited' && settings.noRestartOn.includes(exit.code);
}

/** How long between looks whether stuck processes are gone. */
export const STUCK_RETRY_MS = 30_000;
