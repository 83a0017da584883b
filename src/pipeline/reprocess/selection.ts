import { stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { latest } from '../engine/periodic.ts';
import type { Router } from '../engine/routing.ts';
import { compileInboxNames } from '../inbox/names.ts';
import { filesBelow, globFilter } from '../inbox-walk.ts';
import type { LedgerReader } from '../ledger/ledger.ts';
import { nameOf, type ProductFile, UNSETTLED_STATES } from '../ledger/types.ts';
import type { PipelinePlan, StepPlan } from '../plan.ts';

/** What is to be run again. Paths absolute. */
export interface SelectionOptions {
  /** A pattern of paths below the folder that inputs lie in, or of base names where it has no slash. */
  readonly filter?: string;
  /** Paths; relative ones are below `inputs`, or else the present folder. */
  readonly list?: readonly string[];
  /** The folder that inputs lie in, instead of their own. */
  readonly inputs?: string;
}

/** A file for a step. */
export interface Selected {
  readonly step: StepPlan;
  /** Absolute. */
  readonly file: string;
  /** Below the folder that it was found in: names and keys are read from it. */
  readonly name: string;
}

export interface Selection {
  readonly files: readonly Selected[];
  /** Lines of the list that name nothing that is there. */
  readonly missing: readonly string[];
  /** How many lines of the list were left out, since the pattern or no step takes them. */
  readonly unfit: number;
  /** How many files were left out, since they wait in their inbox: the service takes them. */
  readonly waiting: number;
}

export interface SelectionContext {
  /** The pipeline as it is in the config. */
  readonly plan: PipelinePlan;
  readonly starts: readonly StepPlan[];
  /** Says what a step takes. */
  readonly router: Pick<Router, 'draft'>;
  /** Where the products of the service are known; undefined where it never ran. */
  readonly ledger: LedgerReader | undefined;
  /** Whether the run works with that ledger. */
  readonly isShared: boolean;
}

/** Finds what is to be run again. Rejects with the system error where a folder cannot be read. */
export async function selectFiles(context: SelectionContext, options: SelectionOptions): Promise<Selection> {
  const fits = fitting(context, options);
  if (options.list !== undefined) return selectListed(context, options, options.list, fits);
  const files: Selected[] = [];
  const waiting = new Set<string>();
  for (const step of context.starts)
    for (const origin of step.from)
      for await (const found of candidates(context, origin, options.inputs)) {
        if (!takes(step, found.complete) || !fits(step, found.name)) continue;
        if (options.inputs === undefined && (await waits(context, origin, found.name)))
          waiting.add(found.file);
        else files.push({ step, ...found });
      }
  return { files: unique(files), missing: [], unfit: 0, waiting: waiting.size };
}

/** Whether a file of an inbox is on its way there: it waits for its end, its delay, its gate or its group. */
async function waits(
  { ledger, isShared }: SelectionContext,
  inbox: string | undefined,
  name: string,
): Promise<boolean> {
  if (!isShared || inbox === undefined) return false;
  const known = await ledger?.filesAt(name);
  const newest = known?.find(({ kind, origin }) => kind === 'inbox' && origin === inbox);
  return newest?.kind === 'inbox' && UNSETTLED_STATES.includes(newest.state);
}

function takes({ only }: StepPlan, complete = true): boolean {
  return complete || only !== 'complete';
}

type Fits = (step: StepPlan, name: string) => boolean;

function fitting({ router }: SelectionContext, { filter }: SelectionOptions): Fits {
  const isWanted = filter === undefined ? () => true : globFilter(filter);
  return (step, name) => isWanted(name) && router.draft(step, name) !== undefined;
}

type Candidate = Pick<Selected, 'file' | 'name'> & { readonly complete?: boolean };

async function* candidates(
  context: SelectionContext,
  origin: string,
  inputs: string | undefined,
): AsyncGenerator<Candidate> {
  const { plan } = context;
  const inbox = plan.inboxes.find(({ name }) => name === origin);
  if (inputs !== undefined || inbox !== undefined) {
    const root = inputs ?? inbox?.root ?? '';
    const names = compileInboxNames(inbox ?? { match: ['**'] });
    for await (const name of filesBelow(root))
      if (names.isWanted(name)) yield { file: join(root, name), name };
    return;
  }
  for (const product of latest(await productsOf(context, origin))) {
    const file = join(plan.products, product.path);
    if (await isFile(file)) yield { file, name: nameOf(product), complete: product.complete };
  }
}

const PAGE = 1000;

async function productsOf({ ledger }: SelectionContext, step: string): Promise<readonly ProductFile[]> {
  const all: ProductFile[] = [];
  if (ledger === undefined) return all;
  for (let after = ''; ; ) {
    const page = await ledger.products({ step, after, limit: PAGE });
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    after = last.path;
  }
  return all;
}

/** The same patterns for the same paths as without a list: only where candidates come from differs. */
async function selectListed(
  context: SelectionContext,
  options: SelectionOptions,
  list: readonly string[],
  fits: Fits,
): Promise<Selection> {
  const { plan, starts, ledger } = context;
  const files: Selected[] = [];
  const missing: string[] = [];
  let unfit = 0;
  let waiting = 0;
  for (const line of list) {
    const file = isAbsolute(line) ? resolve(line) : resolve(options.inputs ?? '.', line);
    if (!(await isFile(file))) {
      missing.push(line);
      continue;
    }
    const inbox = plan.inboxes.find(({ root }) => below(file, root) !== undefined);
    const product = below(file, plan.products);
    const made = product === undefined ? undefined : (await ledger?.filesAt(product))?.[0];
    const name =
      (options.inputs === undefined ? undefined : below(file, options.inputs)) ??
      (inbox === undefined ? (made === undefined ? product : nameOf(made)) : below(file, inbox.root)) ??
      file.slice(1);
    const origin = inbox?.name ?? made?.origin;
    const complete = made?.kind === 'product' ? made.complete : true;
    const taken = starts.filter(
      (step) =>
        takes(step, complete) &&
        (origin === undefined || options.inputs !== undefined || step.from.includes(origin)) &&
        fits(step, name),
    );
    if (taken.length === 0) unfit++;
    else if (options.inputs === undefined && (await waits(context, inbox?.name, name))) {
      waiting++;
      continue;
    }
    for (const step of taken) files.push({ step, file, name });
  }
  return { files: unique(files), missing, unfit, waiting };
}

/** A path below a folder; undefined where it is not there. */
export function below(path: string, folder: string): string | undefined {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

function unique(files: readonly Selected[]): readonly Selected[] {
  return [...new Map(files.map((each) => [`${each.step.name} ${each.file}`, each])).values()];
}
