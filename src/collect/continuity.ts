import type { GapReason, StreamEvent, StreamPosition } from '../core/source.ts';

/** A run of so many numbers that we had, all of later events, means that the numbers began anew … */
const RESET_FRAMES = 2_000;
/** … and so do this many, when they come for so long. */
const RESET_FEW = 20;
const RESET_MS = 30_000;

/** What is asked for again at a reconnect lies within so many numbers below the position. */
const OVERLAP = 2_000;

/** Where more than a few steps, and more than one in this many, leave numbers out, that is what the stream does, and no sign of a loss. */
const FEW = 3;
const STEADY = 20;
/** How many steps the judgement looks back, as the weight of an exponential average. */
const LOOK_BACK = 1_000;

const NOT_THERE = 'the server no longer had what we asked for';

/** What is to be done with an event. */
export type Verdict =
  | { readonly kind: 'repeat' }
  | { readonly kind: 'take'; readonly gap?: FoundGap; readonly jumped: number }
  /** The numbers began anew without a word; `events` came since, and were held back. */
  | { readonly kind: 'reset'; readonly events: readonly ReceivedEvent[] };

export interface FoundGap {
  readonly from: number;
  readonly to: number;
  readonly reason: GapReason;
  readonly detail: string;
}

export interface ReceivedEvent {
  readonly event: StreamEvent;
  /** Wall milliseconds. */
  readonly received: number;
}

/** How far the time of a taken event reaches: its own, but a liar's reaches no further than its receipt. */
export function reachOf({
  event,
  received,
}: {
  readonly event: Pick<StreamEvent, 'time'>;
  readonly received: number;
}): number {
  return Number.isFinite(event.time) ? Math.min(event.time, received) : Number.NEGATIVE_INFINITY;
}

/**
 * Follows the numbers of a stream: what came before, what is missing, whether they began anew. Servers say little of it
 * themselves: relays go live on a cursor from the future and begin with their oldest on one from too long ago, both without
 * a word (indigo#1328), so it has to be seen in the data.
 */
export interface Continuity {
  /** A connection began, asking for what comes after `cursor`; undefined for the live end. */
  connected(cursor: number | undefined): void;
  /** The server said that our cursor is too old: the next step forward is a gap. */
  outdated(detail: string): void;
  judge(received: ReceivedEvent, now: number): Verdict;
  /** Begins an epoch at a new position. */
  begin(position: StreamPosition): void;
  position(): StreamPosition;
}

/** @param latest the furthest reach of what was committed, milliseconds; 0 where nothing was. `now` is monotonic milliseconds. */
export function createContinuity(start: StreamPosition, latest: number, dense: boolean): Continuity {
  let position = start;
  let lastTime = latest;
  /** Asked for again what we had, and nothing of it came yet. */
  let overlapDue = false;
  let outdated: string | undefined;
  const habit = createHabit();
  let held: ReceivedEvent[] = [];
  let heldSince = 0;

  const repeat = (again: ReceivedEvent, now: number): Verdict => {
    overlapDue = false;
    // An event that we had is no later than what we had; only in a new count can it be.
    if (!dense || !(again.event.time > lastTime)) return { kind: 'repeat' };
    if (held.length === 0) heldSince = now;
    held.push(again);
    // A slow reader may be given its overlap over minutes, by a server whose clock is ahead of ours: that is no new count.
    const far = typeof position === 'number' && position - again.event.seq > OVERLAP;
    if (!meansReset(held.length, far ? now - heldSince : 0)) return { kind: 'repeat' };
    const events = held;
    held = [];
    return { kind: 'reset', events };
  };

  const gapBefore = (seq: number, from: number): FoundGap | undefined => {
    const missing = seq - from - 1;
    const reason = outdated === undefined && !overlapDue ? 'jump' : 'outdated';
    const detail = outdated ?? (overlapDue ? NOT_THERE : `${missing} numbers are left out`);
    const jumpy = habit.step(missing > 0);
    outdated = undefined;
    overlapDue = false;
    if (missing <= 0 || (reason === 'jump' && (jumpy || !dense))) return undefined;
    return { from, to: seq, reason, detail };
  };

  return {
    connected(cursor) {
      held = [];
      outdated = undefined;
      overlapDue = typeof position === 'number' && cursor !== undefined && cursor < position;
    },
    outdated(detail) {
      outdated = detail;
    },
    judge(given, now) {
      const { seq } = given.event;
      if (seq <= 0) return { kind: 'take', jumped: 0 };
      if (typeof position === 'number' && seq <= position) return repeat(given, now);
      const from = position;
      position = seq;
      held = [];
      lastTime = Math.max(lastTime, reachOf(given));
      if (typeof from !== 'number') return { kind: 'take', jumped: 0 };
      const gap = gapBefore(seq, from);
      const jumped = dense ? seq - from - 1 : 0;
      return gap === undefined ? { kind: 'take', jumped } : { kind: 'take', gap, jumped };
    },
    begin(at) {
      position = at;
      held = [];
      outdated = undefined;
      overlapDue = false;
    },
    position: () => position,
  };
}

/** Whether so many numbers that we had, all of later events, over so many milliseconds, are a new count. */
function meansReset(count: number, overMs: number): boolean {
  return count >= RESET_FRAMES || (count >= RESET_FEW && overMs >= RESET_MS);
}

/** Whether leaving numbers out is what the stream does: the share of its last steps that do. */
function createHabit() {
  let share = 0;
  let steps = 0;
  let leaps = 0;
  return {
    /** Answers for the steps before this one. */
    step(leavesOut: boolean): boolean {
      const usual = leaps > FEW && share > 1 / STEADY;
      steps += 1;
      leaps += leavesOut ? 1 : 0;
      share += ((leavesOut ? 1 : 0) - share) / Math.min(steps, LOOK_BACK);
      return usual;
    },
  };
}
