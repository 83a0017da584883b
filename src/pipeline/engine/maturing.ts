import { dirname, join } from 'node:path';
import type { Claim, Owner, ProductFile } from '../ledger/types.ts';
import { nameOf } from '../ledger/types.ts';
import type { StepPlan } from '../plan.ts';
import { finish, makeFolders } from '../steps/install.ts';
import type { Carrying } from './carry.ts';
import { produced } from './produced.ts';

/** Makes products complete that have not grown for long enough: `complete-after`. */
export interface Maturing {
  /** Puts what has come of age to the place of what is complete; answers with when the next one does, wall milliseconds. */
  begin(now: number): Promise<number | undefined>;
}

/** Products of a step in one pass: what can run does not wait for many. */
const AT_ONCE = 100;
/** What could not be made complete, since it is worked on or something else has its place, is looked at again so much later. */
const AGAIN_MS = 60_000;

export function createMaturing(steps: readonly StepPlan[], carrying: Carrying, owner: Owner): Maturing {
  const timed = steps.flatMap((step) =>
    step.completeAfterMs === undefined || !step.enabled ? [] : [{ step, afterMs: step.completeAfterMs }],
  );
  /** What cannot be made complete: said once of each content, and left to the next runner. */
  const said = new Set<number>();
  const { ledger, log } = carrying;
  return {
    async begin(now) {
      let next: number | undefined;
      for (const { step, afterMs } of timed) {
        const found = await ledger.grown(step.name, now - afterMs, AT_ONCE + said.size);
        const grown = found.filter(({ id }) => !said.has(id));
        for (const product of grown) {
          if (await mature(product, step, carrying, owner, now)) continue;
          said.add(product.id);
          log.error(`cannot make ${product.path} complete`, {
            reason: `something else is at ${nameOf(product)}, or it is not there any more`,
          });
        }
        const oldest = await ledger.nextGrowing(step.name);
        if (oldest === undefined) continue;
        const due = oldest + afterMs > now ? oldest + afterMs : now + (grown.length < AT_ONCE ? AGAIN_MS : 1);
        next = Math.min(next ?? due, due);
      }
      return next;
    },
  };
}

/** Whether a product is complete by now. */
async function mature(
  product: ProductFile,
  step: StepPlan,
  carrying: Carrying,
  owner: Owner,
  now: number,
): Promise<boolean> {
  const { ledger, context, files, patience, log } = carrying;
  const folder = dirname(join(context.products, nameOf(product)));
  await patience.until('make a folder for products', () => makeFolders(folder, files));
  const begun = await ledger.finalise(product, owner, context.products, now);
  if (begun === undefined) return false;
  const { claim, installs } = begun;
  if (
    !(await patience.until('put products in their places', () => finish(installs, context.products, files)))
  ) {
    await ledger.end(claim, { ...GIVEN_UP, log: null }, now);
    return false;
  }
  const products = await produced(step, installs, carrying);
  const success = { state: 'done' as const, exit: null, error: null, log: null, products };
  await ledger.succeed(claim, success, now);
  log.info(`${step.name}: complete by time`, { product: join(context.products, nameOf(product)) });
  return true;
}

/** How a task ends that was to make a product complete which is not there, or has another content. */
export const GIVEN_UP = {
  state: 'cancelled' as const,
  exit: null,
  error: 'the product that was to be complete is not there with its content',
};

/** Whether a task only makes a product of its own step complete: it has no run. */
export function isMaturing({ task, files }: Pick<Claim, 'task' | 'files'>): boolean {
  return files.some((file) => file.kind === 'product' && file.origin === task.step);
}
