import type { Silence } from '../core/silence.ts';
import type { Course, LifeSeen, WatchSettings } from './course.ts';
import type { GateState, WatchState } from './gate.ts';
import { heldBy } from './holds.ts';
import type { Judgement, Verdict } from './judgement.ts';
import { type Budget, type LadderLimits, outlook, stepText } from './ladder.ts';
import type { Holding } from './taking.ts';

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
  /** By when the next sign has to come, of kinds with deadlines. */
  readonly dueAt: number | null;
  /** Null while there is nothing to look at: the service does not run, or is not ready. */
  readonly nextLookAt: number | null;
  /** Looks count from then on, where that is still to come. */
  readonly countsFrom: number | null;
  /** What is done if it goes on failing, and when at the earliest; null where it does not fail, nothing is left to do, or what it needs is to be well first. */
  readonly nextAction: { readonly what: string; readonly at: number } | null;
  /** Why its steps are held back. */
  readonly silence: Silence | null;
}

export interface Moment {
  readonly budget: Budget;
  readonly limits: LadderLimits;
  readonly holding: Holding;
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
    ...shownState(gate, judgement),
    verdict: judgement?.verdict ?? null,
    value: judgement?.value ?? null,
    reason: judgement?.reason ?? null,
    lookedAt: (isOld ? undefined : course.lookedAt) ?? null,
    dueAt: judgement?.due?.at ?? null,
    nextLookAt: life === undefined ? null : nextLookAt,
    countsFrom: life !== undefined && countsFrom > now ? countsFrom : null,
    nextAction: life === undefined ? null : nextAction(settings, course, moment, countsFrom),
    silence: moment.holding.silence(settings.name, now) ?? null,
  };
}

/** A watch that is late within its grace is shown so; that is no change of its state. */
function shownState(
  { state, since }: GateState,
  judgement: Judgement | undefined,
): Pick<WatchFigures, 'state' | 'since'> {
  const isLate = judgement?.undecided === true && judgement.verdict === 'late';
  if (!isLate || (state !== 'ok' && state !== 'new')) return { state, since };
  return { state: 'late', since: judgement.due?.at ?? since };
}

/** Actions follow looks: as many more as the gate still wants to see fail. */
function nextAction(
  { name, gate: { fail }, everyMs, steps }: WatchSettings,
  { gate, ladder, judgement }: Course,
  { budget, limits, holding, now, nextLookAt, life }: Moment,
  countsFrom: number,
): WatchFigures['nextAction'] {
  const isFailing = ['late', 'bad'].includes(gate.steady);
  const fails = judgement?.verdict === 'late' || judgement?.verdict === 'bad';
  if (!isFailing && !fails) return null;
  const silence = holding.silence(name, now);
  if (silence?.by === 'needs') return null;
  const from = holding.until(name, now) ?? now;
  const { next, at } = outlook(ladder, budget, from, { ...limits, steps }, heldBy(silence) === 'words');
  if (next === null) return null;
  if (judgement?.undecided === true)
    return { what: stepText(next), at: Math.max(at, judgement.due?.badAt ?? now) };
  const seen = gate.life === life?.id ? gate.looks.slice(-fail.of) : [];
  const missing = fail.times - seen.filter((verdict) => verdict !== 'ok').length;
  const firstCounted = nextLookAt + Math.max(0, Math.ceil((countsFrom - nextLookAt) / everyMs)) * everyMs;
  const enough = firstCounted + Math.max(0, missing - 1) * everyMs;
  const looksLater = Math.max(0, Math.ceil((at - enough) / everyMs));
  return { what: stepText(next), at: enough + looksLater * everyMs };
}
