import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../../core/clock.ts';
import { lockFolder } from '../../../../core/folder-lock.ts';
import { asError, err, ok, type Result } from '../../../../core/result.ts';
import { openLedger } from '../../../../jobs/ledger/sqlite.ts';
import { historyPath, openHistory } from '../../../../jobs/verbs/publish/history.ts';
import { adoptFiles } from '../../../../pipeline/adopt.ts';
import type { Ledger } from '../../../../pipeline/ledger/ledger.ts';
import type { Past } from '../../../../pipeline/ledger/past.ts';
import type { PipelineTarget } from '../../../pipeline/control.ts';
import { ownLedger } from '../../../pipeline/own-ledger.ts';
import { readProduct } from './archive.ts';
import type { StateSurvey } from './survey.ts';

/** What came in, and what was there from an import before. */
export interface Counts {
  readonly taken: number;
  readonly known: number;
}

export interface TakenOver {
  readonly inputs: Counts;
  readonly products: Counts;
  readonly runs: Counts;
  readonly published: Counts;
  readonly archives: Counts;
  /** What was left, each with its reason. */
  readonly left: readonly string[];
}

export interface TakeOverOptions {
  readonly pipeline: PipelineTarget;
  /** Files that had errors are done again. */
  readonly errorsAgain: boolean;
  readonly clock: Clock;
  readonly progress: (what: string, done: number, total: number) => void;
}

export interface TakeOverTrouble {
  readonly kind: 'locked' | 'failed';
  readonly message: string;
}

/** Written in one transaction. */
const AT_ONCE = 500;
const NONE: Counts = { taken: 0, known: 0 };

/** Writes down what was surveyed as done. Nothing of STIXCore is changed; twice brings nothing twice. Refused while a daemon or the service runs. */
export async function takeOver(
  survey: StateSurvey,
  options: TakeOverOptions,
): Promise<Result<TakenOver, TakeOverTrouble>> {
  const { pipeline, clock } = options;
  const { state } = pipeline;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const locked = lockFolder(state, { what: 'vahti import stixcore-state', clock });
  if (!locked.ok)
    return err({
      kind: locked.error.kind === 'held' ? 'locked' : 'failed',
      message: `${locked.error.message}; end it first: vahti down`,
    });
  try {
    const own = ownLedger(pipeline, 'vahti import stixcore-state', clock);
    if (!own.ok)
      return err({ kind: own.error.kind === 'locked' ? 'locked' : 'failed', message: own.error.message });
    const left: string[] = [];
    let done: Pick<TakenOver, 'inputs' | 'products' | 'runs'>;
    try {
      done = await intoPipeline(survey, own.value.ledger, options, left);
    } finally {
      await own.value.release();
    }
    const published = intoHistory(survey, state);
    const archives = await intoFileLedger(survey, state, clock);
    return ok({ ...done, published, archives, left });
  } catch (thrown) {
    return err({ kind: 'failed', message: `cannot import: ${asError(thrown).message}` });
  } finally {
    locked.value.release();
  }
}

async function intoPipeline(
  { inbox, isOpenLeft, logs, archive, daily }: StateSurvey,
  ledger: Ledger,
  { pipeline, errorsAgain, clock, progress }: TakeOverOptions,
  left: string[],
): Promise<Pick<TakenOver, 'inputs' | 'products' | 'runs'>> {
  const plan = pipeline.plan.inboxes.find(({ name }) => name === inbox);
  if (plan === undefined) throw new Error(`cannot find the inbox ${inbox}`);
  // With these lines the inbox has had its first look: what is not among them would be new.
  const open = isOpenLeft ? logs.open.map(({ path }) => path) : [];
  const paths = [...logs.done, ...(errorsAgain ? [] : logs.withErrors), ...logs.old, ...open];
  let inputs = NONE;
  for (const part of parts(paths)) {
    const { adopted, known, left: some } = await adoptFiles(ledger, plan, part, clock.now());
    inputs = plus(inputs, adopted, known);
    left.push(...some.map(({ path, why }) => `${join(plan.root, path)}: ${why}`));
    progress('telemetry files', inputs.taken + inputs.known, paths.length);
  }
  let products = NONE;
  for (const part of parts(archive.products)) {
    const read = [];
    for (const product of part)
      read.push(
        await readProduct(pipeline.plan.products, product, await rootsOf(product.madeOf, inbox, ledger)),
      );
    products = count(
      products,
      await ledger.adoptProducts(read),
      part.map(({ path }) => path),
      left,
    );
    progress('products', products.taken + products.known, archive.products.length);
  }
  let runs = NONE;
  for (const part of parts(daily?.runs ?? []))
    runs = count(
      runs,
      await ledger.adoptRuns(part),
      part.map(({ step, input }) => `${step} of ${input}`),
      left,
    );
  return { inputs, products, runs };
}

async function rootsOf(paths: readonly string[], inbox: string, ledger: Ledger): Promise<readonly number[]> {
  const files = await Promise.all(paths.map((path) => ledger.inboxFile(inbox, path)));
  return files.flatMap((file) => (file === undefined ? [] : [file.id]));
}

const WHY: Readonly<Record<Exclude<Past, 'adopted' | 'known'>, string>> = {
  taken: 'another step has that place',
  missing: 'what it went over is no product of the pipeline',
};

function count(before: Counts, became: readonly Past[], names: readonly string[], left: string[]): Counts {
  for (const [index, each] of became.entries())
    if (each === 'taken' || each === 'missing') left.push(`${names[index]}: ${WHY[each]}`);
  const of = (word: Past): number => became.filter((each) => each === word).length;
  return plus(before, of('adopted'), of('known'));
}

function plus({ taken, known }: Counts, more: number, moreKnown: number): Counts {
  return { taken: taken + more, known: known + moreKnown };
}

function* parts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += AT_ONCE) yield all.slice(at, at + AT_ONCE);
}

function intoHistory({ published }: StateSurvey, state: string): Counts {
  if (published === undefined) return NONE;
  const opened = openHistory(historyPath(state, published.job.name));
  if (!opened.ok) throw opened.error;
  try {
    return opened.value.takeOver(published.survey.rows);
  } finally {
    opened.value.close();
  }
}

/** Archives that are unpacked already, into the ledger of all verbs. */
async function intoFileLedger({ unpacked }: StateSurvey, state: string, clock: Clock): Promise<Counts> {
  if (unpacked === undefined) return NONE;
  const { job, survey } = unpacked;
  const opened = openLedger(join(state, 'ledger.db'), clock);
  if (!opened.ok) throw opened.error;
  const ledger = opened.value;
  let counts = NONE;
  try {
    const root = realpathSync(String(job.options['root']));
    for (const path of survey.done) {
      const { size: bytes, mtimeMs } = statSync(join(root, path));
      const sha256 = await hashOf(join(root, path));
      const before = ledger.product(root, path, job.name);
      if (before?.sha256 === sha256 && before.doneAt !== null) {
        counts = plus(counts, 0, 1);
        continue;
      }
      const now = clock.now();
      const into = join(String(job.options['to']), path.replace(/\.zip$/i, ''));
      ledger.together(() => {
        ledger.take({ root, path, sha256, bytes, mtimeMs });
        ledger.produced(root, path, { job: job.name, sha256, into, begunAt: now, doneAt: now });
      });
      counts = plus(counts, 1, 0);
    }
    return counts;
  } finally {
    ledger.close();
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
