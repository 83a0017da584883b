import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Claim, LedgerFile, ProductFile } from '../ledger/types.ts';
import { ANYWHERE, type InboxPlan, type StepPlan } from '../plan.ts';
import { type ChildEnd, runChild } from './child.ts';
import type { OutcomeWord } from './config.ts';
import { type Manifest, makeRunFolder, type RunFolder } from './folder.ts';
import { identityOf, type Product } from './install.ts';
import { findProducts } from './products.ts';
import { type Report, readReport } from './report.ts';
import type { RunLog } from './run-log.ts';
import { fill, type Values } from '../../core/template.ts';
import type { Tools } from './tools.ts';
import type { Workers } from './workers.ts';

/** Where and as what runs are made. */
export interface RunContext {
  readonly inboxes: readonly InboxPlan[];
  readonly products: string;
  /** The complete environment, but for what a run adds. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly workers: Workers;
  readonly tools: Tools;
}

export interface RunRequest {
  readonly step: StepPlan;
  readonly claim: Claim;
  /** The inputs that it gets. */
  readonly files: readonly LedgerFile[];
  /** What it merges into. */
  readonly merged: readonly ProductFile[];
  readonly folder: RunFolder;
  readonly life: string;
  /** What it is made with. */
  readonly tool: string;
  readonly log: RunLog;
  /** Aborted: it is ended. */
  readonly signal: AbortSignal;
}

/** What a run came to. `stopped`: the pipeline ended it. */
export type RunEnd =
  | {
      readonly kind: 'made';
      readonly word: Extract<OutcomeWord, 'ok' | 'warnings'>;
      readonly exit: string;
      readonly products: readonly Product[];
      readonly report: Report;
    }
  | {
      readonly kind: 'not-made';
      readonly word: Exclude<OutcomeWord, 'ok' | 'warnings'>;
      readonly exit: string | null;
      /** One line for people. */
      readonly error: string;
    }
  | { readonly kind: 'stopped' };

/** Where a file lies. */
export function pathOf(
  file: Pick<LedgerFile, 'kind' | 'origin' | 'path'>,
  { inboxes, products }: Pick<RunContext, 'inboxes' | 'products'>,
): string {
  if (file.kind === 'product') return join(products, file.path);
  const inbox = inboxes.find(({ name }) => name === file.origin);
  return join(inbox?.root ?? (file.origin === ANYWHERE ? '/' : '/nonexistent'), file.path);
}

/** Whether an input still is what it was taken for; the sentence says what it is otherwise. */
export async function inputTrouble(
  file: LedgerFile,
  context: RunContext,
): Promise<'gone' | 'changed' | undefined> {
  const path = pathOf(file, context);
  const seen = await identityOf(path).catch(() => undefined);
  if (seen === undefined) return 'gone';
  // Of a product nobody would bring the new content: whatever it is by now is what there is.
  if (file.kind === 'product') return undefined;
  if (seen.size !== file.size) return 'changed';
  if (seen.mtimeNs === file.mtimeNs) return undefined;
  // Written anew with what it held, it is the same where its inbox tells contents apart by their sums.
  return file.sha256 !== undefined && (await sumOf(path)) === file.sha256 ? undefined : 'changed';
}

/** The SHA-256 of what a file holds; undefined where it cannot be read. */
async function sumOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 }))
      hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

