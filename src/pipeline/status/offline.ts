import { figuresOf } from '../figures.ts';
import { HELD } from '../engine/hold.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import type { PipelineView } from '../pipeline.ts';
import type { PipelinePlan } from '../plan.ts';

/** A pipeline that does not run, as its ledger has it: nothing is worked on, whatever was when it ended. */
export async function offlineView(
  name: string,
  plan: PipelinePlan,
  ledger: LedgerReader,
  logs: string,
): Promise<PipelineView> {
  const held = await ledger.mark(HELD);
  const idle = { running: () => [], idleSince: () => undefined, held: () => held };
  return { name, plan, ledger, logs, running: () => [], figures: () => figuresOf(plan, ledger, idle) };
}
