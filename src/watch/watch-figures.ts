import type { Course, LifeSeen, WatchSettings } from './course.ts';
import type { WatchState } from './gate.ts';
import type { Verdict } from './kind.ts';
import { type Budget, LADDER_LIMITS, outlook, stepText } from './ladder.ts';

/** What a watch shows of itself. Times are wall milliseconds; null where there is none. */
export interface WatchFigures {
  readonly name: string;
  readonly kind: string;
  readonly state: WatchState;
  readonly since: number;
  /** The last look at the present life, whether it counted or not. */
  readonly verdict: Verdict | null;
  readonly value: string | null;
  readonly reason: string | null;
  readonly lookedAt: number | null;
  /** Null while there is nothing to look at: the service does not run, or is not ready. */
  readonly nextLookAt: number | null;
  /** Looks count from then on, where that is still to come. */
  readonly countsFrom: number | null;
  /** What is done if it goes on failing, and when at the earliest; null where it does not fail, or nothing is left to do. */
  readonly nextAction: { readonly what: string; readonly at: number } | null;
}

export interface Moment {
  readonly budget: Budget;
  readonly now: number;
  readonly nextLookAt: number;
  readonly life: LifeSeen | undefined;
}

export function figuresOf(settings: WatchSettings, course: Course, moment: Moment): WatchFigures {
  const { gate } = course;
  const { now, life, nextLookAt } = moment;
  // What was seen of an earlier life says nothing of this one.
  const isOld = life !== undefined && gate.life !== life.id;
  const judgement = isOld ? undefined : course.judgement;
  const countsFrom = life === undefined ? 0 : life.from + settings.gate.graceMs;
  return {
    name: settings.name,
    kind: settings.kind,
    state: gate.state,
    since: gate.since,
    verdict: judgement?.verdict ?? null,
    value: judgement?.value ?? null,
    reason: judgement?.reason ?? null,
    lookedAt: (isOld ? undefined : course.lookedAt) ?? null,
    nextLookAt: life === undefined ? null : nextLookAt,
    countsFrom: life !== undefined && countsFrom > now ? countsFrom : null,
    nextAction: life === undefined ? null : nextAction(settings, course, moment, countsFrom),
  };
}

/** Actions follow looks: as many more as the gate still wants to see fail. */
function nextAction(
  { gate: { fail }, everyMs, steps }: WatchSettings,
  { gate, ladder, judgement }: Course,
  { budget, now, nextLookAt, life }: Moment,
  countsFrom: number,
): WatchFigures['nextAction'] {
  const isFailing = ['late', 'bad'].includes(gate.steady);
  const fails = judgement?.verdict === 'late' || judgement?.verdict === 'bad';
  if (!isFailing && !fails) return null;
  const { next, at } = outlook(ladder, budget, now, { ...LADDER_LIMITS, steps });
  if (next === null) return null;
  const seen = gate.life === life?.id ? gate.looks.slice(-fail.of) : [];
  const missing = fail.times - seen.filter((verdict) => verdict !== 'ok').length;
  const firstCounted = nextLookAt + Math.max(0, Math.ceil((countsFrom - nextLookAt) / everyMs)) * everyMs;
  const enough = firstCounted + Math.max(0, missing - 1) * everyMs;
  const looksLater = Math.max(0, Math.ceil((at - enough) / everyMs));
  return { what: stepText(next), at: enough + looksLater * everyMs };
}
