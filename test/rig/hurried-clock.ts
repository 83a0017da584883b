import { type Clock, sleepOn, systemClock } from '../../src/core/clock.ts';

/** The real clock, but everything that is waited for comes `factor` times sooner; wall time stays what it is. */
export function createHurriedClock(factor: number): Clock {
  const clock: Clock = {
    now: systemClock.now,
    micros: systemClock.micros,
    monotonic: () => systemClock.monotonic() * factor,
    timer: (ms, fn) => systemClock.timer(ms / factor, fn),
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
  };
  return clock;
}
