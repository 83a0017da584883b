import type { StateName } from '../core/runner.ts';

/** What may be done about a watch that fails, in the words of the config. */
export type Step =
  | { readonly do: 'note' | 'page' | 'restart' | 'restart-dependents' | 'stop' }
  | { readonly do: 'run'; readonly argv: readonly string[] };

/** What holds for all watches of a service together. */
export interface LadderLimits {
  /** So many restarts within `perMs`, and as many of what needs it. */
  readonly mostRestarts: number;
  readonly perMs: number;
  /** From an action to the next, so that what was done has time to help. */
  readonly coolMs: number;
}

export interface LadderSettings extends LadderLimits {
  readonly steps: readonly Step[];
}

/** What all watches of a service share. Serialisable as JSON; wall milliseconds. */
export interface Budget {
  /** When watches restarted it, as far as it still counts. */
  readonly restarts: readonly number[];
  /** When they restarted what needs it; none where it is left out. Apart: else the restarts, which come first, would leave nothing. */
  readonly dependents?: readonly number[];
  /** When a watch last acted; null where none did. */
  readonly actedAt: number | null;
}

/** Where a watch is on its ladder. Serialisable as JSON. */
export interface LadderState {
  /** Steps that are done once in an incident, and were: their places on the ladder. */
  readonly done: readonly number[];
  /** Restarts in this incident that did not help; none where it is left out. */
  readonly tries?: number;
  /** The life that was asked to end: what it shows from then on is no reason for anything. */
  readonly over: string;
}

/** What the ladder looks at. */
export interface Situation {
  /** Evidence of the present life alone says that the watch fails. */
  readonly failing: boolean;
  /** The watch is well again: the incident is over. */
  readonly well: boolean;
  readonly life: string;
  readonly service: { readonly state: StateName; readonly wanted: boolean };
  /** What is held back: every step, or only what is said; nothing where it is left out. */
  readonly hold?: 'all' | 'words' | undefined;
}

export interface LadderStep {
  readonly state: LadderState;
  readonly budget: Budget;
  /** What to do now, in order. */
  readonly effects: readonly Step[];
}

/** What comes next, and from when on. */
export type Outlook =
  | { readonly next: Step; readonly at: number }
  /** Nothing on the ladder is left. */
  | { readonly next: null; readonly at: null };

export const HOUR_MS = 3_600_000;
/** What holds for a service that does not say otherwise. */
export const LADDER_LIMITS: LadderLimits = { mostRestarts: 3, perMs: HOUR_MS, coolMs: 60_000 };
export const FRESH_BUDGET: Budget = { restarts: [], actedAt: null };
export const FRESH_LADDER: LadderState = { done: [], over: '' };

/**
 * Decides what is done about a watch after a look. Nothing is done to a service that does not run or was stopped on purpose.
 * `note` and `page` are said once in an incident, and the next step follows at once; `run`, `restart-dependents` and `stop` are
 * done once in an incident, and have a cool-down to help; `restart` is done for each life that fails, as long as the budget lasts,
 * but once as many restarts as that did not help in an incident, however slowly its lives fail, what stands behind it comes first.
 * While every step is held back an incident still ends where the watch is well; what is not to be said counts as said.
 */
export function next(
  before: LadderState,
  spent: Budget,
  situation: Situation,
  now: number,
  settings: LadderSettings,
): LadderStep {
  const budget = current(spent, now, settings);
  if (situation.well) return { state: { done: [], over: before.over }, budget, effects: [] };
  if (!mayAct(before, situation)) return { state: before, budget, effects: [] };
  let state = before;
  const effects: Step[] = [];
  for (const [place, step] of settings.steps.entries()) {
    if (!isLeft(state, budget, place, step, settings)) continue;
    const isWord = isSaid(step);
    // An act waits for its turn, and so does what would come after it.
    if (!isWord && now < coolAt(budget, settings)) break;
    if (!isWord || situation.hold !== 'words') effects.push(step);
    state = after(state, place, step, situation.life);
    if (!isWord) return { state, budget: charge(budget, step, now), effects };
  }
  return { state, budget, effects };
}

