import type { Exit } from '../core/processes.ts';
import type { RecordKind } from '../core/record.ts';
import type { By, Said, StateName as AnyState } from '../core/runner.ts';
import { FRESH_LANES, type LaneSettings, type LaneState } from './lanes.ts';

/** What the state machine of a service (service-machine.ts) is made of. */

export type { By } from '../core/runner.ts';
/** Who runs its services by itself never gives up. */
export type StateName = Exclude<AnyState, 'failed'>;

export type ServiceEvent =
  /** A person's start is at once, whatever it needs; a `patient` one (a reload) waits for that. */
  | { readonly kind: 'start'; readonly by: By; readonly patient?: boolean; readonly said?: Said | undefined }
  | { readonly kind: 'stop'; readonly by: By; readonly said?: Said | undefined }
  /** `who` it is said to be by, where that is more exact than `by`; `fields` are kept with the record of it. */
  | {
      readonly kind: 'restart';
      readonly by: By;
      readonly reason: string;
      readonly who?: string;
      readonly fields?: Readonly<Record<string, unknown>>;
    }
  /** What it needs has a new life, so a running life is ended for another one: a start that counts, no failure. */
  | { readonly kind: 'renew'; readonly reason: string }
  /** What of its needs is not there, in words; empty when everything is. */
  | { readonly kind: 'needs'; readonly waitsFor: readonly string[] }
  /** The present life does its work; `sign` says how that was seen. */
  | { readonly kind: 'ready'; readonly afterMs: number; readonly sign: string }
  /** The present life should have been ready by now; `missing` says what was seen instead. */
  | { readonly kind: 'late'; readonly withinMs: number; readonly missing: string }
  /** The main process is over; `random` (from 0 up to 1) is for the jitter of a wait that may follow. `told`: how it ended is on the time line already. */
  | {
      readonly kind: 'exited';
      readonly exit: Exit;
      readonly livedMs: number;
      readonly random: number;
      readonly told?: boolean;
    }
  | { readonly kind: 'treeGone'; readonly killed: boolean }
  | { readonly kind: 'stuck'; readonly pids: readonly number[] }
  | { readonly kind: 'timer' }
  /**
   * There is a life that nobody here began: where somebody else starts the service too, systemd say. `by: vahti` is a restart that
   * nobody asked for; `known`: it is the one that an earlier daemon had begun.
   */
  | { readonly kind: 'appeared'; readonly by: By; readonly known: boolean }
  /** The present life was to be ended, and whoever has to do it did not: it goes on. */
  | { readonly kind: 'refused' }
  /** The daemon is about to end: what runs goes on for now, nothing starts any more. */
  | { readonly kind: 'retire' }
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
export type Then = 'stay' | 'start' | 'again' | 'renew' | 'done' | 'rest';

export interface MachineSettings extends LaneSettings {
  /** A life has a deadline to be ready by; until it is, it is not healthy, however long it lives. Default false. */
  readonly mustBeReady?: boolean;
}

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
  /** The present life does its work: what it was to say or to answer was seen. */
  readonly ready: boolean;
  /** What it needs and is not there, in words: `db ready`. */
  readonly waitsFor: readonly string[];
  /** No life follows the present one. */
  readonly retired: boolean;
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
    ready: false,
    waitsFor: [],
    retired: false,
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
