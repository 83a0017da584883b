import { join } from 'node:path';
import type { Files } from '../../core/files.ts';
import type { Log } from '../../core/log.ts';
import type { DraftOf, Ending, Ledger, Produced } from '../ledger/ledger.ts';
import type { Claim, Install, LedgerFile, TaskState } from '../ledger/types.ts';
import type { StepPlan } from '../plan.ts';
import { removeRunFolder, runFolder } from '../steps/folder.ts';
import { identityOf, place, prepare } from '../steps/install.ts';
import type { Report } from '../steps/report.ts';
import { createRunLog } from '../steps/run-log.ts';
import { inputTrouble, pathOf, type RunContext, type RunEnd, runTask } from '../steps/run-task.ts';
import { against, endingOf } from './outcome.ts';
import type { Router } from './routing.ts';

/** What it takes to carry a task from its claim to its end. */
export interface Carrying {
  readonly ledger: Ledger;
  readonly router: Router;
  readonly context: RunContext;
  readonly files: Files;
  /** Folders of runs, and of what they printed. Absolute. */
  readonly work: string;
  readonly logs: string;
  /** What every step carries, before the number of its task. */
  readonly life: string;
  readonly log: Log;
}

/** How a task was left; undefined where another runner has it. */
export interface Carried {
  readonly state: TaskState;
  readonly error: string | null;
}

/** Carries a claimed task to its end: run, intent, products in their places, result. Rejects only where the disk fails. */
export async function carry(
  claim: Claim,
  step: StepPlan,
  carrying: Carrying,
  signal: AbortSignal,
): Promise<Carried | undefined> {
  const { work, logs } = carrying;
  const { task, fence } = claim;
  const folder = runFolder(work, task.id, fence);
  const logName = `${task.id}.${fence}.log`;
  const log = createRunLog(join(logs, logName));
  try {
    const looked = await lookAtInputs(claim, step, carrying);
    if ('ending' in looked) return await end(claim, { ...looked.ending, log: null }, carrying);
    const { ledger, context, life } = carrying;
    const merged = step.merge ? await ledger.productsOfKey(step.name, task.key, step.version) : [];
    const request = {
      step,
      claim,
      merged,
      folder,
      log,
      signal,
      files: looked.files,
      life: `${life}/${task.id}.${fence}`,
    };
    const ran = await runTask(request, context);
    const printed = log.close() ? logName : null;
    if (ran.kind === 'made') return await install(claim, step, looked.files, ran, printed, carrying);
    if (ran.kind === 'stopped')
      return await end(
        claim,
        { state: 'ready', exit: null, error: STOPPED, log: printed, uncounted: true },
        carrying,
      );
    const ending = endingOf(step, claim, looked.files, ran, context.clock.now());
    const drafts = ran.word === 'skip' ? await missingAfter(claim, step, carrying) : (ending.drafts ?? []);
    return await end(claim, { ...ending, drafts, log: printed }, carrying);
  } finally {
    log.close();
    await removeRunFolder(folder);
  }
}

const STOPPED = 'ended, since the pipeline ended';

async function end(
  claim: Claim,
  ending: Ending,
  { ledger, context }: Carrying,
): Promise<Carried | undefined> {
  const written = await ledger.end(claim, ending, context.clock.now());
  return written ? { state: ending.state, error: ending.error } : undefined;
}

type Looked = { readonly files: readonly LedgerFile[] } | { readonly ending: Omit<Ending, 'log'> };

/** What is still there of the inputs, and still what it was taken for. What is not comes again by itself, or never. */
async function lookAtInputs(claim: Claim, step: StepPlan, carrying: Carrying): Promise<Looked> {
  const { ledger, context } = carrying;
  const current: LedgerFile[] = [];
  let missing: LedgerFile | undefined;
  for (const file of await wanted(claim, step, ledger)) {
    if (file.kind === 'product' && file.state !== 'current') continue;
    const trouble = await inputTrouble(file, context);
    if (trouble === undefined) current.push(file);
    else if (trouble === 'gone') missing = file;
  }
  // One that is gone must not hold up the others: they go without it.
  if (current.length > 0) return { files: current };
  const error =
    missing === undefined
      ? 'its inputs have other content by now'
      : `cannot read ${pathOf(missing, context)}: it is gone`;
  return { ending: { state: missing === undefined ? 'skipped' : 'failed', exit: null, error } };
}

