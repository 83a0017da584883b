import { backoffDelay } from '../core/backoff.ts';
import type { Lane, LaneState } from '../core/runner.ts';

export type { LaneState } from '../core/runner.ts';

/**
 * How restarts are paced. Pure: one throttle per service, which counts every start but a person's. Promise: at most 12 counted
 * starts in any 10 minutes, and no lane is final.
 */

export interface LaneSettings {
  /** So many failures in a row restart at once. */
  readonly fast: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  readonly slowMs: number;
  /** Exit codes that mean: do not start me again. */
  readonly noRestartOn: readonly number[];
}

export const DEFAULT_LANES: LaneSettings = {
  fast: 3,
  backoffMinMs: 1000,
  backoffMaxMs: 60_000,
  slowMs: 900_000,
  noRestartOn: [],
};

export interface LaneStep {
  readonly state: LaneState;
  /** How long to wait before the next start. */
  readonly delayMs: number;
  readonly laneChanged: boolean;
}

/** A life this long was healthy: its successor starts at once. */
export const HEALTHY_MS = 10_000;
/** The sliding window in which starts are counted; a life this long makes everything forgotten. */
export const WINDOW_MS = 600_000;
export const STARTS_IN_WINDOW = 12;
const JITTER = 0.1;

export const FRESH_LANES: LaneState = { lane: 'fast', failures: 0, starts: [] };

/** Notes a start. A person's is not counted, and clears the tally. */
export function onStart(state: LaneState, now: number, byPerson: boolean): LaneState {
  if (byPerson) return FRESH_LANES;
  return { ...state, starts: [...recentStarts(state, now), now].slice(-STARTS_IN_WINDOW) };
}

/** A life has ended: when does the next one start? `livedMs` is monotonic time, `random` is from 0 up to 1. */
export function onExit(
  state: LaneState,
  settings: LaneSettings,
  { livedMs, now, random }: { livedMs: number; now: number; random: number },
): LaneStep {
  const lived = onLived(state, livedMs);
  if (livedMs >= WINDOW_MS) return { ...lived, delayMs: 0 };
  const admitted = admit(state, settings, now);
  if (admitted.state.lane === 'slow') {
    const delayMs = Math.max(admitted.delayMs, settings.slowMs);
    return {
      ...admitted,
      delayMs,
      state: { ...admitted.state, failures: livedMs >= HEALTHY_MS ? 0 : state.failures + 1 },
    };
  }
  if (livedMs >= HEALTHY_MS) return { ...lived, delayMs: 0 };
  const failures = state.failures + 1;
  const lane: Lane = failures <= settings.fast ? 'fast' : 'backoff';
  const delayMs = lane === 'fast' ? 0 : backoff(settings, failures - settings.fast - 1, random);
  return { state: { ...admitted.state, lane, failures }, delayMs, laneChanged: lane !== state.lane };
}

/** A life still runs: once it is healthy it leaves the backoff lane, after a whole window the slow one. */
export function onLived(state: LaneState, livedMs: number): Omit<LaneStep, 'delayMs'> {
  if (livedMs >= WINDOW_MS) return { state: FRESH_LANES, laneChanged: state.lane !== 'fast' };
  if (livedMs < HEALTHY_MS || state.lane === 'slow') return { state, laneChanged: false };
  return { state: { ...state, lane: 'fast', failures: 0 }, laneChanged: state.lane !== 'fast' };
}

/** How long a life has to be before onLived changes the lane; undefined in the fast lane. */
export function recoveryMs(state: LaneState): number | undefined {
  if (state.lane === 'fast') return undefined;
  return state.lane === 'slow' ? WINDOW_MS : HEALTHY_MS;
}

/** Whether a start that no exit preceded (the daemon's own, after a restart) may be now, by the tally alone. */
export function admit(state: LaneState, settings: LaneSettings, now: number): LaneStep {
  const starts = recentStarts(state, now);
  const oldest = starts[0];
  if (starts.length < STARTS_IN_WINDOW || oldest === undefined) {
    return { state: { ...state, starts }, delayMs: 0, laneChanged: false };
  }
  // A slow lane that was set quicker than the window still has to wait until there is room in it.
  const delayMs = Math.max(settings.slowMs, oldest + WINDOW_MS - now + 1);
  return { state: { ...state, lane: 'slow', starts }, delayMs, laneChanged: state.lane !== 'slow' };
}

/** Times from the future (the clock stepped back) count as now: rather too slow than too fast. */
function recentStarts(state: LaneState, now: number): readonly number[] {
  return state.starts.map((start) => Math.min(start, now)).filter((start) => now - start <= WINDOW_MS);
}

function backoff(settings: LaneSettings, attempt: number, random: number): number {
  const { backoffMinMs: minMs, backoffMaxMs: maxMs } = settings;
  return backoffDelay({ minMs, maxMs, attempt, jitter: JITTER, random: () => random });
}
