import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/**
 * The lifecycle of anything that runs: one method, `run(scope)`, which lasts as long as the thing does.
 * It ends by itself after `drain` (finish what was taken, take nothing new), and at once after `stop`
 * (the deadline is over: drop everything). It leaves nothing open behind.
 */
export interface Scope {
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
  /** Says once that the thing does its work. */
  readonly ready: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Runnable {
  run(scope: Scope): Promise<void>;
}