/** The inputs of a task; with `inputs: all` everything that there is with its key. */
async function wanted(claim: Claim, step: StepPlan, ledger: Ledger): Promise<readonly LedgerFile[]> {
  return step.inputs === 'all' ? ledger.inputsOfKey(step.name, claim.task.key) : claim.files;
}

async function install(
  claim: Claim,
  step: StepPlan,
  inputs: readonly LedgerFile[],
  ran: Extract<RunEnd, { kind: 'made' }>,
  printed: string | null,
  carrying: Carrying,
): Promise<Carried | undefined> {
  const { ledger, context, files } = carrying;
  const { clock, products: root } = context;
  const foreign = await ledger.foreignProduct(
    step.name,
    ran.products.map(({ path }) => path),
  );
  if (foreign !== undefined) {
    const error = `cannot put a product at ${foreign.path}: ${foreign.origin} has made what is there`;
    return end(
      claim,
      {
        ...endingOf(step, claim, inputs, { word: 'fail', exit: ran.exit, error }, clock.now()),
        log: printed,
      },
      carrying,
    );
  }
  const installs = await prepare(ran.products, root, files);
  if (installs.length > 0) {
    if (!(await ledger.intend(claim, installs, ran.exit, clock.now()))) return undefined;
    await place(installs, root, files);
  }
  const success = {
    state: ran.word === 'ok' ? ('done' as const) : ('warned' as const),
    exit: ran.exit,
    error: null,
    log: printed,
    products: await produced(step, installs, carrying),
    drafts: failedAlone(claim, inputs, ran.report, context),
  };
  return (await ledger.succeed(claim, success, clock.now()))
    ? { state: success.state, error: null }
    : undefined;
}

/** Products in their places, each with what is to be made of it. */
export async function produced(
  step: StepPlan,
  installs: readonly Install[],
  { router, context }: Pick<Carrying, 'router' | 'context'>,
): Promise<readonly Produced[]> {
  return Promise.all(
    installs.map(async ({ path, sha256, complete }) => ({
      path,
      complete,
      ...(await identityOf(join(context.products, path))),
      sha256,
      drafts: router.drafts(step.name, path),
    })),
  );
}

/** Inputs that a command has named as failed, while it made something of the others: each is a task of its own, which has failed. */
export function failedAlone(
  { task }: Pick<Claim, 'task'>,
  inputs: readonly LedgerFile[],
  report: Pick<Report, 'failed'>,
  context: RunContext,
): readonly DraftOf[] {
  if (report.failed.size === 0) return [];
  return inputs.flatMap((file) => {
    const why = report.failed.get(pathOf(file, context)) ?? report.failed.get(file.path);
    if (why === undefined) return [];
    return [{ draft: against(task, 1), files: [file.id], cutFrom: task.id, failed: why }];
  });
}

/** After a run that combined nothing: what its key has made before goes on where the next level never saw it. */
async function missingAfter(
  { task }: Claim,
  step: StepPlan,
  { ledger, router }: Carrying,
): Promise<readonly DraftOf[]> {
  const drafts: DraftOf[] = [];
  for (const product of await ledger.productsOfKey(step.name, task.key, step.version)) {
    const taken = new Set(
      (await ledger.tasksOn(product.id))
        .filter(({ state }) => state !== 'cancelled')
        .map((next) => next.step),
    );
    for (const draft of router.drafts(step.name, product.path))
      if (!taken.has(draft.step)) drafts.push({ draft, files: [product.id] });
  }
  return drafts;
}
