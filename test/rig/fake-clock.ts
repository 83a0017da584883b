import { setImmediate as turn } from 'node:timers/promises';
import { sleepOn, type Clock } from '../../src/core/clock.ts';

/** A clock that stands still until it is turned. */
export interface FakeClock extends Clock {
  /** Turns both clocks on; timers that come due run in order, and everything that they set off runs before the next one. */
  advance(ms: number): Promise<void>;
  /** A step of the wall clock alone, either way. Timers do not notice. */
  jumpWall(ms: number): void;
  /** When the next timer is due, milliseconds from now; undefined when there is none. */
  nextTimer(): number | undefined;
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** @param wallMs where the wall clock stands, milliseconds since 1970. */
export function createFakeClock(wallMs = Date.parse('2026-11-22T00:00:00Z')): FakeClock {
  let monotonic = 1000;
  let wall = wallMs;
  let order = 0;
  const timers = new Set<Due>();

  const first = (): Due | undefined => {
    let found: Due | undefined;
    for (const due of timers) {
      if (found === undefined || due.at < found.at || (due.at === found.at && due.order < found.order))
        found = due;
    }
    return found;
  };

  /** A few turns of the loop: promises, immediates and what they set off. Input and output may take longer: wait for it. */
  const settle = async (): Promise<void> => {
    for (let turns = 0; turns < 3; turns++) await turn();
  };

  const turnTo = (at: number): void => {
    wall += at - monotonic;
    monotonic = at;
  };

  const clock: FakeClock = {
    now: () => Math.floor(wall),
    micros: () => Math.floor(wall * 1000),
    monotonic: () => monotonic,
    timer(ms, fn) {
      const due: Due = { at: monotonic + Math.max(0, ms), order: order++, fn };
      timers.add(due);
      return { cancel: () => void timers.delete(due) };
    },
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
    async advance(ms) {
      const end = monotonic + ms;
      await settle();
      for (let due = first(); due !== undefined && due.at <= end; due = first()) {
        timers.delete(due);
        turnTo(Math.max(monotonic, due.at));
        due.fn();
        await settle();
      }
      turnTo(end);
    },
    jumpWall(ms) {
      wall += ms;
    },
    nextTimer() {
      const due = first();
      return due === undefined ? undefined : Math.max(0, due.at - monotonic);
    },
  };
  return clock;
}
