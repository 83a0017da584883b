import { admit, onExit, onLived, onStart, recoveryMs } from './lanes.ts';
import type { LaneSettings, LaneStep } from './lanes.ts';
import type { By, Effect, EventKind, ServiceEvent, ServiceState, StateName } from './service-state.ts';
import { action, doneRecord, exitRecord, laneRecord, stuckRecord, unstuckRecord } from './wording.ts';

/**
 * A service as a pure state machine: `next(state, event, now, settings) → {state, effects}`.
 *
 * What it keeps: never a second instance (a spawn only from a state in which the last tree is gone), a stop on
 * purpose holds until a person or a boot starts it, and `waiting` always has its timer.
 */

export interface Step {
  readonly state: ServiceState;
  readonly effects: readonly Effect[];
}

/** How long between looks whether stuck processes are gone. */
const STUCK_RETRY_MS = 30_000;

export function next(state: ServiceState, event: ServiceEvent, now: number, settings: LaneSettings): Step {
  const rule = TABLE[state.state][event.kind] as Rule<ServiceEvent>;
  const step = rule(state, event, { now, settings });
  const entered = step.state.state !== state.state || step.effects.some((effect) => effect.kind === 'spawn');
  return entered ? { ...step, state: { ...step.state, since: now } } : step;
}

interface Context {
  readonly now: number;
  readonly settings: LaneSettings;
}
type EventOf<K extends EventKind> = Extract<ServiceEvent, { kind: K }>;
type Rule<E extends ServiceEvent> = (state: ServiceState, event: E, context: Context) => Step;
export type Table = Readonly<Record<StateName, { readonly [K in EventKind]: Rule<EventOf<K>> }>>;

const ignore = (state: ServiceState): Step => ({ state, effects: [] });

export const TABLE: Table = {
  stopped: {
    start: (state, { by }, context) =>
      by === 'vahti' && !state.wanted ? ignore(state) : begin(state, by, context),
    stop: (state) => ({ state: { ...state, wanted: false, dueAt: null }, effects: [] }),
    restart: (state, event, context) =>
      event.by === 'vahti' ? ignore(state) : begin(state, event.by, context, [action(event)]),
    exited: ignore,
    treeGone: ignore,
    stuck: ignore,
    timer: ignore,
    shutdown: ignore,
  },
  waiting: {
    start: (state, event, context) =>
      event.by === 'person' ? begin(state, 'person', context, [action(event)]) : ignore(state),
    stop: (state, event) => ({
      state: { ...state, state: 'stopped', wanted: false, dueAt: null },
      effects: [action(event)],
    }),
    restart: (state, event, context) =>
      event.by === 'person' ? begin(state, 'person', context, [action(event)]) : ignore(state),
    exited: ignore,
    treeGone: ignore,
    stuck: ignore,
    timer: (state, _event, context) => spawn(state, 'vahti', context),
    // Its due time stays, for the next daemon.
    shutdown: (state) => ({ state: { ...state, state: 'stopped' }, effects: [] }),
  },
  running: {
    start: ignore,
    stop: (state, event) => end({ ...state, wanted: false, asked: true, then: 'stay' }, [action(event)]),
    restart: (state, event) =>
      end({ ...state, asked: true, then: event.by === 'person' ? 'start' : 'again' }, [action(event)]),
    exited: (state, event, { settings }) =>
      end({ ...state, ended: event, then: saysDone(event, settings) ? 'done' : 'again' }),
    treeGone: ignore,
    stuck: ignore,
    timer: recover,
    shutdown: (state) => end({ ...state, asked: true, then: 'rest' }),
  },
  stopping: {
    start: startLater,
    stop: stopLater,
    restart: restartLater,
    exited: (state, event) => ({ state: { ...state, ended: event }, effects: [] }),
    treeGone: (state, { killed }, context) => follow(state, context, exitRecord(state, killed)),
    stuck: (state, { pids }) => ({
      state: { ...state, state: 'stuck', ended: null },
      effects: [...exitRecord(state, true), stuckRecord(pids), { kind: 'armTimer', delayMs: STUCK_RETRY_MS }],
    }),
    timer: ignore,
    shutdown: rest,
  },
  done: {
    start: (state, { by }, context) => (by === 'vahti' ? ignore(state) : begin(state, by, context)),
    stop: (state, event) => ({
      state: { ...state, state: 'stopped', wanted: false },
      effects: [action(event)],
    }),
    restart: (state, event, context) =>
      event.by === 'person' ? begin(state, 'person', context, [action(event)]) : ignore(state),
    exited: ignore,
    treeGone: ignore,
    stuck: ignore,
    timer: ignore,
    shutdown: ignore,
  },
  stuck: {
    start: startLater,
    stop: stopLater,
    restart: restartLater,
    exited: (state, event) => ({ state: { ...state, ended: event }, effects: [] }),
    treeGone: (state, _event, context) =>
      follow(state, context, [...exitRecord(state, true), unstuckRecord()]),
    // One message an outage: looking again says nothing.
    stuck: (state) => ({ state, effects: [{ kind: 'armTimer', delayMs: STUCK_RETRY_MS }] }),
    timer: (state) => ({ state, effects: [{ kind: 'endTree' }] }),
    shutdown: rest,
  },
};

