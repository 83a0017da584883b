import type { Clock } from '../../core/clock.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import type { PipelineFigures } from '../pipeline.ts';
import { createFailures, type Failures, NO_FAILURES } from './failures.ts';
import { createFlow, type Flow } from './flow.ts';

/** How a pipeline stands, in some kilobytes, whatever it has. */
export interface PipelineSummary {
  readonly figures: PipelineFigures;
  /** Files of each inbox by state. */
  readonly inboxes: readonly { readonly inbox: string; readonly files: Readonly<Record<string, number>> }[];
  readonly flow: readonly Flow[];
  readonly failures: Failures;
}

/** Looks at a pipeline again and again; what does not change is not looked at again. */
export function createSummary(
  ledger: LedgerReader,
  figures: () => Promise<PipelineFigures>,
  clock: Clock,
): () => Promise<PipelineSummary> {
  const flow = createFlow(ledger, clock);
  const failures = createFailures(ledger, clock);
  return async () => {
    const own = await figures();
    const inboxes = new Map<string, Record<string, number>>();
    for (const { inbox, state, count } of await ledger.inboxTally()) {
      const files = inboxes.get(inbox) ?? {};
      inboxes.set(inbox, { ...files, [state]: count });
    }
    return {
      figures: own,
      inboxes: [...inboxes].map(([inbox, files]) => ({ inbox, files })),
      flow: await flow(),
      failures: await failures(failureStamp(own)),
    };
  };
}

/** Another one whenever something may have failed, or been mended. */
function failureStamp({ steps, files, progressed, idleSince }: PipelineFigures): string {
  const bad = steps.map(({ tasks }) => [tasks.failed ?? 0, tasks.parked ?? 0]);
  const none = bad.every(([failed, parked]) => failed === 0 && parked === 0) && (files['failed'] ?? 0) === 0;
  // As many as before may be others, where something ran meanwhile.
  return none ? NO_FAILURES : JSON.stringify([bad, files['failed'] ?? 0, progressed, idleSince]);
}
