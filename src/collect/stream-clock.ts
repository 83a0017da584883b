/** How far an event's time may be off the stream's clock before the clock counts instead: ten minutes. */
export const MOST_OFF_MS = 600_000;

/** Events whose times make the clock. An odd number, so that the median is one of them; at 400 events/s it looks back 0.3 s. */
const WINDOW = 101;

/** How many of the last events are asked where more of them reach back too far: in a slow stream, that is. */
const LEAST = 5;
const FEWER = [15, LEAST] as const;

/**
 * A median lies half a window behind a stream's end. Where the fifth of the times around it spans more than this, that half spans
 * more than MOST_OFF_MS.
 */
const SLOW_MS = MOST_OFF_MS / 2.5;

/** With fewer times than this the median can be one liar's, so a first batch is asked as a whole. */
const ENOUGH = 15;

/**
 * The stream's own clock: the median of its last events' times, never ahead of the time of receipt.
 *
 * Senders' clocks run backwards and lie, so an event cannot say alone which part it belongs to; the majority of
 * its neighbours can. Where even the last few are far apart, as after an outage in a stream of an event in some minutes, each is
 * believed. The state goes into every checkpoint, so that a replay after a crash places each event as before.
 */
export interface StreamClock {
  /** The clock as of now, milliseconds since 1970 UTC; NaN before the first event. */
  read(): number;
  /** Forgets what it knows: the stream has jumped, and what was before says nothing of what comes. */
  restart(): void;
  /** Before a batch is placed: lets a clock that knows too little look ahead at its times. */
  lookAhead(times: readonly number[]): void;
  /** The time that counts for an event; `corrected` where that is not its own. */
  place(time: number, received: number): { readonly time: number; readonly corrected: boolean };
  /** For the checkpoint. */
  state(): ClockState;
}

/** The window's times, oldest first, as differences to the first one: short in JSON. */
export interface ClockState {
  readonly base: number;
  readonly offsets: number[];
}

export function createStreamClock(restored?: ClockState): StreamClock {
  const last = createWindow();
  let ahead = Number.NaN;
  for (const offset of restored?.offsets ?? []) last.push((restored?.base ?? 0) + offset);
  let clock = last.median();

  return {
    read: () => clock,
    restart() {
      last.clear();
      ahead = Number.NaN;
    },
    lookAhead(times) {
      ahead = Number.NaN;
      if (last.size() >= ENOUGH) return;
      const known = [
        ...last.oldestFirst(),
        ...times.filter((time) => Number.isFinite(time)).slice(0, WINDOW),
      ];
      known.sort((a, b) => a - b);
      // What lies far ahead says nothing of where a slow stream stands.
      ahead = isSlow(known, known.length) ? Number.NaN : (known[(known.length - 1) >> 1] ?? Number.NaN);
    },
    place(time, received) {
      if (Number.isFinite(time)) last.push(time);
      const middle = Number.isNaN(ahead) || last.size() >= ENOUGH ? last.median() : ahead;
      clock = Number.isNaN(middle) ? received : Math.min(middle, received);
      // In a slow stream the median lies far back, but the time of receipt is a witness too, and an honest one.
      const near = Math.min(Math.abs(time - clock), Math.abs(time - received));
      const own = near <= MOST_OFF_MS;
      return { time: own ? time : clock, corrected: !own };
    },
    state() {
      const times = last.oldestFirst();
      const base = times[0] ?? 0;
      return { base, offsets: times.map((time) => time - base) };
    },
  };
}

/** Whether the middle of some sorted times spans so much that their median lies too far behind the newest. */
function isSlow(sorted: ArrayLike<number>, count: number): boolean {
  if (count === 0) return false;
  const low = sorted[Math.floor((count - 1) * 0.4)] as number;
  const high = sorted[Math.ceil((count - 1) * 0.6)] as number;
  return high - low > SLOW_MS;
}

/** The last WINDOW times, in the order in which they came, and sorted. */
function createWindow() {
  const ring = new Float64Array(WINDOW);
  const sorted = new Float64Array(WINDOW);
  let count = 0;
  let next = 0;

  /** The median of the newest `n`, unless they reach back too far. */
  const recent = (n: number): number => {
    const times = Array.from(
      { length: Math.min(n, count) },
      (_, i) => ring[(next - 1 - i + WINDOW) % WINDOW] as number,
    );
    times.sort((a, b) => a - b);
    return isSlow(times, times.length) ? Number.NaN : (times[(times.length - 1) >> 1] as number);
  };

  /** The first index in `sorted` whose value is not below `value`. */
  const position = (value: number): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    push(time: number): void {
      if (count === WINDOW) {
        const gone = position(ring[next] as number);
        sorted.copyWithin(gone, gone + 1, count);
        count -= 1;
      }
      const at = position(time);
      sorted.copyWithin(at + 1, at, count);
      sorted[at] = time;
      count += 1;
      ring[next] = time;
      next = (next + 1) % WINDOW;
    },
    clear(): void {
      count = 0;
      next = 0;
    },
    size: () => count,
    median(): number {
      const middle = count === 0 ? Number.NaN : (sorted[(count - 1) >> 1] as number);
      if (count < LEAST || !isSlow(sorted, count)) return middle;
      const found = FEWER.map(recent).find((time) => !Number.isNaN(time));
      return found ?? (ring[(next - 1 + WINDOW) % WINDOW] as number);
    },
    oldestFirst(): number[] {
      const first = count === WINDOW ? next : 0;
      return Array.from({ length: count }, (_, i) => ring[(first + i) % WINDOW] as number);
    },
  };
}
