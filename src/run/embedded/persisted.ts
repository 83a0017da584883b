import type { PersistedService, ServiceSnapshot, StateName } from '../../core/runner.ts';
import { FRESH_LANES, WINDOW_MS } from '../lanes.ts';
import { initialState, type ServiceState } from '../service-state.ts';
import type { Life } from './life.ts';

/** A service's state as others see it: what outlives the daemon, and what is shown. */

/** Whether processes of a life may be alive. */
export function hasTree(state: StateName): boolean {
  return state === 'running' || state === 'stopping' || state === 'stuck';
}

export function toPersist(machine: ServiceState, life: Pick<Life, 'recorded'> | undefined): PersistedService {
  const { wanted, lane, dueAt, state, then } = machine;
  const done = state === 'done' || (hasTree(state) && then === 'done');
  const process = hasTree(state) ? (life?.recorded ?? null) : null;
  return { wanted, done, lane, dueAt, process };
}

export function restore(restored: PersistedService | undefined, now: number): ServiceState {
  const fresh = initialState(now);
  if (restored === undefined) return fresh;
  const { wanted, done, lane, dueAt } = restored;
  return { ...fresh, state: done ? 'done' : 'stopped', wanted, lane: lane ?? FRESH_LANES, dueAt };
}

type FromMachine =
  | 'state'
  | 'since'
  | 'wanted'
  | 'life'
  | 'pid'
  | 'startedAt'
  | 'waitsFor'
  | 'lane'
  | 'failures'
  | 'startsInWindow'
  | 'nextStartAt';

/** The part of a snapshot that machine and life know. */
export function describe(
  { state, since, wanted, waitsFor, lane, dueAt }: ServiceState,
  life: Pick<Life, 'id' | 'pid' | 'startedAt'> | undefined,
  now: number,
): Pick<ServiceSnapshot, FromMachine> {
  return {
    state,
    since,
    wanted,
    life: life?.id ?? null,
    pid: life?.pid ?? null,
    startedAt: life?.startedAt ?? null,
    waitsFor,
    lane: lane.lane,
    failures: lane.failures,
    startsInWindow: lane.starts.filter((start) => now - start <= WINDOW_MS).length,
    nextStartAt: state === 'waiting' ? dueAt : null,
  };
}
