import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordDraft } from '../core/record.ts';
import { type PersistedWatches, restoreCourse, toPersist } from './kept-watches.ts';
import { current, FRESH_BUDGET, LADDER_LIMITS, type LadderLimits } from './ladder.ts';
import { beginLooking, followLives, lifeNow, type OpenWatch, type Running } from './looking.ts';
import { createRestarts } from './restarts.ts';
import { FREE, type Holding, type Shared } from './taking.ts';
import { type Trouble, troubleOf } from './trouble.ts';
import { figuresOf, type WatchFigures } from './watch-figures.ts';
import type { WatchedService } from './watched-service.ts';

export type { PersistedWatches } from './kept-watches.ts';
export type { OpenWatch } from './looking.ts';

export interface WatchingDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly restored: PersistedWatches | undefined;
  /** Durable when it returns; called before anything is done. */
  readonly persist: (state: PersistedWatches) => void;
  /** What all of them may do together; default LADDER_LIMITS. */
  readonly limits?: LadderLimits;
  /** What holds their steps back; default nothing. */
  readonly holding?: Holding;
  /** Called after each look that was taken into account. */
  readonly looked?: () => void;
}

/** The watches of one service, looking. */
export interface Watching {
  figures(): readonly WatchFigures[];
  /** When they restarted the service, as far as it counts: wall milliseconds. */
  restarts(): readonly number[];
  /** What they say against the service now; empty where it is well, or nothing is known. */
  troubles(): readonly Trouble[];
  /** Something about the service is different. */
  serviceChanged(): void;
  close(): Promise<void>;
}

export function createWatching(
  service: WatchedService,
  watches: readonly OpenWatch[],
  deps: WatchingDeps,
): Watching {
  const { clock, records, restored, limits = LADDER_LIMITS, holding = FREE } = deps;
  const over = new AbortController();
  const all: Running[] = [];
  const save = (): void => deps.persist(toPersist(shared, all));
  const restarts = createRestarts({ service, clock, records, restored: restored?.aftermath, save });
  const budget = restored?.budget ?? FRESH_BUDGET;
  const of = { service, clock, records, limits, holding, restarts };
  const shared: Shared = { ...of, signal: over.signal, budget, save };
  const lifeSince = followLives(shared);
  for (const watch of watches) {
    const course = restoreCourse(watch, restored, { clock, holding });
    all.push(beginLooking(watch, course, shared, { ...deps, lifeSince }));
  }

  return {
    figures: () =>
      all.map(({ settings, course, pace, opening }) => {
        const now = clock.now();
        const nextLookAt = opening.next(pace.nextAt());
        const life = lifeSince(opening.begin(now) ?? opening.next(now));
        return figuresOf(settings, course, { ...shared, now, nextLookAt, life });
      }),
    restarts: () => current(shared.budget, clock.now(), limits).restarts,
    troubles() {
      const now = clock.now();
      return all.flatMap(
        ({ settings, course, opening }) =>
          troubleOf(settings, course, lifeNow(opening, now, lifeSince), now) ?? [],
      );
    },
    serviceChanged() {
      restarts.serviceChanged();
      for (const { pace } of all) pace.again();
    },
    async close() {
      over.abort();
      await Promise.all(
        all.map(async ({ pace, watcher }) => {
          await pace.close();
          await watcher.close?.();
        }),
      );
    },
  };
}
