import type { Clock } from '../core/clock.ts';
import type { RecordDraft } from '../core/record.ts';
import type { Silence } from '../core/silence.ts';
import { perform } from './actions.ts';
import type { Course, LifeSeen, WatchSettings } from './course.ts';
import { next as nextGate } from './gate.ts';
import { heldBy } from './holds.ts';
import type { Judgement } from './judgement.ts';
import { type Budget, type LadderLimits, next as nextLadder, type Step } from './ladder.ts';
import type { Restarts } from './restarts.ts';
import type { WatchedService } from './watched-service.ts';
import { flipRecord, whyActed } from './wording.ts';

/** What holds back the steps of a service's watches. Times are wall milliseconds. */
export interface Holding {
  /** What holds now for a watch, the weightiest; undefined where nothing does. */
  silence(watch: string, now: number): Silence | undefined;
  /** When the last window or snooze that holds now for a watch is over; null where none does. */
  until(watch: string, now: number): number | null;
  /** Since when all that the service needs is well: what it showed before is no reproach. */
  wellSince(): number;
  /** A watch is well: its incident is over. */
  well(watch: string): void;
}

/** Nothing is ever held back. */
export const FREE: Holding = {
  silence: () => undefined,
  until: () => null,
  wellSince: () => 0,
  well: () => {},
};

/** What the watches of one service have in common. */
export interface Shared {
  readonly service: WatchedService;
  readonly limits: LadderLimits;
  readonly holding: Holding;
  readonly restarts: Restarts;
  readonly clock: Clock;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** Aborts when they end. */
  readonly signal: AbortSignal;
  budget: Budget;
  /** Durable when it returns. */
  readonly save: () => void;
}

/** A watch, as far as a look changes it. */
export interface Taking {
  readonly settings: WatchSettings;
  readonly course: Course;
}

/** What a ladder is climbed for. */
interface Reason {
  /** Evidence of this life alone says that the watch fails. */
  readonly failing: boolean;
  readonly life: string;
  readonly now: number;
  readonly hold: ReturnType<typeof heldBy>;
}

/** Takes what a look found into account: what changes is stored first, then told, then acted on. */
export function take(watch: Taking, judgement: Judgement, life: LifeSeen, shared: Shared): void {
  const { settings, course } = watch;
  const { service, clock, records, restarts, holding, signal } = shared;
  const { name } = settings;
  const now = clock.now();
  const silence = holding.silence(name, now);
  const before = course.gate;
  const { state, flip, failing, counted } = nextGate(before, { judgement, life }, now, settings.gate);
  const { verdict } = judgement;
  const evidenceAt = counted && verdict !== 'unknown' ? now : course.evidenceAt;
  Object.assign(course, { gate: state, judgement, lookedAt: now, evidenceAt } satisfies Partial<Course>);
  const acts = failing && counted && (verdict === 'late' || verdict === 'bad');
  const steps = climb(watch, { failing: acts, life: life.id, now, hold: heldBy(silence) }, shared);
  const changed = state.state !== before.state || state.steady !== before.steady;
  if (changed || steps.moved) shared.save();
  const about = { time: clock.micros(), service: service.name, life: life.id, watch: name };
  if (flip !== undefined && !(flip.from === 'new' && flip.to === 'ok'))
    records([flipRecord(about, flip, judgement, silence)]);
  if (state.state === 'ok') holding.well(name);
  restarts.serviceChanged();
  if (acts) restarts.found(name, life.id, 'failing', judgement);
  if (counted && verdict === 'ok' && state.steady === 'ok') restarts.found(name, life.id, 'ok', judgement);
  const why = whyActed(name, judgement);
  const refused = (): void => goOn(course, life.id, shared);
  const evidence = { ...judgement, looks: state.looks };
  for (const step of steps.taken) {
    if (step.do === 'restart') restarts.begin(name, life.id);
    perform(step, { about, why, evidence, service, records, clock, signal, refused });
  }
}

/** A life that was to end goes on: what it shows counts, and it can be restarted again, when that has cooled down. */
function goOn(course: Course, life: string, { restarts, save }: Shared): void {
  if (course.ladder.over === life) course.ladder = { ...course.ladder, over: '' };
  restarts.refused(life);
  save();
}

/** Goes up the ladder of a watch, as far as that may be now. */
function climb(
  { settings, course }: Taking,
  { now, ...reason }: Reason,
  shared: Shared,
): { readonly taken: readonly Step[]; readonly moved: boolean } {
  const { limits, service } = shared;
  const situation = { ...reason, well: course.gate.state === 'ok', service: service.snapshot() };
  const ladder = { ...limits, steps: settings.steps };
  const { state, budget, effects } = nextLadder(course.ladder, shared.budget, situation, now, ladder);
  const moved = effects.length > 0 || state.done.length !== course.ladder.done.length;
  course.ladder = state;
  shared.budget = budget;
  return { taken: effects, moved };
}
