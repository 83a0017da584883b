import { join } from 'node:path';
import { RpcError } from '../../core/rpc.ts';
import { figuresOf } from '../../pipeline/figures.ts';
import type { InboxLedger, Ledger, LedgerReader } from '../../pipeline/ledger/ledger.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { PipelinePlan } from '../../pipeline/plan.ts';

/** What a service shows of its pipeline, whichever runner works on it now, and while none does since the ledger is lent. */
export interface Stage {
  readonly pipeline: Omit<Pipeline, 'run'>;
  readonly ledger: Pick<InboxLedger, 'inboxFile' | 'sight'>;
  /** From now on it is this runner; undefined: none. */
  set(runner: { readonly pipeline: Pipeline; readonly ledger: Ledger } | undefined): void;
}

export interface StageOptions {
  readonly name: string;
  readonly plan: PipelinePlan;
  readonly folder: string;
  /** Stays open whoever writes. */
  readonly reader: LedgerReader;
  /** Who has the ledger while no runner works. */
  readonly borrower: () => string | undefined;
}

export function createStage({ name, plan, folder, reader, borrower }: StageOptions): Stage {
  let runner: Parameters<Stage['set']>[0];
  const now = () => {
    if (runner !== undefined) return runner;
    const who = borrower();
    throw new RpcError(
      'lent',
      who === undefined ? 'cannot do that now: it begins' : `cannot do that now: ${who} has its ledger`,
    );
  };
  const lent = {
    running: () => [],
    idleSince: () => undefined,
    held: () => {
      const who = borrower();
      return who === undefined ? undefined : `${who} has its ledger`;
    },
  };
  return {
    set(next) {
      runner = next;
    },
    pipeline: {
      name,
      plan,
      ledger: reader,
      logs: join(folder, 'logs'),
      running: () => runner?.pipeline.running() ?? [],
      figures: () => runner?.pipeline.figures() ?? figuresOf(plan, reader, lent),
      hold: async (why) => now().pipeline.hold(why),
      resume: async () => now().pipeline.resume(),
      retry: async (filter) => now().pipeline.retry(filter),
      goOn: async (files) => now().pipeline.goOn(files),
      look: async () => now().pipeline.look(),
      settled: async (signal) => now().pipeline.settled(signal),
    },
    ledger: {
      inboxFile: async (inbox, path) => now().ledger.inboxFile(inbox, path),
      sight: async (inbox, sightings, at) => now().ledger.sight(inbox, sightings, at),
    },
  };
}
