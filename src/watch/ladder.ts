import type { StateName } from '../core/runner.ts';

/** What may be done about a watch that fails, in the words of the config. */
export type Step =
  | { readonly do: 'note' | 'page' | 'restart' | 'restart-dependents' | 'stop' }
  | { readonly do: 'run'; readonly argv: readonly string[] };

export interface LadderSettings {
  readonly steps: readonly Step[];
  /** Restarts by all watches of the service together, within an hour. */
  readonly mostRestarts: number;
  /** From an action to the next of any watch of the service, so that what was done has time to help. */
  readonly coolMs: number;
}

/** What all watches of a service share. Serialisable as JSON; wall milliseconds. */
export interface Budget {
  /** When watches restarted it, within the last hour. */
  readonly restarts: readonly number[];
  /** When a watch last acted; null where none did. */
  readonly actedAt: number | null;
}

/** Where a watch is on its ladder. Serialisable as JSON. */
export interface LadderState {
  /** Steps that are done once in an incident, and were: their places on the ladder. */
  readonly done: readonly number[];
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
/** What holds for every service. */
export const LADDER_LIMITS: Omit<LadderSettings, 'steps'> = { mostRestarts: 3, coolMs: 60_000 };
export const FRESH_BUDGET: Budget = { restarts: [], actedAt: null };
export const FRESH_LADDER: LadderState = { done: [], over: '' };

/**
 * Decides what is done about a watch after a look. Nothing is done to a service that does not run or was stopped on purpose.
 * `note` and `page` are said once in an incident, and the next step follows at once; `run`, `restart-dependents` and `stop` are
 * done once in an incident, and have a cool-down to help; `restart` is done for each life that fails, as long as the budget lasts.
 */
export function next(
  before: LadderState,
  spent: Budget,
  situation: Situation,
  now: number,
  settings: LadderSettings,
): LadderStep {
  const budget = current(spent, now);
  if (situation.well) return { state: { ...before, done: [] }, budget, effects: [] };
  if (!mayAct(before, situation)) return { state: before, budget, effects: [] };
  let state = before;
  const effects: Step[] = [];
  for (const [place, step] of settings.steps.entries()) {
    if (!isLeft(state, budget, place, step, settings)) continue;
    const isWord = step.do === 'note' || step.do === 'page';
    // An act waits for its turn, and so does what would come after it.
    if (!isWord && now < coolAt(budget, settings)) break;
    effects.push(step);
    state = after(state, place, step, situation.life);
    if (!isWord) return { state, budget: charge(budget, step, now), effects };
  }
  return { state, budget, effects };
}

function mayAct({ over }: LadderState, { failing, life, service }: Situation): boolean {
  return failing && life !== over && service.wanted && service.state === 'running';
}

/** Whether a step of the ladder can be taken, but for the cool-down. */
function isLeft(
  state: LadderState,
  budget: Budget,
  place: number,
  step: Step,
  settings: LadderSettings,
): boolean {
  const costs = step.do === 'restart' || step.do === 'restart-dependents';
  if (costs && budget.restarts.length >= settings.mostRestarts) return false;
  return step.do === 'restart' || !state.done.includes(place);
}

function after(state: LadderState, place: number, step: Step, life: string): LadderState {
  if (step.do === 'restart') return { ...state, over: life };
  return { done: [...state.done, place], over: step.do === 'stop' ? life : state.over };
}

function charge(budget: Budget, step: Step, now: number): Budget {
  const costs = step.do === 'restart' || step.do === 'restart-dependents';
  return { restarts: costs ? [...budget.restarts, now] : budget.restarts, actedAt: now };
}

/** The budget without what is older than an hour. After a step of the wall clock backwards what was spent counts from now on. */
export function current(budget: Budget, now: number): Budget {
  const restarts = budget.restarts.map((at) => Math.min(at, now)).filter((at) => now - at < HOUR_MS);
  return { restarts, actedAt: budget.actedAt === null ? null : Math.min(budget.actedAt, now) };
}

function coolAt({ actedAt }: Budget, { coolMs }: LadderSettings): number {
  return actedAt === null ? Number.NEGATIVE_INFINITY : actedAt + coolMs;
}

/** What comes next if the watch goes on failing. */
export function outlook(state: LadderState, spent: Budget, now: number, settings: LadderSettings): Outlook {
  const budget = current(spent, now);
  const at = Math.max(now, coolAt(budget, settings));
  for (const [place, step] of settings.steps.entries()) {
    if (!isLeft(state, budget, place, step, settings)) continue;
    return { next: step, at: step.do === 'note' || step.do === 'page' ? now : at };
  }
  const again = settings.steps.find((step) => step.do === 'restart');
  const oldest = budget.restarts[0];
  if (again === undefined || oldest === undefined) return { next: null, at: null };
  return { next: again, at: Math.max(at, oldest + HOUR_MS) };
}

/** A step, as it is written in the config. */
export function stepText(step: Step): string {
  return step.do === 'run' ? `run ${step.argv.join(' ')}` : step.do;
}
