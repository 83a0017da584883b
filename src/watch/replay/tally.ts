import type { WatchState } from '../gate.ts';
import { stepText } from '../ladder.ts';
import type { TriedLook } from './replay.ts';

/** What a replay found, within a range. All moments are wall milliseconds. */
export interface Tally {
  readonly looks: number;
  readonly lives: number;
  /** Looks by what they found. */
  readonly verdicts: Readonly<Record<TriedLook['judgement']['verdict'], number>>;
  readonly flips: readonly TriedFlip[];
  readonly actions: readonly TriedAction[];
  readonly alarms: readonly Alarm[];
  /** The whole range without a hole, oldest first. */
  readonly spans: readonly Span[];
}

export interface TriedFlip {
  readonly at: number;
  readonly from: WatchState;
  readonly to: WatchState;
  readonly value: string | null;
  readonly reason: string;
  readonly life: string;
}

export interface TriedAction {
  readonly at: number;
  /** The step, as the config has it. */
  readonly step: string;
  readonly reason: string;
  readonly life: string;
}

/** A stretch of one state; null: nobody looked. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly state: WatchState | null;
}

/** A stretch in which the watch fails. */
export interface Alarm {
  readonly from: number;
  /** Null where it lasts beyond the range, or beyond what was seen. */
  readonly to: number | null;
  readonly worst: 'late' | 'bad' | 'flapping';
  readonly reason: string;
  readonly life: string;
  readonly actions: readonly TriedAction[];
  /** What held back its steps, as it was then; null where nothing did. */
  readonly heldBy: string | null;
}

export interface Range {
  readonly since: number;
  readonly until: number;
}

/** @param patienceMs after so long without a look nobody knows any more what the state was. */
export function tally(looks: Iterable<TriedLook>, range: Range, patienceMs: number): Tally {
  const flips: TriedFlip[] = [];
  const actions: TriedAction[] = [];
  const verdicts = { ok: 0, late: 0, bad: 0, unknown: 0 };
  const spans = createSpans(range, patienceMs);
  const alarms = createAlarms();
  const lives = new Set<string>();
  let count = 0;
  for (const look of looks) {
    const { at, life, judgement, flip, steps } = look;
    if (at > range.until) break;
    const isWithin = at >= range.since;
    spans.take(look);
    const done = steps.map((step) => ({ at, step: stepText(step), reason: judgement.reason, life }));
    alarms.take(look, done, isWithin);
    if (!isWithin) continue;
    count += 1;
    lives.add(life);
    verdicts[judgement.verdict] += 1;
    const { value, reason } = judgement;
    // That it is well from the beginning is nothing to tell, as live.
    if (flip !== undefined && !(flip.from === 'new' && flip.to === 'ok'))
      flips.push({ at, ...flip, value, reason, life });
    actions.push(...done);
  }
  return {
    looks: count,
    lives: lives.size,
    verdicts,
    flips,
    actions,
    alarms: alarms.all(),
    spans: spans.all(),
  };
}

function createSpans({ since, until }: Range, patienceMs: number) {
  const spans: { from: number; to: number; state: WatchState | null }[] = [];
  let last: { readonly at: number; readonly state: WatchState } | undefined;
  const add = (from: number, to: number, state: WatchState | null): void => {
    const begin = Math.max(from, since);
    const before = spans.at(-1);
    if (to <= begin) return;
    if (before !== undefined && before.state === state && before.to === begin) before.to = to;
    else spans.push({ from: begin, to, state });
  };
  /** What was the case from the last look up to a moment. */
  const fill = (to: number): void => {
    if (last === undefined || to - last.at > patienceMs) add(last?.at ?? since, to, null);
    else add(last.at, to, last.state);
  };
  return {
    take({ at, state }: TriedLook): void {
      fill(at);
      last = { at, state };
    },
    all(): readonly Span[] {
      fill(until);
      return spans;
    },
  };
}

const WEIGHT = { late: 0, bad: 1, flapping: 2 } as const;

function createAlarms() {
  const alarms: { -readonly [K in keyof Alarm]: Alarm[K] }[] = [];
  let open: (typeof alarms)[number] | undefined;
  return {
    take({ at, life, state, judgement, heldBy }: TriedLook, done: readonly TriedAction[], isWithin: boolean) {
      if (state !== 'late' && state !== 'bad' && state !== 'flapping') {
        if (open !== undefined) open.to = at;
        // One that was over before the range began is none of it.
        if (open !== undefined && !isWithin) alarms.pop();
        open = undefined;
        return;
      }
      if (open === undefined) {
        const { reason } = judgement;
        open = { from: at, to: null, worst: state, reason, life, actions: [], heldBy: null };
        alarms.push(open);
      }
      if (WEIGHT[state] > WEIGHT[open.worst]) open.worst = state;
      open.heldBy ??= heldBy ?? null;
      open.actions = [...open.actions, ...done];
    },
    all: (): readonly Alarm[] => alarms,
  };
}

/** How long it was in each state, milliseconds, the longest first. */
export function durations(
  spans: readonly Span[],
): readonly { readonly state: Span['state']; readonly ms: number }[] {
  const sums = new Map<Span['state'], number>();
  for (const { from, to, state } of spans) sums.set(state, (sums.get(state) ?? 0) + to - from);
  return [...sums].map(([state, ms]) => ({ state, ms })).toSorted((a, b) => b.ms - a.ms);
}
