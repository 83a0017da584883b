import type { Runnable } from '../../core/scope.ts';
import { type InboxOptions, type Looker, RunningInbox } from './running.ts';

/** One folder that files come into. Runs until `drain`: it then ends at once, since all that it knows is in the ledger. */
export interface Inbox extends Runnable {
  /**
   * Looks at the whole folder now; resolves when all that is there is in the ledger, and what is whole has gone on. Rejects where the
   * inbox ends before.
   */
  look(): Promise<void>;
  /** How many files that are on their way are in memory; the others are in the ledger alone. */
  inMemory(): number;
}

/** Scans are the truth: each looks at everything. What the kernel tells between them only says where to look at once. */
export function createInbox(options: InboxOptions): Inbox {
  const asked: Looker[] = [];
  let running: RunningInbox | undefined;
  let isOver = false;
  return {
    look() {
      if (isOver)
        return Promise.reject(new Error(`cannot look at the inbox ${options.plan.name}: it has ended`));
      if (running?.hangs !== undefined) return Promise.reject(new Error(running.hangs));
      return new Promise((resolve, reject) => {
        asked.push({ resolve, reject, at: Infinity });
        running?.wake();
      });
    },
    inMemory: () => running?.inMemory ?? 0,
    async run(scope) {
      try {
        running = new RunningInbox(options, scope, asked);
        await running.run();
      } finally {
        isOver = true;
        for (const { reject } of asked.splice(0))
          reject(new Error(`cannot look at the inbox ${options.plan.name}: it has ended`));
      }
    },
  };
}
