import type { Log } from '../core/log.ts';
import { createOpening, type Opening } from '../core/hours.ts';
import { type Course, type LifeSeen, lifeSeen, type WatchSettings } from './course.ts';
import type { Watcher } from './kind.ts';
import { lookOnce } from './look-once.ts';
import type { LookSink } from './looks/keeper.ts';
import { lookToKeep } from './looks/keeping.ts';
import { lookAtRate, type Pace } from './pace.ts';
import { createPast } from './past.ts';
import type { Slots } from './slots.ts';
import { type Shared, take } from './taking.ts';
import type { WatchedService } from './watched-service.ts';

/** One watch, open. */
export interface OpenWatch {
  readonly settings: WatchSettings;
  readonly watcher: Watcher;
  /** What it is about: state that was kept of another one under its name is not its own. */
  readonly fingerprint: string;
  /** How many of its sort may look at the same time. */
  readonly slots?: Slots;
  /** Takes what it sees, for the history that can be replayed. */
  readonly history?: LookSink;
}

/** A watch that looks. */
export interface Running extends OpenWatch {
  readonly opening: Opening;
  readonly course: Course;
  readonly pace: Pace;
}

/** What watches that look need beside what they share. */
export interface LookingDeps {
  readonly log: Log;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** Called after each look that was taken into account. */
  readonly looked?: () => void;
  /** The life that runs, which for a watch began no sooner than so, wall milliseconds. */
  readonly lifeSince: (notBefore: number) => LifeSeen | undefined;
}

/** The life that runs, as watches see it: what it did not do before all that its service needs was well is no reproach. */
export function followLives({ service, holding, clock }: Shared): LookingDeps['lifeSince'] {
  const past = createPast();
  return (notBefore) => {
    const now = clock.now();
    const wellSince = past(holding.wellSince(), now);
    return lifeToWatch(service, Math.max(notBefore, wellSince), (at) => past(at, now));
  };
}

/** The life that a watch looks at now; undefined outside of its hours too. */
export function lifeNow(
  opening: Opening,
  now: number,
  lifeSince: LookingDeps['lifeSince'],
): LifeSeen | undefined {
  const began = opening.begin(now);
  return began === undefined ? undefined : lifeSince(began);
}

/** Lets a watch look at its pace; what it finds is taken into account, as long as it is of the life that runs. */
export function beginLooking(watch: OpenWatch, course: Course, shared: Shared, deps: LookingDeps): Running {
  const { service, clock, holding, signal: over } = shared;
  const { lifeSince, looked } = deps;
  const { watcher, settings, history } = watch;
  const opening = createOpening(settings.hours);
  const wish = (): number | undefined => {
    const life = lifeNow(opening, clock.now(), lifeSince);
    return life === undefined ? whenOpen(opening, clock.now()) : watcher.dueAt?.(life);
  };
  const wanted = watcher.dueAt === undefined ? {} : { wanted: wish };
  const pace = lookAtRate(settings, { clock, ...deps, ...watch, ...wanted }, async (signal) => {
    const life = lifeNow(opening, clock.now(), lifeSince);
    if (life === undefined) return;
    const { judgement, settled, seen } = lookOnce(watch, life, signal, { clock, ...deps });
    const found = await judgement;
    // What was seen of a life that is over by now says nothing of the next one.
    const present = lifeSince(life.from);
    if (!over.aborted && present?.id === life.id) {
      const kept = history && lookToKeep(settings.name, seen(), found, service, holding);
      take({ settings, course }, found, present, shared);
      if (kept !== undefined) history?.add({ ...kept, at: course.lookedAt ?? kept.now });
      looked?.();
    }
    await settled;
  });
  watcher.onNews?.(pace.again);
  return { ...watch, course, pace, opening };
}

/** When hours that are still to come begin, wall milliseconds; undefined within them. */
function whenOpen(opening: Opening, now: number): number | undefined {
  return opening.begin(now) === undefined ? opening.next(now) : undefined;
}

/** The life that there is something to see of: one that runs, and is ready where it has a way to say so. @param notBefore see lifeSeen. */
function lifeToWatch(
  service: WatchedService,
  notBefore: number,
  past: (at: number) => number,
): LifeSeen | undefined {
  const { state, life, pid, startedAt, ready, readyAt } = service.snapshot();
  if (state !== 'running' || life === null || pid === null || startedAt === null || ready === false)
    return undefined;
  const readyOrStartedAt = past(readyAt ?? startedAt);
  return lifeSeen({ id: life, pid, startedAt: past(startedAt), readyAt: readyOrStartedAt }, notBefore);
}
