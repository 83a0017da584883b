import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { disk } from '../../core/files.ts';
import { readStat } from '../../core/process-table.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { Scope } from '../../core/scope.ts';
import { createRouter } from '../../pipeline/engine/routing.ts';
import { readLedger } from '../../pipeline/ledger/sqlite.ts';
import { type ReducedPlan, reducePlan, type Reprocess } from '../../pipeline/reprocess/reduced-plan.ts';
import { reprocess, type Reprocessed } from '../../pipeline/reprocess/run.ts';
import {
  below,
  type Selection,
  selectFiles,
  type SelectionOptions,
} from '../../pipeline/reprocess/selection.ts';
import type { PipelinePlan } from '../../pipeline/plan.ts';
import type { PipelineTarget } from './control.ts';
import type { PipelineTrouble } from './own-ledger.ts';
import { remakeProducts } from './products-lock.ts';
import { ofSteps, withEnvironments, workFolder } from './run-pipeline.ts';
import { takeLedger, type TakeOptions } from './take-ledger.ts';

/** What would be run again, and where. */
export interface ReprocessDraft extends ReducedPlan {
  readonly selection: Selection;
  /** The pipeline whose ledger is written: that of the service, or one of the other folder of products alone. */
  readonly target: PipelineTarget;
  /** Whether products go where those of the service are. */
  readonly isShared: boolean;
  /** Whether the service would do more of a file than the run does. */
  readonly isPart: boolean;
  /** As the service runs it. */
  readonly service: PipelinePlan;
}

/**
 * Says what would be run again: nothing is changed. The error is a whole sentence. Rejects with the system error where a folder
 * cannot be read.
 */
export async function draftReprocess(
  service: PipelineTarget,
  asked: Reprocess,
  options: SelectionOptions,
): Promise<Result<ReprocessDraft, string>> {
  const trouble = foldersTrouble(service, asked.products);
  if (trouble !== undefined) return err(trouble);
  const isShared = asked.products === undefined || asked.products === service.plan.products;
  const reduced = reducePlan(service.plan, asked);
  if (!reduced.ok) return reduced;
  const { plan, starts } = reduced.value;
  const opened = readLedger(service.folder, service.name);
  if (!opened.ok && opened.error.kind !== 'unopenable') return err(opened.error.message);
  try {
    const context = {
      plan: service.plan,
      starts,
      router: createRouter(plan, 'breadth'),
      ledger: opened.ok ? opened.value : undefined,
      isShared,
    };
    const selection = await selectFiles(context, options);
    const target = { ...service, plan, ...(isShared ? {} : elsewhere(service, plan.products)) };
    const usual = reducePlan(service.plan, { without: [], set: {} });
    const isPart =
      usual.ok && usual.value.plan.steps.some(({ name }) => !plan.steps.some((step) => step.name === name));
    return ok({ plan, starts, selection, target, isShared, isPart, service: service.plan });
  } finally {
    if (opened.ok) opened.value.close();
  }
}

function foldersTrouble({ plan }: PipelineTarget, products: string | undefined): string | undefined {
  if (products === undefined || products === plan.products) return undefined;
  const roots = plan.inboxes.map(({ root }) => root);
  const near = [...roots, plan.products].find(
    (folder) =>
      products === folder || below(products, folder) !== undefined || below(folder, products) !== undefined,
  );
  return near === undefined
    ? undefined
    : `cannot put products into ${products}: it and ${near} lie in each other`;
}

/** What is known of another folder of products is kept by its name: a second run into it merges as the first one did. */
function elsewhere({ folder }: PipelineTarget, products: string): Pick<PipelineTarget, 'folder' | 'socket'> {
  const key = createHash('sha256').update(products).digest('hex').slice(0, 16);
  const own = join(folder, 'elsewhere', key);
  return { folder: own, socket: join(own, 'none.sock') };
}

export interface RunReprocess {
  readonly draft: ReprocessDraft;
  readonly clean: boolean;
  readonly cwd: string;
  /** Secrets in the config are relative to its folder. */
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly waits: TakeOptions['waits'];
  /** Called when nobody else works on the products any more. */
  readonly before: () => Promise<Result<void, string>>;
}

/** Runs what was drafted. Resolves when the service, if it runs, has its ledger again. Rejects where the disk fails. */
export async function runReprocess(
  { draft, clean, cwd, configFile, environment, waits, before }: RunReprocess,
  scope: Scope,
): Promise<Result<Reprocessed, PipelineTrouble>> {
  const { target, selection } = draft;
  const { name, folder } = target;
  const resolved = withEnvironments(draft.plan, dirname(configFile), environment);
  if (!resolved.ok) return err({ kind: 'failed', message: resolved.error });
  const plan = resolved.value;
  const what = `vahti pipeline run ${name}`;
  // First the products: while a job that publishes is waited for, the service goes on.
  const waiting = { what, clock: scope.clock, signal: scope.drain, waits };
  const alone = await remakeProducts(target.state, plan.products, waiting);
  if (!alone.ok) return err({ kind: 'locked', message: `cannot run it: ${alone.error}` });
  const taken = await takeLedger(target, waiting);
  if (!taken.ok) {
    alone.value.release();
    return taken;
  }
  try {
    const ready = await before();
    if (!ready.ok) return err({ kind: 'failed', message: ready.error });
    mkdirSync(plan.products, { recursive: true });
    const options = {
      name,
      plan,
      ledger: taken.value.ledger,
      folder,
      work: workFolder(folder, plan.products, name),
      env: ofSteps(environment),
      cwd,
      life: `pipeline-run/${name}/${randomBytes(8).toString('hex')}`,
      self: { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0 },
      files: disk,
      clock: scope.clock,
      log: scope.log,
      selected: selection.files,
      clean,
      isPart: draft.isPart,
      // Without the environments: what it finishes has run already, and steps that are not asked for may have none here.
      ...(draft.isShared ? { recovers: draft.service } : {}),
    };
    return ok(await reprocess(options, scope));
  } finally {
    await taken.value.release();
    alone.value.release();
  }
}
