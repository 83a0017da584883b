import type { Log } from '../../core/log.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** A mark in the ledger: why nothing is begun. */
export const HELD = 'held';

/** Whether nothing new is begun, and why; it outlives the runner. */
export interface Hold {
  load(): Promise<void>;
  why(): string | undefined;
  set(why: string): Promise<void>;
  clear(): Promise<void>;
}

export function createHold(ledger: Pick<Ledger, 'mark' | 'setMark'>, log: Log): Hold {
  let held: string | undefined;
  return {
    async load() {
      held = await ledger.mark(HELD);
      if (held !== undefined) log.warn('begins nothing new', { reason: held });
    },
    why: () => held,
    async set(why) {
      held = why;
      await ledger.setMark(HELD, why);
      log.warn('begins nothing new', { reason: why });
    },
    async clear() {
      held = undefined;
      await ledger.setMark(HELD, undefined);
    },
  };
}