/** Makes one run in its private folder, up to the point where its products are found. Rejects only where the disk fails. */
export async function runTask(request: RunRequest, context: RunContext): Promise<RunEnd> {
  const { step, claim, files, merged, folder } = request;
  const { task } = claim;
  const inputs = files.map((file) => ({ path: pathOf(file, context), from: file.origin, name: file.path }));
  const manifest = await makeRunFolder(
    folder,
    {
      v: 1,
      step: step.name,
      task: task.id,
      attempt: task.attempt,
      version: step.version,
      key: task.vars['key'] ?? '',
      vars: task.vars,
      inputs,
    },
    merged,
    context.products,
    step,
  );
  if (merged.length > 1 && step.run.some((text) => text.includes('{target}')))
    return failed(null, `cannot tell which of ${merged.length} products {target} is: write {targets}`);
  const values = valuesOf(step, claim, folder, manifest);
  if (step.worker) return ended(await work(request, manifest, context), request);
  const argv: string[] = [];
  for (const word of step.run) {
    const said = fill(word, values);
    if (!said.ok) return failed(null, `cannot write the word ${word}: ${said.error}`);
    argv.push(said.value);
  }
  const env = environmentOf(step, folder, context.env);
  const end = await runChild({ ...childOf(request, context), argv, env });
  return ended(end, request);
}

async function work(request: RunRequest, manifest: Manifest, context: RunContext): Promise<ChildEnd> {
  const { step, folder } = request;
  const env = { ...context.env, ...step.env, VAHTI_STEP: step.name };
  const spec = { ...childOf(request, context), argv: step.run, env };
  return context.workers.run(step, spec, { ...manifest, report: folder.report }, request.tool);
}

function childOf({ step, life, log, signal }: RunRequest, { cwd, clock }: RunContext) {
  const { timeoutMs, stopMs, memoryBytes } = step;
  const memory = memoryBytes === undefined ? {} : { memoryBytes };
  return { cwd, life, timeoutMs, stopMs, ...memory, log, clock, signal };
}

function valuesOf(step: StepPlan, { task }: Claim, folder: RunFolder, manifest: Manifest): Values {
  const [first] = manifest.inputs;
  const [target] = manifest.targets;
  return {
    ...task.vars,
    ...(first === undefined ? {} : { in: first.path }),
    list: folder.list,
    out: folder.out,
    work: folder.path,
    manifest: folder.manifest,
    target: target?.path ?? join(folder.targets, 'none'),
    targets: folder.targets,
    version: String(step.version),
    step: step.name,
    attempt: String(task.attempt),
  };
}

function environmentOf(step: StepPlan, folder: RunFolder, env: Readonly<Record<string, string>>) {
  const tmp = step.tmp === 'private' ? { TMPDIR: folder.tmp, TMP: folder.tmp, TEMP: folder.tmp } : {};
  return {
    ...env,
    ...step.env,
    ...tmp,
    VAHTI_STEP: step.name,
    VAHTI_MANIFEST: folder.manifest,
    VAHTI_PRODUCTS: folder.report,
  };
}

async function ended(end: ChildEnd, { step, claim, folder, log }: RunRequest): Promise<RunEnd> {
  if (end.kind === 'stuck')
    return failed(null, `cannot end processes ${end.pids.join(', ')}: even KILL did not`);
  if (end.kind === 'ended') return end.stopped ? { kind: 'stopped' } : failed(null, end.why);
  const { exit } = end;
  if (exit.kind === 'failed') return failed(null, exit.error);
  if (exit.kind === 'signalled') return failed(exit.signal, withTail(`ended by ${exit.signal}`, log));
  const word = exit.code === 0 ? 'ok' : (step.exit[String(exit.code)] ?? 'fail');
  const code = String(exit.code);
  if (word !== 'ok' && word !== 'warnings')
    return { kind: 'not-made', word, exit: code, error: withTail(`exit code ${code}`, log) };
  const report = await readReport(folder.report);
  if (!report.ok) return failed(code, report.error);
  const products = await findProducts(step, folder.out, claim.task.vars, report.value);
  if (!products.ok) return failed(code, products.error);
  return { kind: 'made', word, exit: code, products: products.value, report: report.value };
}

function failed(exit: string | null, error: string): RunEnd {
  return { kind: 'not-made', word: 'fail', exit, error };
}

function withTail(what: string, log: RunLog): string {
  const tail = log.tail();
  return tail === '' ? what : `${what}: ${tail}`;
}
