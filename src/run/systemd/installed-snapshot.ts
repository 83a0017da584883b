import type { ServiceSnapshot } from '../../core/runner.ts';
import { describe } from '../embedded/persisted.ts';
import type { ServiceState } from '../service-state.ts';
import { sightOf } from './due-verb.ts';
import type { UnitCourse } from './unit-state.ts';

/** What is shown of a service that systemd runs, beside its own state and what its unit's course says. */
export interface InstalledSurroundings
  extends Pick<ServiceSnapshot, 'name' | 'ready' | 'readyAt' | 'logPath' | 'memory'> {
  readonly unit: string;
  /** The life that counts; null where there is none, or where the next one has not been seen. */
  readonly life: string | null;
  /** Why nothing is known of it now. */
  readonly trouble: string | null;
  readonly now: number;
}

/** That there is no unit for a service, in a sentence; null where there is one that can be used. */
export function unitProblem({ facts }: UnitCourse, unit: string): string | null {
  if (facts === undefined || sightOf(facts) !== 'unusable') return null;
  if (facts.load === 'not-found') return `there is no unit ${unit}: run vahti install`;
  return `${unit} cannot be used (${facts.load}): systemctl status ${unit} says why`;
}

/** As an embedded one is shown: the same states, the same words. */
export function installedSnapshot(
  machine: ServiceState,
  course: UnitCourse,
  around: InstalledSurroundings,
): ServiceSnapshot {
  const { unit, life, trouble, now, ...known } = around;
  const { facts } = course;
  const startedAt = course.lives.find(({ id }) => id === life)?.startedAt ?? null;
  const started = startedAt === null ? null : Math.floor(startedAt / 1000);
  const pid = facts !== undefined && facts.invocation === life ? facts.pid : null;
  const present = life === null ? undefined : { id: life, pid: pid ?? undefined, startedAt: started ?? now };
  const problem = unitProblem(course, unit);
  const shown = describe(machine, present, now);
  return {
    ...known,
    ...shown,
    ...whereItIs(machine, course, life, problem),
    // Who begins as adopted runs since then, not since the daemon began.
    ...(shown.state === 'running' && started !== null ? { since: started } : {}),
    ready: life === null && known.ready !== null ? false : known.ready,
    lastExit: course.lastExit,
    runBy: { unit, group: facts?.group ?? null, trouble: problem ?? trouble },
  };
}

/** Where systemd is ahead of what was told of it. */
function whereItIs(
  machine: ServiceState,
  { facts }: UnitCourse,
  life: string | null,
  problem: string | null,
): Partial<Pick<ServiceSnapshot, 'state' | 'since' | 'nextStartAt'>> {
  if (facts === undefined) return {};
  const since = facts.since ?? machine.since;
  if (problem !== null && machine.state !== 'stuck') return { state: 'failed', since, nextStartAt: null };
  if (machine.state !== 'running') return {};
  const sight = sightOf(facts);
  if (sight === 'ends') return { state: 'stopping', since };
  if (life !== null) return {};
  const nextStartAt = sight === 'restarts' ? since + (facts.policy.delayMs ?? 0) : null;
  return { state: 'waiting', nextStartAt };
}
