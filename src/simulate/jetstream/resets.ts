import type { ResetFault } from './faults.ts';

/** Lets resets happen: each once, when all that it waits for has come. */
export interface Resets {
  /** So many events are about to come live. */
  emitted(events: number): void;
  /** The k-th attempt to connect. */
  arrived(connection: number): void;
}

/** @param happen called before the first event that is another server's. */
export function createResets(resets: readonly ResetFault[], happen: (reset: ResetFault) => void): Resets {
  let pending = resets;
  let connections = 0;
  let live = 0;
  const check = (): void => {
    for (const reset of pending) {
      const { connection = 0, after = 0 } = reset.when ?? {};
      if (connections < connection || live < after) continue;
      pending = pending.filter((each) => each !== reset);
      happen(reset);
    }
  };
  return {
    emitted(events) {
      check();
      live += events;
    },
    arrived(connection) {
      connections = connection;
      check();
    },
  };
}
