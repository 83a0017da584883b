import type { Judgement, Verdict } from './judgement.ts';

/** How looks become states. Times are milliseconds. */
export interface GateSettings {
  /** A watch fails when `times` of the last `of` looks failed. */
  readonly fail: { readonly times: number; readonly of: number };
  /** So many good looks in a row heal it. */
  readonly ok: number;
  /** After the start of a life nothing counts for so long. */
  readonly graceMs: number;
}

/** `new`: nothing is known yet. `flapping`: it changed so often that it is one incident, until it is calm. */
export type WatchState = 'new' | 'ok' | 'late' | 'bad' | 'unknown' | 'flapping';

/** What a watch is without flapping. */
export type SteadyState = Exclude<WatchState, 'flapping'>;

/** Serialisable as JSON. Times are wall milliseconds. */
export interface GateState {
  readonly state: WatchState;
  readonly since: number;
  /** What it would be if it were not flapping. */
  readonly steady: SteadyState;
  /** When the steady state changed, within the last hour. */
  readonly changes: readonly number[];
  /** The life that the evidence below is of. */
  readonly life: string;
  /** From when on what that life shows counts, wall milliseconds. */
  readonly from: number;
  /** The last looks that counted, oldest first; `ok` or how they failed. */
  readonly looks: readonly Exclude<Verdict, 'unknown'>[];
  /** Looks in a row that could not look. */
  readonly unknown: number;
}

/** A judgement, and the life that it is of. */
export interface Look {
  readonly judgement: Pick<Judgement, 'verdict' | 'undecided'>;
  /** `from`: when the life began for the watch, wall milliseconds: it was ready, the hours began, what it needs was well again. */
  readonly life: { readonly id: string; readonly from: number };
}

export interface GateStep {
  readonly state: GateState;
  /** Undefined where the watch is what it was. */
  readonly flip: { readonly from: WatchState; readonly to: WatchState } | undefined;
  /** Whether evidence of the present life alone says that it fails: only that may be acted on. */
  readonly failing: boolean;
  /** Whether the look counted. */
  readonly counted: boolean;
}

const HOUR_MS = 3_600_000;
/** More changes within an hour than these are flapping. */
export const MOST_CHANGES = 5;

export function freshGate(now: number): GateState {
  return { state: 'new', since: now, steady: 'new', changes: [], life: '', from: 0, looks: [], unknown: 0 };
}

/**
 * Takes a look into account. Evidence is of one life: the first look of another one (or of one that began anew for the watch)
 * begins to count anew, but the state stays until that evidence says otherwise.
 */
export function next(before: GateState, look: Look, now: number, settings: GateSettings): GateStep {
  const { id, from } = look.life;
  const isSame = before.life === id && from <= before.from;
  const known = isSame ? before : { ...before, life: id, from, looks: [], unknown: 0 };
  const counted = look.judgement.undecided !== true && now - look.life.from >= settings.graceMs;
  const state = counted ? weigh(known, look.judgement.verdict, settings) : known;
  const steady = counted ? judge(state, settings) : state.steady;
  const healed = steady === 'ok' && (state.steady === 'late' || state.steady === 'bad');
  // What failed before a recovery is settled.
  const looks = healed ? state.looks.slice(-settings.ok) : state.looks;
  const changed = settle({ ...state, looks }, steady, now);
  const flip = changed.state === before.state ? undefined : { from: before.state, to: changed.state };
  return { state: changed, flip, failing: fails(changed.looks, settings) !== undefined, counted };
}

function weigh(state: GateState, verdict: Verdict, settings: GateSettings): GateState {
  // What could not look says nothing: it neither breaks a row nor adds to one.
  if (verdict === 'unknown') return { ...state, unknown: Math.min(state.unknown + 1, settings.fail.times) };
  const most = Math.max(settings.fail.of, settings.ok);
  return { ...state, looks: [...state.looks, verdict].slice(-most), unknown: 0 };
}

/** How the last looks fail; undefined where they do not. */
function fails(looks: GateState['looks'], { fail, ok }: GateSettings): 'late' | 'bad' | undefined {
  if (isHealed(looks, ok)) return undefined;
  const window = looks.slice(-fail.of);
  const bad = window.filter((verdict) => verdict === 'bad').length;
  const late = window.filter((verdict) => verdict === 'late').length;
  if (bad >= fail.times) return 'bad';
  return bad + late >= fail.times
    ? (window.findLast((verdict) => verdict !== 'ok') as 'late' | 'bad')
    : undefined;
}

function isHealed(looks: GateState['looks'], ok: number): boolean {
  return looks.length >= ok && looks.slice(-ok).every((verdict) => verdict === 'ok');
}

function judge(state: GateState, settings: GateSettings): SteadyState {
  const { steady, looks, unknown } = state;
  const failing = fails(looks, settings);
  const isFailing = steady === 'late' || steady === 'bad';
  // A failing watch that cannot look stays what it is: not to see is no recovery.
  if (unknown > 0) return unknown >= settings.fail.times && !isFailing ? 'unknown' : steady;
  if (failing !== undefined) return failing;
  // Nobody waits for the second good look of what was never wrong.
  if (steady === 'new') return looks.at(-1) === 'ok' ? 'ok' : 'new';
  return isHealed(looks, settings.ok) ? 'ok' : steady;
}

/** Goes over to a steady state, and into flapping or out of it. */
function settle(state: GateState, steady: SteadyState, now: number): GateState {
  // A wall clock that was set back leaves changes in the future: they count from now on.
  const kept = state.changes.map((at) => Math.min(at, now)).filter((at) => now - at < HOUR_MS);
  const turned = steady !== state.steady && state.steady !== 'new';
  const changes = turned ? [...kept, now].slice(-(MOST_CHANGES + 1)) : kept;
  const flapping = state.state === 'flapping' ? changes.length > 0 : changes.length > MOST_CHANGES;
  const shown = flapping ? 'flapping' : steady;
  const since = shown === state.state ? state.since : now;
  return { ...state, state: shown, since, steady, changes };
}
