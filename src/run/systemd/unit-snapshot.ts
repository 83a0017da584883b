import type { ServiceSnapshot } from '../../core/runner.ts';
import { STARTS_IN_WINDOW, WINDOW_MS } from '../lanes.ts';
import { stateOf } from './unit-course.ts';
import type { UnitCourse } from './unit-state.ts';
import { unitTrouble } from './unit-trouble.ts';

/** What is shown of a unit beside what its course says. */
export interface Surroundings extends Pick<ServiceSnapshot, 'name' | 'waitsFor' | 'logPath'> {
  readonly unit: string;
  /** Why systemd cannot be asked now. */
  readonly trouble: string | null;
  /** When it came into its state, where systemd does not say; wall milliseconds, as `now`. */
  readonly seenAt: number;
  readonly now: number;
}

/** A unit as every service is shown. */
export function snapshotOf(course: UnitCourse, around: Surroundings): ServiceSnapshot {
  const { facts, present, lives } = course;
  const { unit, trouble, seenAt, now, ...known } = around;
  const state = stateOf(course);
  const runs = state === 'running';
  const startedAt = lives.find(({ id }) => id === present)?.startedAt ?? null;
  const starts = lives.filter((life) => life.startedAt !== null && now - life.startedAt / 1000 <= WINDOW_MS);
  const since = facts?.since ?? seenAt;
  const ready = runs ? facts?.active !== 'activating' : null;
  return {
    ...known,
    state,
    since,
    wanted: course.wanted,
    life: present,
    pid: runs ? (facts?.pid ?? null) : null,
    startedAt: startedAt === null ? null : Math.floor(startedAt / 1000),
    ready,
    readyAt: ready === true ? (facts?.activeAt ?? null) : null,
    // Its restarts are paced by systemd.
    lane: 'fast',
    failures: 0,
    startsInWindow: Math.min(starts.length, STARTS_IN_WINDOW),
    nextStartAt: state === 'waiting' ? since + (facts?.policy.delayMs ?? 0) : null,
    lastExit: course.lastExit,
    memory: null,
    unit: { name: unit, facts: facts ?? null, failure: unitTrouble(course)?.message ?? null, trouble },
  };
}
