import type { Clock } from '../core/clock.ts';
import type { Aftermath } from './aftermath.ts';
import type { Course, WatchSettings } from './course.ts';
import { freshGate, type GateState } from './gate.ts';
import { type Budget, FRESH_LADDER, type LadderState } from './ladder.ts';
import type { Shared } from './taking.ts';

/** What outlives the daemon. Serialisable as JSON. */
export interface PersistedWatches {
  readonly budget: Budget;
  readonly watches: Readonly<
    Record<string, { readonly fingerprint: string; readonly gate: GateState; readonly ladder: LadderState }>
  >;
  /** A restart that it is not known of yet what became of it. */
  readonly aftermath?: Aftermath;
}

/** A watch as far as something of it is kept. */
interface Kept {
  readonly settings: WatchSettings;
  readonly fingerprint: string;
}

/** What is to be kept of the watches of a service. */
export function toPersist(
  { budget, restarts }: Pick<Shared, 'budget' | 'restarts'>,
  all: readonly (Kept & { readonly course: Course })[],
): PersistedWatches {
  const entries = all.map(({ settings, fingerprint, course: { gate, ladder } }) => {
    // Evidence is of a life, and the next daemon begins with other lives.
    const kept: GateState = { ...gate, looks: [], unknown: 0 };
    return [settings.name, { fingerprint, gate: kept, ladder }] as const;
  });
  const kept = { budget, watches: Object.fromEntries(entries) };
  return restarts.open === undefined ? kept : { ...kept, aftermath: restarts.open };
}

/** How a watch goes on from what was kept of it, or begins. */
export function restoreCourse(
  { settings, fingerprint }: Kept,
  restored: PersistedWatches | undefined,
  { clock, holding }: { readonly clock: Clock; readonly holding: Shared['holding'] },
): Course {
  const saved = restored?.watches[settings.name];
  const known = saved?.fingerprint === fingerprint ? saved : undefined;
  // Of another watch's incident nobody knows anything.
  if (known === undefined) holding.well(settings.name);
  return {
    gate: known?.gate ?? freshGate(clock.now()),
    ladder: known?.ladder ?? FRESH_LADDER,
    judgement: undefined,
    lookedAt: undefined,
    evidenceAt: undefined,
  };
}
