import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Scope } from '../../core/scope.ts';
import { createPipeline, type PipelineOptions } from '../create.ts';
import { createRouter, type Router } from '../engine/routing.ts';
import type { DraftOf, Ledger } from '../ledger/ledger.ts';
import type { ProductFile, Task } from '../ledger/types.ts';
import { ANYWHERE, type PipelinePlan } from '../plan.ts';
import { identityOf } from '../steps/install.ts';
import { below, type Selected } from './selection.ts';
import { levelByLevel } from './shared-ledger.ts';

export interface ReprocessOptions extends Omit<PipelineOptions, 'begin' | 'isClosed' | 'order'> {
  readonly files: PipelineOptions['files'];
  readonly selected: readonly Selected[];
  /** Removes what these steps have made before, as far as the ledger knows it. */
  readonly clean: boolean;
  /** The plan has not all that the service would do of a file. */
  readonly isPart: boolean;
}

/** What a run came to. */
export interface Reprocessed {
  readonly tasks: readonly Task[];
  /** What was made, absolute, in the order of the levels. */
  readonly products: readonly { readonly step: string; readonly path: string }[];
  /** How many products were removed before. */
  readonly removed: number;
  /** Why it stopped before its end. */
  readonly stopped?: string;
}

/**
 * Runs selected files through a plan, one level after the other, in the ledger that the products are written down in: what waits
 * there for the service is left alone. Ends when nothing is left to be done, when `drain` says so, or at the first failure where
 * the plan wants that. Rejects where the disk fails.
 */
export async function reprocess(options: ReprocessOptions, scope: Scope): Promise<Reprocessed> {
  const { ledger: whole, plan, clock, selected } = options;
  const ledger = levelByLevel(whole, plan);
  let last = 0;
  let removed = 0;
  const pipeline = createPipeline({
    ...options,
    ledger,
    order: 'breadth',
    isClosed: true,
    async begin() {
      await whole.restore(clock.now());
      last = await whole.setAside(options.isPart);
      if (options.clean) removed = await clean(whole, plan, clock);
      await give(whole, plan, createRouter(plan, 'breadth'), selected, clock);
    },
  });
  const over = new AbortController();
  const drain = AbortSignal.any([scope.drain, over.signal]);
  const began = Promise.withResolvers<void>();
  const running = pipeline.run({ ...scope, drain, ready: () => began.resolve() });
  try {
    await Promise.race([began.promise, running]);
    await Promise.race([workedOff(whole, pipeline.settled, () => ledger.held(), clock, drain), running]);
  } finally {
    over.abort();
    try {
      await running;
    } finally {
      await whole.replace(last, clock.now());
      await whole.restore(clock.now());
    }
  }
  const stopped = scope.drain.aborted ? 'it was ended' : ledger.held();
  return {
    ...(await madeAfter(whole, last, plan)),
    removed,
    ...(stopped === undefined ? {} : { stopped }),
  };
}

const LOOK_MS = 50;
/** A task that waits to be tried again is waited for; one that was deferred is not. */
const PENDING: readonly string[] = ['gathering', 'ready', 'running', 'installing', 'retry'];

async function workedOff(
  ledger: Ledger,
  settled: (signal: AbortSignal) => Promise<void>,
  held: () => string | undefined,
  clock: Clock,
  drain: AbortSignal,
): Promise<void> {
  for (;;) {
    // One of its own each time: what listens to it is gone with it.
    const one = new AbortController();
    const stop = (): void => one.abort();
    drain.addEventListener('abort', stop, { once: true });
    await settled(one.signal).catch(() => {});
    drain.removeEventListener('abort', stop);
    const pending = (await ledger.tally()).some(({ state }) => PENDING.includes(state));
    if (!pending || held() !== undefined || !(await clock.sleep(LOOK_MS, drain))) return;
  }
}

/** Removes what the steps of a plan have made: first from the ledger, which never says that something is there which is not. */
async function clean(ledger: Ledger, plan: PipelinePlan, clock: Clock): Promise<number> {
  let removed = 0;
  for (const { name } of plan.steps) {
    for (;;) {
      const page = await ledger.products({ step: name, limit: PAGE });
      if (page.length === 0) break;
      await ledger.gone(
        page.map(({ id }) => id),
        clock.now(),
      );
      for (const { path } of page) await rm(join(plan.products, path), { force: true });
      removed += page.length;
    }
  }
  return removed;
}

const PAGE = 500;

/** Makes the tasks for what is selected. */
async function give(
  ledger: Ledger,
  plan: PipelinePlan,
  router: Router,
  selected: readonly Selected[],
  clock: Clock,
): Promise<void> {
  let drafts: DraftOf[] = [];
  const flush = async (): Promise<void> => {
    if (drafts.length > 0) await ledger.add(drafts, clock.now());
    drafts = [];
  };
  for (const { step, file, name } of selected) {
    const draft = router.draft(step, name);
    if (draft === undefined) throw new Error(`cannot give ${name} to ${step.name}: it takes no such file`);
    const id = await known(ledger, plan, file, clock);
    drafts.push({ draft, files: [id] });
    if (drafts.length >= PAGE) await flush();
  }
  await flush();
}

/** The number of a file in the ledger, as its content is now; one that is not known is written down. */
async function known(ledger: Ledger, plan: PipelinePlan, file: string, clock: Clock): Promise<number> {
  const identity = await identityOf(file);
  const isSame = (each: { readonly size: number; readonly mtimeNs: string }): boolean =>
    each.size === identity.size && each.mtimeNs === identity.mtimeNs;
  const product = below(file, plan.products);
  const current =
    product === undefined
      ? undefined
      : (await ledger.filesAt(product)).find(
          (each): each is ProductFile => each.kind === 'product' && each.state === 'current',
        );
  if (current !== undefined && isSame(current)) return current.id;
  const inbox =
    plan.inboxes.find(({ name, root }) => name !== ANYWHERE && below(file, root) !== undefined) ??
    plan.inboxes.find(({ name }) => name === ANYWHERE);
  if (inbox === undefined) throw new Error(`cannot find a folder for ${file}`);
  const path = inbox.root === '/' ? file.slice(1) : (below(file, inbox.root) ?? '');
  const before = await ledger.inboxFile(inbox.name, path);
  if (before !== undefined && isSame(before) && SETTLED.includes(before.state)) return before.id;
  // It becomes ready with its first task. That no inbox has settled it says that the service has not taken it.
  const [written] = await ledger.sight(inbox.name, [{ path, ...identity, state: 'seen' }], clock.now());
  if (written === undefined) throw new Error(`cannot write down ${file}`);
  return written.id;
}

const SETTLED: readonly string[] = ['ready', 'done', 'partial', 'failed', 'parked', 'ignored'];

async function madeAfter(
  ledger: Ledger,
  last: number,
  plan: PipelinePlan,
): Promise<Pick<Reprocessed, 'tasks' | 'products'>> {
  const tasks: Task[] = [];
  for (let after = last; ; ) {
    const page = await ledger.tasksAfter(after, PAGE);
    tasks.push(...page);
    const end = page.at(-1);
    if (end === undefined || page.length < PAGE) break;
    after = end.id;
  }
  tasks.sort((a, b) => a.level - b.level || a.id - b.id);
  const products: { step: string; path: string }[] = [];
  const seen = new Set<string>();
  for (const { id, step } of tasks) {
    for (const { path } of await ledger.productsOf(id)) {
      if (seen.has(path)) continue;
      seen.add(path);
      products.push({ step, path: join(plan.products, path) });
    }
  }
  return { tasks, products };
}
