import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Files } from '../../core/files.ts';
import type { Conflict } from '../ledger/conflicts.ts';
import type { DraftOf, LedgerReader, Produced } from '../ledger/ledger.ts';
import type { Claim, Install, LedgerFile } from '../ledger/types.ts';
import type { StepPlan } from '../plan.ts';
import { hashOf, identityOf, type Product } from '../steps/install.ts';
import type { Report } from '../steps/report.ts';
import { pathOf, type RunContext } from '../steps/run-task.ts';
import { against } from './outcome.ts';
import type { Router } from './routing.ts';

/** What is put in its place takes that of its other form, too, as far as the ledger knows one. */
export async function withOtherForms(
  { name }: StepPlan,
  installs: readonly Install[],
  products: readonly Product[],
  ledger: LedgerReader,
): Promise<readonly Install[]> {
  if (products.every(({ forms }) => forms === undefined)) return installs;
  const found: Install[] = [];
  for (const install of installs) {
    const forms = products.find(({ path }) => path === install.path)?.forms;
    const removes =
      forms === undefined ? [] : await ledger.otherForms(name, { ...forms, path: install.path });
    found.push({ ...install, removes });
  }
  return found;
}

/**
 * The first place at which something lies that the pipeline did not put there: somebody else's, or of a ledger that is gone. What has
 * the very content that is to be put there is no stranger.
 */
export async function strangerAt(
  installs: readonly Install[],
  root: string,
  ledger: LedgerReader,
  files: Files,
): Promise<string | undefined> {
  for (const { path, sha256 } of installs) {
    if (await ledger.knowsPlace(path)) continue;
    const place = join(root, path);
    // Almost always there is nothing: a look is cheaper than to open it.
    if (!existsSync(place)) continue;
    const there = await hashOf(place, files);
    if (there !== undefined && there !== sha256) return path;
  }
  return undefined;
}

export function strangerText(path: string): string {
  return `cannot put a product at ${path}: what lies there was not made by this pipeline; move it away, or write "overwrite: true"`;
}

/** Why a product may not have its place. */
export function conflictText({ path, step: other }: Conflict, { name }: StepPlan): string {
  const what = `cannot put a product at ${path}: `;
  if (other !== name) return `${what}${other} has made what is there`;
  return `${what}what is there was made of other inputs; write a place of its own, "merge" or "overwrite: true"`;
}

/** Products in their places, each with what is to be made of it. */
export async function produced(
  step: StepPlan,
  installs: readonly Install[],
  { router, context }: { readonly router: Router; readonly context: RunContext },
): Promise<readonly Produced[]> {
  return Promise.all(
    installs.map(async ({ path, sha256, complete, final, removes }) => ({
      path,
      complete,
      final,
      removes,
      ...(await identityOf(join(context.products, path))),
      sha256,
      drafts: router.drafts(step.name, final ?? path, complete),
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
