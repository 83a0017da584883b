import type { ServiceSnapshot } from '../core/runner.ts';
import type { Silence } from '../core/silence.ts';
import type { Holding } from '../watch/taking.ts';
import { createNeedTroubles, type Needed } from './need-troubles.ts';
import type { Plan, PlannedService } from './plan.ts';
import { createSilences, type Silences } from './silences.ts';
import type { SupervisionOptions } from './supervision-options.ts';

/** What keeps watches from acting and people from being told: windows, what people said, and what a service needs. */
export interface HoldingBack {
  readonly silences: Silences;
  /** All that a service needs, and what that needs; each behind what it needs itself. */
  needsOf(service: string): readonly string[];
  /** What the watches of a service ask before they act. */
  of(service: string): Holding;
  /** Every silence of a service and of its watches that holds now; one that is for all of it only once. */
  silencesOf(planned: Pick<PlannedService, 'name' | 'watch'>, now: number): readonly HeldSilence[];
  /** Whether a window or a person keeps watches from touching a service. */
  keeps(service: string): boolean;
  use(plan: Plan): void;
  /** A service is different, or its watches say something else of it. */
  noticed(service: string): void;
  close(): void;
}

/** A service, as far as others need it and people know of its trouble. */
export type Held = Omit<Needed, 'snapshot'> & { snapshot(): ServiceSnapshot };

/** A silence, and the watch that it is for; null where it is for the service as a whole. */
export interface HeldSilence extends Silence {
  readonly watch: string | null;
}

/** @param find a service by its name; undefined while it is replaced. */
export function createHoldingBack(
  { clock, log, state, records }: Pick<SupervisionOptions, 'clock' | 'log' | 'state' | 'records'>,
  find: (name: string) => Held | undefined,
): HoldingBack {
  const troubles = createNeedTroubles(clock, find);
  const silences = createSilences({ clock, log, store: state.silences, records, trouble: troubles.of });
  return {
    silences,
    needsOf: troubles.needsOf,
    of: (service) => ({
      silence: (watch, now) => silences.silenceOf(service, watch, now),
      until: (watch, now) => silences.heldUntil({ service, watch }, now),
      wellSince: () => troubles.wellSince(service),
      well: (watch) => silences.over({ service, watch }),
    }),
    silencesOf({ name, watch = [] }, now) {
      const all = silences.silencesOf({ service: name, watch: null }, now);
      const known = new Set(all.map((silence) => JSON.stringify(silence)));
      const own = watch.flatMap((each) =>
        silences
          .silencesOf({ service: name, watch: each.name }, now)
          .filter((silence) => !known.has(JSON.stringify(silence)))
          .map((silence) => ({ ...silence, watch: each.name })),
      );
      return [...all.map((silence) => ({ ...silence, watch: null })), ...own];
    },
    keeps: (service) => isPlanned(silences.silenceOf(service, null, clock.now())),
    use(plan) {
      silences.use(plan);
      troubles.use(new Map(plan.services.map(({ name, needs }) => [name, needs.map((need) => need.name)])));
    },
    noticed(service) {
      troubles.noticed(service);
      const found = find(service);
      if (found !== undefined && isOver(found.snapshot())) silences.over({ service, watch: null });
    },
    close: () => silences.close(),
  };
}

function isPlanned(silence: Silence | undefined): boolean {
  return silence?.by === 'quiet' || silence?.by === 'snooze';
}

/** What is wrong with a service itself, whatever its watches say: `its restarts are in the slow lane`; undefined where nothing is. */
export function ownTrouble({ state, lane, wanted }: ServiceSnapshot): string | undefined {
  if (state === 'stuck') return 'its old processes do not end';
  if (!wanted) return undefined;
  if (state === 'failed') return 'it has failed, and nothing starts it again';
  if (state === 'done') return 'it is done, and not started again';
  return lane === 'fast' ? undefined : `its restarts are in the ${lane} lane`;
}

/** Its own trouble is over where it runs as it should, or a person wants it to be stopped. */
function isOver(snapshot: ServiceSnapshot): boolean {
  const { state, wanted } = snapshot;
  const settled = state === 'running' || (state === 'stopped' && !wanted);
  return settled && ownTrouble(snapshot) === undefined;
}
