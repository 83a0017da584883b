import { dirname } from 'node:path';
import { newestOf } from '../agent/cursor.ts';
import { resolveReference } from '../core/references.ts';
import type { OpenBoard } from './board/board.ts';
import type { Plan, PlannedShipping } from './plan.ts';
import { type Shipping, type ShippingOptions, type ShippingState, startShipping } from './shipping.ts';

/** The shipping of a daemon's records as its plan says, over reloads. */
export interface ShippingCourse {
  /** Begins, ends, or goes to another hub where the plan says so now. @param board what is told and done there beside records. */
  use(plan: Plan, board?: OpenBoard): Promise<void>;
  /** Undefined where records are sent nowhere. */
  state(): ShippingState | undefined;
  /** Rejects where it cannot go on: the daemon has to end. Never resolves. */
  readonly failed: Promise<never>;
  /** Sends what was said in the last moment, where the hub is there. */
  close(): Promise<void>;
}

export type ShippingCourseOptions = Omit<ShippingOptions, 'hub' | 'failed' | 'known' | 'board'>;

/** For the last words of a daemon that ends. */
const DRAIN_MS = 2000;

export function createShippingCourse(options: ShippingCourseOptions): ShippingCourse {
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  // Before this daemon says anything: what a hub has beyond it is of a life that a backup undid.
  let known: number | undefined = newestOf(options.store);
  let planned: PlannedShipping | undefined;
  let running: Shipping | undefined;
  const end = async (): Promise<void> => {
    const ending = running;
    running = undefined;
    await ending?.close(DRAIN_MS);
  };
  return {
    failed: failure.promise,
    async use(plan, board) {
      if (JSON.stringify(plan.shipping) === JSON.stringify(planned)) return;
      planned = plan.shipping;
      await end();
      if (planned === undefined) return;
      const { url, token, ca, pinned } = planned;
      const folder = dirname(plan.file);
      const started = startShipping({
        ...options,
        hub: { url, ca, pinned, token: () => resolveReference(token, folder, process.env) },
        failed: failure.reject,
        known,
        board: board?.(planned.act),
      });
      known = undefined;
      // The address was checked with the config.
      if (!started.ok) throw new Error(`cannot use the hub's address: ${started.error}`);
      running = started.value;
    },
    state: () => running?.state(),
    close: end,
  };
}
