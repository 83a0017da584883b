import type { Exit } from '../core/processes.ts';
import type { RecordKind } from '../core/record.ts';
import { FRESH_LANES, type LaneState } from './lanes.ts';

/** What the state machine of a service (service-machine.ts) is made of. */

export type StateName =
  | 'stopped' // nothing runs; nothing is due
  | 'waiting' // nothing runs; the timer starts it
  | 'running' // the main process has been started and has not exited
  | 'stopping' // the tree is being ended, whether it was asked for or the main process exited
  | 'done' // it ended with a code that means: do not start me again
  | 'stuck'; // what even SIGKILL cannot end; nothing new starts

/** `vahti` is whatever the program decides by itself: a watch's ladder, the start of the daemon. */
export type By = 'person' | 'boot' | 'vahti';

export type ServiceEvent =
  | { readonly kind: 'start'; readonly by: By }
  | { readonly kind: 'stop'; readonly by: By }
  | { readonly kind: 'restart'; readonly by: By; readonly reason: string }
  /** The main process is over; `random` (from 0 up to 1) is for the jitter of a wait that may follow. */
  | { readonly kind: 'exited'; readonly exit: Exit; readonly livedMs: number; readonly random: number }
  | { readonly kind: 'treeGone'; readonly killed: boolean }
  | { readonly kind: 'stuck'; readonly pids: readonly number[] }
  | { readonly kind: 'timer' }
  /** The daemon ends: stop, and leave everything so that the next daemon goes on from here. */
  | { readonly kind: 'shutdown' };

export type EventKind = ServiceEvent['kind'];

export interface RecordEffect {
  readonly kind: RecordKind;
  readonly level: number;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export type Effect =
  | { readonly kind: 'spawn'; readonly by: By }
  /** Answered by `treeGone` (after `exited`) or `stuck`. */
  | { readonly kind: 'endTree' }
  /** Replaces the timer. A timer dies with the state that armed it. */
  | { readonly kind: 'armTimer'; readonly delayMs: number }
  | { readonly kind: 'record'; readonly record: RecordEffect };

/** What follows once the tree is gone. */
export type Then = 'stay' | 'start' | 'again' | 'done' | 'rest';

export interface ServiceState {
  readonly state: StateName;
  /** Wall milliseconds, as all times here. */
  readonly since: number;
  /** False after a stop on purpose. */
  readonly wanted: boolean;
  readonly lane: LaneState;
  /** When the timer of `waiting` is due; in `stopped` a wait that a restart of the daemon cut short. */
  readonly dueAt: number | null;
  readonly then: Then;
  /** The end of this life was asked for. */
  readonly asked: boolean;
  /** The main process's exit, until it is recorded. */
  readonly ended: Omit<Extract<ServiceEvent, { kind: 'exited' }>, 'kind'> | null;
}

export function initialState(now: number): ServiceState {
  return {
    state: 'stopped',
    since: now,
    wanted: true,
    lane: FRESH_LANES,
    dueAt: null,
    then: 'stay',
    asked: false,
    ended: null,
  };
}

/** Moves every time in the state after a step of the wall clock, so that waits and tallies stay what they were. */
export function shiftTimes(state: ServiceState, byMs: number): ServiceState {
  return {
    ...state,
    since: state.since + byMs,
    dueAt: state.dueAt === null ? null : state.dueAt + byMs,
    lane: { ...state.lane, starts: state.lane.starts.map((start) => start + byMs) },
  };
}
