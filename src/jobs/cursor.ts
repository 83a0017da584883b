/**
 * When a job is due, and what becomes of the times that were missed: a pure function of its schedule, the last time that is
 * settled, and now. Times are wall milliseconds.
 */

/** The first due time after a moment; undefined where none comes. */
export type NextDue = (after: number) => number | undefined;

/** Serialisable as JSON. */
export interface Cursor {
  /** The schedule that it is of, as it is written: another one begins anew, and never fires at once. */
  readonly schedule: string;
  /** Every due time up to here is settled: run, or left out. */
  readonly settled: number;
}

export interface MissedSettings {
  /** What is made up for: nothing, the newest one, or all of them. */
  readonly missed: 'skip' | 'once' | 'all';
  /** What is older is left out, whatever `missed` says; milliseconds. */
  readonly maxAgeMs: number;
}

export interface Due {
  /** The times to run for now, oldest first. */
  readonly runs: readonly number[];
  /** How many due times were left out, as far back as `maxAgeMs`, or a day. */
  readonly left: number;
  readonly cursor: Cursor;
  /** When to ask again; undefined where no due time comes any more. */
  readonly nextAt: number | undefined;
}

/** A time that is noticed within so long is not missed: the daemon was there, and busy. */
export const PUNCTUAL_MS = 60_000;
/** `all` makes up for so many at the most: what would be a flood is not wanted back. */
export const MOST_MISSED = 100;
/** A clock that was put back by less only waits; by more, the cursor goes back with it. */
const STEP_MS = 3_600_000;
const DAY_MS = 86_400_000;

export function freshCursor(schedule: string, now: number): Cursor {
  return { schedule, settled: now };
}

/** What is due now. Asked late (a daemon that was down, a suspended machine) it says what to make up for. */
export function dueNow(
  before: Cursor | undefined,
  schedule: string,
  next: NextDue,
  now: number,
  settings: MissedSettings,
): Due {
  const cursor = before?.schedule === schedule ? before : freshCursor(schedule, now);
  // A clock that was put far back must not silence a job until it has caught up.
  const settled = cursor.settled > now + STEP_MS ? now : cursor.settled;
  // What is far too old is not even counted: a year of minutes would take its time.
  const from = Math.max(settled, now - Math.max(settings.maxAgeMs, DAY_MS));
  const { recent, count } = dueTimes(next, from, now);
  const fitting = recent.filter((at) => fits(at, now, settings));
  const runs = settings.missed === 'all' ? fitting : fitting.slice(-1);
  return {
    runs,
    left: count - runs.length,
    cursor: { schedule, settled: Math.max(settled, recent.at(-1) ?? from) },
    nextAt: next(Math.max(settled, now)),
  };
}

function fits(at: number, now: number, { missed, maxAgeMs }: MissedSettings): boolean {
  const age = now - at;
  return age <= (missed === 'skip' ? PUNCTUAL_MS : Math.max(PUNCTUAL_MS, maxAgeMs));
}

/** Due times after `from`, up to `to`: how many, and the last of them. */
function dueTimes(next: NextDue, from: number, to: number): { recent: number[]; count: number } {
  const recent: number[] = [];
  let count = 0;
  for (let at = next(from); at !== undefined && at <= to; at = next(at)) {
    count += 1;
    recent.push(at);
    if (recent.length > MOST_MISSED) recent.shift();
  }
  return { recent, count };
}
