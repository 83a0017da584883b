import type { Intake } from '../engine/intake.ts';
import type { InboxFile } from '../ledger/types.ts';
import type { Clocks, Steady } from './pending.ts';

/**
 * Files on their way that do not fit into memory: all that there is to know of them is in the ledger, and they are taken out of it as
 * they come due. Moments are of the monotonic clock, milliseconds.
 */
export interface Shelf {
  /** A file, as the ledger has it, is in memory no more. */
  put(due: number): void;
  /** When the first of them comes due; Infinity where none does. */
  next(): number;
  /** Files whose time has come, at most so many, and some that are in memory. */
  take(most: number): Promise<readonly InboxFile[]>;
}

export function createShelf(
  inbox: string,
  intake: Pick<Intake, 'dueFiles' | 'firstDue'>,
  clocks: Clocks,
  steady: Steady,
): Shelf {
  let next = Infinity;
  return {
    put(due) {
      next = Math.min(next, due);
    },
    next: () => next,
    async take(most) {
      const now = clocks.monotonic();
      if (next > now) return [];
      const files = await intake.dueFiles(inbox, Math.floor(steady.wallOf(now)), most);
      if (files.length < most) {
        const first = await intake.firstDue(inbox);
        next = first === undefined ? Infinity : Math.max(steady.monotonicOf(first), now + LEAST_MS);
      }
      return files;
    },
  };
}

/** Those that are due and stay are in memory, where they are looked at by themselves. */
const LEAST_MS = 20;
