import type { Clock } from '../../core/clock.ts';
import { RpcError } from '../../core/rpc.ts';

/** What whoever borrows a ledger hears. */
export interface LendingNews {
  readonly state: 'waiting' | 'lent';
  readonly running: readonly string[];
}

/** Lets another process have the ledger of a service that goes on running. */
export interface Lending {
  /** What wants the ledger, or has it; undefined where nobody does. */
  wanted(): string | undefined;
  /** Resolves when somebody wants it: at once where somebody does. */
  asked(): Promise<void>;
  /** Says that it is free, and resolves when the borrower is gone. */
  give(): Promise<void>;
  /** One borrower's side: lasts until `signal`, which is the end of its connection. */
  lend(
    what: string,
    running: () => readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<LendingNews, void>;
}

const NEWS_MS = 1000;

interface Loan {
  readonly what: string;
  readonly given: PromiseWithResolvers<void>;
  readonly back: PromiseWithResolvers<void>;
}

export function createLending(clock: Clock): Lending {
  let loan: Loan | undefined;
  let asked = Promise.withResolvers<void>();
  return {
    wanted: () => loan?.what,
    asked: () => asked.promise,
    async give() {
      loan?.given.resolve();
      await loan?.back.promise;
    },
    async *lend(what, running, signal) {
      if (loan !== undefined) throw new RpcError('lent', `cannot lend it twice: ${loan.what} has it`);
      const own: Loan = { what, given: Promise.withResolvers(), back: Promise.withResolvers() };
      loan = own;
      asked.resolve();
      try {
        for (let isGiven = false; !signal.aborted && !isGiven; ) {
          const names = running();
          if (names.length > 0) yield { state: 'waiting', running: names };
          const patience = new AbortController();
          const either = AbortSignal.any([patience.signal, signal]);
          const given = own.given.promise.then(() => true);
          isGiven = await Promise.race([given, clock.sleep(NEWS_MS, either).then(() => false)]);
          patience.abort();
        }
        if (signal.aborted) return;
        yield { state: 'lent', running: [] };
        await ended(signal);
      } finally {
        loan = undefined;
        asked = Promise.withResolvers<void>();
        own.back.resolve();
      }
    },
  };
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
