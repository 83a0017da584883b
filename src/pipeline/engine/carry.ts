import { join } from 'node:path';
import type { Files } from '../../core/files.ts';
import type { Log } from '../../core/log.ts';
import { asError } from '../../core/result.ts';
import type { DraftOf, Ending, Ledger, Success } from '../ledger/ledger.ts';
import { type Claim, type LedgerFile, nameOf, type TaskState } from '../ledger/types.ts';
import type { StepPlan } from '../plan.ts';
import { removeRunFolder, runFolder } from '../steps/folder.ts';
import { discard, finish, place, prepare } from '../steps/install.ts';
import { createRunLog } from '../steps/run-log.ts';
import { inputTrouble, pathOf, type RunContext, type RunEnd, runTask } from '../steps/run-task.ts';
import { isOfDisk, type Patience } from './full-disk.ts';
import { endingOf } from './outcome.ts';
import { conflictText, failedAlone, produced, strangerAt, strangerText, withOtherForms } from './produced.ts';
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
  readonly patience: Patience;
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
    // Looked at before the run: what changes within it is a change for the next one.
    const tool = await context.tools.of(step);
    const ran = await unblamed(claim, carrying, 'make the folder of a run', () =>
      runTask({ ...request, tool }, context),
    );
    const run = { log: log.close() ? logName : null, tool };
    if (ran.kind === 'made') return await install(claim, step, looked.files, ran, run, carrying);
    if (ran.kind === 'stopped')
      return await end(
        claim,
        { state: 'ready', exit: null, error: STOPPED, ...run, uncounted: true },
        carrying,
      );
    const stale = await staleEnding(looked.files, ran, ledger);
    if (stale !== undefined) return await end(claim, { ...stale, ...run }, carrying);
    const ending = endingOf(step, claim, looked.files, ran, context.clock.now());
    const drafts = ran.word === 'skip' ? await missingAfter(claim, step, carrying) : (ending.drafts ?? []);
    return await end(claim, { ...ending, drafts, ...run }, carrying);
  } finally {
    log.close();
    await removeRunFolder(folder).catch(cannotRemove(folder.path, carrying.log));
  }
}

/** What one step has left ends nobody else's runs: the next run has a folder of its own, and the next runner tries again. */
export function cannotRemove(folder: string, log: Log): (thrown: unknown) => void {
  return (thrown) => log.warn('cannot remove the folder of a run', { folder, reason: String(thrown) });
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

/**
 * Waits for room for what comes before the intent. Where the runner ends since the disk fails, the task is free again: it is not to
 * blame, and would be parked for that in the end. Rejects as the work does.
 */
async function unblamed<T>(
  claim: Claim,
  carrying: Carrying,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await carrying.patience.until(what, work);
  } catch (thrown) {
    const ending = { state: 'ready', exit: null, error: asError(thrown).message, log: null } as const;
    // Where not even that can be written, what is thrown says enough.
    if (isOfDisk(thrown)) await end(claim, { ...ending, uncounted: true }, carrying).catch(() => {});
    throw thrown;
  }
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

/**
 * A run that fails while one of its inputs is replaced says nothing of that: it may have found neither the old file nor the new one.
 * What takes the place of the input comes by itself; the others are done again without it.
 */
async function staleEnding(
  files: readonly LedgerFile[],
  ran: Extract<RunEnd, { kind: 'not-made' }>,
  ledger: Ledger,
): Promise<Omit<Ending, 'log'> | undefined> {
  if (ran.word !== 'fail' && ran.word !== 'retry') return undefined;
  let stale = 0;
  for (const { kind, id } of files)
    if (kind === 'product' && (await ledger.file(id))?.state !== 'current') stale++;
  if (stale === 0) return undefined;
  const said = { exit: ran.exit, error: REPLACED };
  return stale === files.length
    ? { state: 'skipped', ...said }
    : { state: 'ready', ...said, uncounted: true };
}

const REPLACED = 'an input has other content by now';

/** The inputs of a task; with `inputs: all` everything that there is with its key. */
async function wanted(claim: Claim, step: StepPlan, ledger: Ledger): Promise<readonly LedgerFile[]> {
  return step.inputs === 'all' ? ledger.inputsOfKey(step.name, claim.task.key) : claim.files;
}

async function install(
  claim: Claim,
  step: StepPlan,
  inputs: readonly LedgerFile[],
  ran: Extract<RunEnd, { kind: 'made' }>,
  run: Pick<Success, 'log' | 'tool'>,
  carrying: Carrying,
): Promise<Carried | undefined> {
  const { ledger, context, files, patience } = carrying;
  const { clock, products: root } = context;
  const prepared = await unblamed(claim, carrying, 'make products durable', () =>
    prepare(ran.products, root, files),
  );
  const installs = await withOtherForms(step, prepared, ran.products, ledger);
  if (installs.length > 0) {
    const about = { exit: ran.exit, overwrite: step.overwrite };
    const refuse = async (error: string): Promise<Carried | undefined> => {
      await discard(installs, ran.products, files);
      const unmade = { word: 'fail' as const, exit: ran.exit, error };
      return end(claim, { ...endingOf(step, claim, inputs, unmade, clock.now()), ...run }, carrying);
    };
    const stranger = step.overwrite
      ? undefined
      : await unblamed(claim, carrying, 'look where products go', () =>
          strangerAt(installs, root, ledger, files),
        );
    if (stranger !== undefined) return refuse(strangerText(stranger));
    const intent = await ledger.intend(claim, installs, about, clock.now());
    if (intent === 'lost') await discard(installs, ran.products, files);
    if (intent === 'lost') return undefined;
    if (intent !== 'intended') return refuse(conflictText(intent, step));
    let isBegun = false;
    await patience.until('put products in their places', async () => {
      const again = isBegun;
      isBegun = true;
      if (!again) await place(installs, root, files);
      else if (!(await finish(installs, root, files))) throw new Error('cannot find products that were made');
    });
  }
  const success = {
    state: ran.word === 'ok' ? ('done' as const) : ('warned' as const),
    exit: ran.exit,
    error: null,
    ...run,
    products: await produced(step, installs, carrying),
    drafts: failedAlone(claim, inputs, ran.report, context),
  };
  return (await ledger.succeed(claim, success, clock.now()))
    ? { state: success.state, error: null }
    : undefined;
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
    for (const draft of router.drafts(step.name, nameOf(product), product.complete))
      if (!taken.has(draft.step)) drafts.push({ draft, files: [product.id] });
  }
  return drafts;
}
