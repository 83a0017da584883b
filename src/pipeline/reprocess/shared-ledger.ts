import { HELD } from '../engine/hold.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PipelinePlan } from '../plan.ts';

/** A ledger as a run over old files sees it. */
export type LeveledLedger = Ledger & {
  /** Why the run has stopped; of the service nothing is held by that. */
  held(): string | undefined;
};

const OPEN: readonly string[] = ['gathering', 'ready', 'running', 'installing', 'retry'];

/**
 * A ledger of which a task is claimed only when all of the levels below it are over. What would be remembered for the service (that
 * it is held, what its tasks are) is not written. To be used while what waits for the service is set aside.
 */
export function levelByLevel(ledger: Ledger, plan: Pick<PipelinePlan, 'steps'>): LeveledLedger {
  let held: string | undefined;
  const levels = new Map(plan.steps.map(({ name, level }) => [name, level]));
  return {
    ...ledger,
    held: () => held,
    mark: async (name) => (name === HELD ? held : ledger.mark(name)),
    async setMark(name, value) {
      if (name === HELD) held = value;
      else await ledger.setMark(name, value);
    },
    adopt: async () => {},
    async claim(owner, free, room, now) {
      const open = (await ledger.tally()).filter(({ state }) => OPEN.includes(state));
      const lowest = Math.min(...open.flatMap(({ step }) => levels.get(step) ?? []));
      const here = new Map([...free].filter(([step]) => levels.get(step) === lowest));
      return here.size === 0 ? [] : ledger.claim(owner, here, room, now);
    },
  };
}