function isSaid(step: Step): boolean {
  return step.do === 'note' || step.do === 'page';
}

function mayAct({ over }: LadderState, { failing, life, service, hold }: Situation): boolean {
  return failing && hold !== 'all' && life !== over && service.wanted && service.state === 'running';
}

/** Whether a step of the ladder can be taken, but for the cool-down. */
function isLeft(
  state: LadderState,
  budget: Budget,
  place: number,
  step: Step,
  settings: LadderSettings,
): boolean {
  const { restarts, dependents = [] } = budget;
  if (step.do === 'restart')
    return restarts.length < settings.mostRestarts && !isInVain(state, budget, place, settings);
  if (step.do === 'restart-dependents' && dependents.length >= settings.mostRestarts) return false;
  return !state.done.includes(place);
}

/** Whether enough restarts did not help, and there is something else to be done. */
function isInVain(state: LadderState, budget: Budget, place: number, settings: LadderSettings): boolean {
  const { steps, mostRestarts } = settings;
  if ((state.tries ?? 0) < mostRestarts) return false;
  return steps.some(
    (step, at) => at > place && step.do !== 'restart' && isLeft(state, budget, at, step, settings),
  );
}

function after(state: LadderState, place: number, step: Step, life: string): LadderState {
  if (step.do === 'restart') return { ...state, over: life, tries: (state.tries ?? 0) + 1 };
  return { ...state, done: [...state.done, place], over: step.do === 'stop' ? life : state.over };
}

function charge(budget: Budget, step: Step, now: number): Budget {
  const { restarts, dependents = [] } = budget;
  if (step.do === 'restart') return { ...budget, restarts: [...restarts, now], actedAt: now };
  if (step.do === 'restart-dependents') return { ...budget, dependents: [...dependents, now], actedAt: now };
  return { ...budget, actedAt: now };
}

/** The budget without what is older than its time. After a step of the wall clock backwards what was spent counts from now on. */
export function current(budget: Budget, now: number, { perMs }: Pick<LadderLimits, 'perMs'>): Budget {
  const counted = (times: readonly number[]): number[] =>
    times.map((at) => Math.min(at, now)).filter((at) => now - at < perMs);
  const dependents = counted(budget.dependents ?? []);
  return {
    restarts: counted(budget.restarts),
    ...(dependents.length > 0 && { dependents }),
    actedAt: budget.actedAt === null ? null : Math.min(budget.actedAt, now),
  };
}

function coolAt({ actedAt }: Budget, { coolMs }: LadderSettings): number {
  return actedAt === null ? Number.NEGATIVE_INFINITY : actedAt + coolMs;
}

/**
 * What comes next if the watch goes on failing.
 * @param now from when on nothing is held back, where that is still to come.
 * @param muted nothing is said.
 */
export function outlook(
  state: LadderState,
  spent: Budget,
  now: number,
  settings: LadderSettings,
  muted = false,
): Outlook {
  const budget = current(spent, now, settings);
  const at = Math.max(now, coolAt(budget, settings));
  for (const [place, step] of settings.steps.entries()) {
    if (!isLeft(state, budget, place, step, settings) || (muted && isSaid(step))) continue;
    return { next: step, at: isSaid(step) ? now : at };
  }
  const again = settings.steps.find((step) => step.do === 'restart');
  const oldest = budget.restarts[0];
  if (again === undefined || oldest === undefined) return { next: null, at: null };
  return { next: again, at: Math.max(at, oldest + settings.perMs) };
}

/** A step, as it is written in the config. */
export function stepText(step: Step): string {
  return step.do === 'run' ? `run ${step.argv.join(' ')}` : step.do;
}
