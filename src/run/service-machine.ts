import { recoveryMs } from './lanes.ts';
import type {
  Effect,
  EventKind,
  MachineSettings,
  ServiceEvent,
  ServiceState,
  StateName,
} from './service-state.ts';
import {
  again,
  appear,
  begin,
  type Context,
  end,
  type EventOf,
  follow,
  recover,
  rest,
  restartLater,
  saysDone,
  startLater,
  type Step,
  stopLater,
  STUCK_RETRY_MS,
  launch,
} from './transitions.ts';
import {
  action,
  exitRecord,
  lateRecord,
  readyRecord,
  renewRecord,
  stuckRecord,
  unstuckRecord,
} from './wording.ts';

export type { Step } from './transitions.ts';

/**
 * A service as a pure state machine: `next(state, event, now, settings) → {state, effects}`.
 *
 * What it keeps: never a second instance (a spawn only from a state in which the last tree is gone), a stop on
 * purpose holds until a person or a boot starts it, `waiting` always has its timer, and only a person's start does
 * not wait for what the service needs.
 */
export function next(state: ServiceState, event: ServiceEvent, now: number, settings: MachineSettings): Step {
  const rule = TABLE[state.state][event.kind] as Rule<ServiceEvent>;
  const step = rule(state, event, { now, settings });
  const entered = step.state.state !== state.state || step.effects.some((effect) => effect.kind === 'spawn');
  return entered ? { ...step, state: { ...step.state, since: now } } : step;
}

type Rule<E extends ServiceEvent> = (state: ServiceState, event: E, context: Context) => Step;
export type Table = Readonly<Record<StateName, { readonly [K in EventKind]: Rule<EventOf<K>> }>>;

const ignore = (state: ServiceState): Step => ({ state, effects: [] });
const noted = (state: ServiceState, { waitsFor }: EventOf<'needs'>): Step => ({
  state: { ...state, waitsFor },
  effects: [],
});
/** Whatever is due stays so, for the next daemon. */
const restNow = (state: ServiceState): Step => ({ state: { ...state, state: 'stopped' }, effects: [] });

/** What is not for a state without a process. */
const NO_LIFE = {
  renew: ignore,
  ready: ignore,
  late: ignore,
  exited: ignore,
  treeGone: ignore,
  stuck: ignore,
  appeared: appear,
  refused: ignore,
};

/** Waits for something; a person does not have to. */
const IDLE = {
  ...NO_LIFE,
  start: (state: ServiceState, event: EventOf<'start'>, context: Context) =>
    event.by === 'person' ? begin(state, event, context, [action(event)]) : ignore(state),
  restart: (state: ServiceState, event: EventOf<'restart'>, context: Context) =>
    event.by === 'person' ? begin(state, event, context, [action(event)]) : ignore(state),
};

const stopNow = (state: ServiceState, event: EventOf<'stop'>): Step => ({
  state: { ...state, state: 'stopped', wanted: false, dueAt: null },
  effects: [action(event)],
});

/** The record of a start says who is behind it, but not that it was Anna, and why. */
function saidBy(event: EventOf<'start'>): Effect[] {
  return event.said === undefined ? [] : [action(event)];
}

/** On the way to the end of a life. */
const ENDING = {
  start: startLater,
  stop: stopLater,
  restart: restartLater,
  renew: ignore,
  needs: noted,
  ready: ignore,
  late: ignore,
  exited: (state: ServiceState, event: EventOf<'exited'>): Step => ({
    state: { ...state, ended: event },
    effects: [],
  }),
  retire: rest,
  shutdown: rest,
  appeared: ignore,
};

export const TABLE: Table = {
  stopped: {
    ...NO_LIFE,
    start: (state, event, context) =>
      event.by === 'vahti' && !state.wanted ? ignore(state) : begin(state, event, context, saidBy(event)),
    stop: (state) => ({ state: { ...state, wanted: false, dueAt: null }, effects: [] }),
    restart: (state, event, context) =>
      event.by === 'vahti' ? ignore(state) : begin(state, event, context, [action(event)]),
    needs: noted,
    timer: ignore,
    retire: ignore,
    shutdown: ignore,
  },
  waiting: {
    ...IDLE,
    stop: stopNow,
    needs: noted,
    timer: (state, _event, context) => launch(state, 'vahti', context),
    retire: restNow,
    shutdown: restNow,
  },
  blocked: {
    ...IDLE,
    stop: stopNow,
    needs: (state, event, context) => {
      const { state: known } = noted(state, event);
      return event.waitsFor.length > 0 ? ignore(known) : begin(known, { by: 'vahti' }, context);
    },
    timer: ignore,
    retire: restNow,
    shutdown: restNow,
  },
  running: {
    start: ignore,
    stop: (state, event) => end({ ...state, wanted: false, asked: true, then: 'stay' }, [action(event)]),
    restart: (state, event) =>
      end({ ...state, asked: true, then: event.by === 'person' ? 'start' : 'again' }, [action(event)]),
    renew: (state, event) => end({ ...state, asked: true, then: 'renew' }, [renewRecord(event)]),
    needs: noted,
    ready: (state, event, { settings }) =>
      state.ready ? ignore(state) : proven({ ...state, ready: true }, event, settings),
    late: (state, event) => (state.ready ? ignore(state) : end(again(state), [lateRecord(event)])),
    exited: (state, event, { settings }) =>
      end({ ...again(state), ended: event, ...(saysDone(event, settings) ? { then: 'done' } : {}) }),
    treeGone: ignore,
    stuck: ignore,
    timer: recover,
    appeared: ignore,
    refused: ignore,
    retire: (state) => ({ state: { ...state, retired: true }, effects: [] }),
    shutdown: (state) => end({ ...state, asked: true, then: 'rest' }),
  },
  stopping: {
    ...ENDING,
    treeGone: (state, { killed }, context) => follow(state, context, exitRecord(state, killed)),
    stuck: (state, { pids }) => ({
      state: { ...state, state: 'stuck', ended: null },
      effects: [...exitRecord(state, true), stuckRecord(pids), { kind: 'armTimer', delayMs: STUCK_RETRY_MS }],
    }),
    timer: ignore,
    refused: (state) =>
      state.ended === null
        ? { state: { ...again(state), state: 'running', wanted: true, asked: false }, effects: [] }
        : ignore(state),
  },
  done: {
    ...NO_LIFE,
    start: (state, event, context) =>
      event.by === 'vahti' ? ignore(state) : begin(state, event, context, saidBy(event)),
    stop: stopNow,
    restart: IDLE.restart,
    needs: noted,
    timer: ignore,
    retire: ignore,
    shutdown: ignore,
  },
  stuck: {
    ...ENDING,
    treeGone: (state, _event, context) =>
      follow(state, context, [...exitRecord(state, true), unstuckRecord()]),
    // One message an outage: looking again says nothing.
    stuck: (state) => ({ state, effects: [{ kind: 'armTimer', delayMs: STUCK_RETRY_MS }] }),
    timer: (state) => ({ state, effects: [{ kind: 'endTree' }] }),
    refused: ignore,
  },
};

/** From here on its health is timed: what came before was its start. */
function proven(state: ServiceState, event: EventOf<'ready'>, settings: MachineSettings): Step {
  const delayMs = settings.mustBeReady ? recoveryMs(state.lane) : undefined;
  const said = [readyRecord(event)];
  return { state, effects: delayMs === undefined ? said : [...said, { kind: 'armTimer', delayMs }] };
}
