import type { Clock, Timer } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { DatabaseError } from '../core/sqlite.ts';
import type { JobStore, RunRow } from './history.ts';
import type { JobState } from './job-state.ts';

const RETRY_MS = 1000;

/** Brings what changed into the store, and does what follows from it only then. While the disk takes nothing, both wait. */
export interface Keeping {
  change(name: string, state: JobState | null, runs: readonly RunRow[], then: () => void): void;
  /** Stores what waits; true where nothing waits any more. What follows is done then. */
  flush(): boolean;
  close(): void;
}

/** @param back called when the disk takes writes again, after it had refused one. */
export function createKeeping(store: JobStore, clock: Clock, log: Log, back: () => void): Keeping {
  let states = new Map<string, JobState | null>();
  let runs: RunRow[] = [];
  let then: (() => void)[] = [];
  let timer: Timer | undefined;
  let isRefused = false;

  const flush = (): boolean => {
    if (timer !== undefined) return false;
    if (states.size + runs.length > 0) {
      try {
        store.commit(states, runs);
      } catch (error) {
        if (!(error instanceof DatabaseError) || !error.retry) throw error;
        if (!isRefused)
          log.error('cannot write the history of jobs: no run begins', { reason: error.message });
        isRefused = true;
        timer = clock.timer(RETRY_MS, () => {
          timer = undefined;
          if (flush()) back();
        });
        return false;
      }
    }
    isRefused = false;
    const due = then;
    states = new Map();
    runs = [];
    then = [];
    for (const each of due) each();
    return states.size + runs.length === 0 || flush();
  };

  return {
    change(name, state, rows, after) {
      states.set(name, state);
      // A run that began and ended while nothing could be stored is one row.
      runs = [
        ...runs.filter((row) => !rows.some((each) => each.job === row.job && each.run === row.run)),
        ...rows,
      ];
      then.push(after);
    },
    flush,
    close: () => timer?.cancel(),
  };
}
