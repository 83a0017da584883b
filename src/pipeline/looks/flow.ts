import type { Clock } from '../../core/clock.ts';
import type { LedgerReader } from '../ledger/ledger.ts';

/** How much a step has done of late. */
export interface Flow {
  readonly step: string;
  /** Tasks that ended with a product in the last minute, and in the last hour. */
  readonly minute: number;
  readonly hour: number;
}

const STRETCH_MS = 5000;
const MINUTE = 60_000 / STRETCH_MS;
const HOUR = 3_600_000 / STRETCH_MS;
/** What ended so lately may not have been committed at the last look. */
const AGAIN = 2;

/** Counts what steps do, each time only what is new since the last: a look costs what was done meanwhile, not what there is. */
export function createFlow(
  ledger: Pick<LedgerReader, 'doneSince'>,
  clock: Pick<Clock, 'now'>,
): () => Promise<readonly Flow[]> {
  /** By stretch, then by step. */
  const counts = new Map<number, Map<string, number>>();
  let looked = -1;
  return async () => {
    const present = Math.floor(clock.now() / STRETCH_MS);
    const oldest = present - HOUR + 1;
    // A clock that was put back: what was counted is of another time.
    if (looked > present) looked = -1;
    const from = Math.max(oldest, looked - AGAIN);
    const found = await ledger.doneSince(from * STRETCH_MS, STRETCH_MS);
    for (const stretch of counts.keys()) if (stretch < oldest || stretch >= from) counts.delete(stretch);
    for (const { step, stretch, count } of found) {
      const own = counts.get(stretch) ?? new Map<string, number>();
      counts.set(stretch, own.set(step, count));
    }
    looked = present;
    return flowsIn(counts, present);
  };
}

function flowsIn(counts: ReadonlyMap<number, ReadonlyMap<string, number>>, present: number): readonly Flow[] {
  const flows = new Map<string, { minute: number; hour: number }>();
  for (const [stretch, steps] of counts) {
    if (stretch > present) continue;
    for (const [step, count] of steps) {
      const flow = flows.get(step) ?? { minute: 0, hour: 0 };
      flow.hour += count;
      if (stretch > present - MINUTE) flow.minute += count;
      flows.set(step, flow);
    }
  }
  return [...flows].map(([step, flow]) => ({ step, ...flow }));
}
