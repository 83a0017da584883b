import type { Clock } from '../../core/clock.ts';
import { followSchedule } from '../../core/schedule.ts';
import type { DraftOf, Ledger } from '../ledger/ledger.ts';
import { nameOf, type ProductFile, type Task } from '../ledger/types.ts';
import type { StepPlan } from '../plan.ts';
import type { Router } from './routing.ts';

/** Steps that run at times, over the products that are there. */
export interface Periodic {
  /** Makes the tasks of every step whose time has come since it last ran; answers with when the next one's comes. */
  begin(now: number): Promise<{ readonly made: number; readonly next: number | undefined }>;
}

/** Products that are looked at in one read. */
const PAGE = 1000;

export function createPeriodic(
  steps: readonly StepPlan[],
  ledger: Ledger,
  router: Router,
  clock: Pick<Clock, 'now'>,
): Periodic {
  const timed = steps.flatMap((step) =>
    step.at === undefined || !step.enabled ? [] : [{ step, after: followSchedule(step.at) }],
  );
  return {
    async begin(now) {
      let made = 0;
      let next: number | undefined;
      for (const { step, after } of timed) {
        const mark = `periodic/${step.name}`;
        const last = await ledger.mark(mark);
        // The first time is the first one after the step was there; one that was missed is made up for once.
        const from = last === undefined ? clock.now() : Number(last);
        if (last === undefined) await ledger.setMark(mark, String(from));
        let due = after(from);
        if (due !== undefined && due <= now) {
          made += (await beginOne(step, ledger, router, now)).length;
          await ledger.setMark(mark, String(now));
          due = after(now);
        }
        if (due !== undefined && (next === undefined || due < next)) next = due;
      }
      return { made, next };
    },
  };
}

/** Makes tasks for what the step has not done yet with its version, of what is there now. */
async function beginOne(
  step: StepPlan,
  ledger: Ledger,
  router: Router,
  now: number,
): Promise<readonly number[]> {
  const drafts: DraftOf[] = [];
  for (const product of await candidates(step, ledger)) {
    if (step.only === 'complete' && !product.complete) continue;
    const draft = router.draft(step, nameOf(product));
    if (draft === undefined) continue;
    const before = (await ledger.tasksOn(product.id)).filter((task) => task.step === step.name);
    if (!before.some((task) => isSettled(task, step))) drafts.push({ draft, files: [product.id] });
  }
  return drafts.length === 0 ? [] : ledger.add(drafts, now);
}

/** Done, ignored for ever, failed for good, or still to be done: only what was skipped or cut is looked at again. */
function isSettled({ state, version }: Task, step: StepPlan): boolean {
  return version === step.version && state !== 'skipped' && state !== 'cancelled';
}

async function candidates(step: StepPlan, ledger: Ledger): Promise<readonly ProductFile[]> {
  const all: ProductFile[] = [];
  for (const origin of step.from) {
    for (let after = ''; ; ) {
      const page = await ledger.products({ step: origin, after, limit: PAGE });
      all.push(...page);
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.path;
    }
  }
  return step.over === 'all' ? all : latest(all);
}

/** Of products whose names differ in their version alone, those of the highest. */
export function latest(products: readonly ProductFile[]): readonly ProductFile[] {
  const best = new Map<string, ProductFile>();
  for (const product of products) {
    const name = nameWithout(product);
    const known = best.get(name);
    if (known === undefined || product.version > known.version) best.set(name, product);
  }
  return [...best.values()];
}

/** A path without the version that it was made with: `L1/a_V02.json` and `L1/a_V2.json` as `L1/a_V*.json`. Only digits after a `V` that begins a word are one. */
function nameWithout(product: ProductFile): string {
  const { version } = product;
  return nameOf(product).replaceAll(
    /(^|[/_.-])([vV])(\d+)/g,
    (whole, start: string, letter: string, digits: string) =>
      Number(digits) === version ? `${start}${letter}*` : whole,
  );
}
