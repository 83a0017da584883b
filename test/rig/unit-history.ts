import type { UnitFacts } from '../../src/core/units.ts';
import type { Happening, ManagerWord } from '../../src/run/systemd/journal-entry.ts';
import { freshCourse, next, stateOf, type UnitEvent } from '../../src/run/systemd/unit-course.ts';
import type { Hearing, UnitCourse } from '../../src/run/systemd/unit-state.ts';
import type { Told } from '../../src/run/systemd/unit-told.ts';

/** Facts of a unit, and words of systemd's about it, for tests of what is made of them. */

export const SINCE = 1_800_000_000_000;

/** A unit that is loaded and does not run, unless it is said otherwise. */
export function facts(part: Partial<UnitFacts> = {}): UnitFacts {
  return {
    name: 'x.service',
    load: 'loaded',
    active: 'inactive',
    sub: 'dead',
    result: 'success',
    since: SINCE,
    invocation: null,
    pid: null,
    startedAt: null,
    activeAt: null,
    exit: null,
    restarts: 0,
    enabled: 'static',
    group: null,
    policy: {
      restart: 'no',
      delayMs: 100,
      startLimit: { burst: 5, intervalMs: 10_000 },
      watchdogMs: null,
      memoryBytes: null,
    },
    ...part,
  };
}

export function running(life: string, pid: number | null = 7, startedAt = SINCE): UnitFacts {
  const now = { active: 'active', sub: 'running', invocation: life, pid } as const;
  return facts({ ...now, startedAt, activeAt: startedAt, since: startedAt });
}

/** @param ms wall milliseconds. */
export function word(
  life: string | null,
  about: Happening,
  ms = SINCE,
  message: string = about.kind,
): ManagerWord {
  return {
    from: 'manager',
    unit: 'x.service',
    invocation: life,
    cursor: `c${ms}`,
    time: ms * 1000,
    message,
    level: 9,
    about,
  };
}

/** A unit that is followed, and all that was told of it. */
export function follow(course: UnitCourse = freshCourse(true, [], '')) {
  const told: Told[] = [];
  const follower = {
    course,
    told,
    take(event: UnitEvent): void {
      const step = next(follower.course, event);
      follower.course = step.course;
      told.push(...step.told);
    },
    see(seen: UnitFacts, now = SINCE, hearing: Hearing = 'live'): void {
      follower.take({ kind: 'observed', facts: seen, hearing, now });
    },
    hear(life: string | null, about: Happening, ms = SINCE, own = false): void {
      follower.take({ kind: 'word', word: word(life, about, ms), own });
    },
    lines: () => told.map(({ kind, message }) => `${kind}: ${message}`),
    state: () => stateOf(follower.course),
  };
  return follower;
}