function end(state: ServiceState, before: readonly Effect[] = []): Step {
  return { state: { ...state, state: 'stopping' }, effects: [...before, { kind: 'endTree' }] };
}

function startLater(state: ServiceState, event: EventOf<'start'>): Step {
  if (event.by === 'vahti' || (event.by === 'boot' && state.wanted)) return ignore(state);
  return {
    state: { ...state, wanted: true, then: event.by === 'person' ? 'start' : 'again' },
    effects: [action(event)],
  };
}

function stopLater(state: ServiceState, event: EventOf<'stop'>): Step {
  if (!state.wanted) return ignore(state);
  return { state: { ...state, wanted: false, then: 'stay' }, effects: [action(event)] };
}

function restartLater(state: ServiceState, event: EventOf<'restart'>): Step {
  if (event.by !== 'person') return ignore(state);
  return { state: { ...state, wanted: true, then: 'start' }, effects: [action(event)] };
}

function rest(state: ServiceState): Step {
  const then = state.then === 'start' || state.then === 'again' ? 'rest' : state.then;
  return { state: { ...state, then }, effects: [] };
}

/** The tree is gone: on to what was to follow. */
function follow(state: ServiceState, context: Context, said: readonly Effect[]): Step {
  const { now, settings } = context;
  const { livedMs = 0, random = 0.5 } = state.ended ?? {};
  const over: ServiceState = { ...state, ended: null, asked: false, then: 'stay' };
  switch (state.then) {
    case 'stay':
      return { state: { ...over, state: 'stopped' }, effects: said };
    case 'start':
      return spawn(over, 'person', context, said);
    case 'done':
      return { state: { ...over, state: 'done' }, effects: [...said, doneRecord(state.ended?.exit)] };
    case 'again':
      return pace(over, onExit(state.lane, settings, { livedMs, now, random }), context, said);
    case 'rest': {
      if (state.asked) return { state: { ...over, state: 'stopped' }, effects: said };
      const { state: lane, delayMs } = onExit(state.lane, settings, { livedMs, now, random });
      return { state: { ...over, state: 'stopped', lane, dueAt: now + delayMs }, effects: said };
    }
  }
}

/** A start that somebody asked for while nothing runs. */
function begin(state: ServiceState, by: By, context: Context, said: readonly Effect[] = []): Step {
  if (by === 'person') return spawn(state, by, context, said);
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
  if (step.delayMs <= 0) return spawn(paced, by, context, effects);
  return {
    state: { ...paced, state: 'waiting', dueAt },
    effects: [...effects, { kind: 'armTimer', delayMs: step.delayMs }],
  };
}

function spawn(state: ServiceState, by: By, { now }: Context, said: readonly Effect[] = []): Step {
  const lane = onStart(state.lane, now, by === 'person');
  const effects: Effect[] = [...said];
  if (lane.lane !== state.lane.lane) effects.push(laneRecord(state.lane, lane, null));
  effects.push({ kind: 'spawn', by });
  const delayMs = recoveryMs(lane);
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
      ended: null,
    },
    effects,
  };
}

/** The timer of `running`: it has lived as long as its lane asks. */
function recover(state: ServiceState): Step {
  const { state: lane, laneChanged } = onLived(state.lane, recoveryMs(state.lane) ?? 0);
  return { state: { ...state, lane }, effects: laneChanged ? [laneRecord(state.lane, lane, null)] : [] };
}

function saysDone({ exit }: EventOf<'exited'>, settings: LaneSettings): boolean {
  return exit.kind === 'exited' && settings.noRestartOn.includes(exit.code);
}
