import { normalize, resolve } from 'node:path';
import { pipelineTarget, type PipelineTarget } from '../app/pipeline/control.ts';
import type { PipelineTrouble } from '../app/pipeline/own-ledger.ts';
import type { Plan } from '../app/plan.ts';
import { statePaths } from '../app/state.ts';
import type { Result } from '../core/result.ts';
import { didYouMean } from '../core/suggest.ts';
import type { PipelineView } from '../pipeline/pipeline.ts';
import type { InboxFile, LedgerFile } from '../pipeline/ledger/types.ts';
import { requirePlan } from './config-file.ts';
import { CommandError } from './exit-codes.ts';

/** The pipelines of a config. */
export function pipelinesOf(plan: Plan): readonly PipelineTarget[] {
  const paths = statePaths(plan.state);
  return plan.services.flatMap(({ name, pipeline }) =>
    pipeline === undefined ? [] : [pipelineTarget(name, pipeline, paths)],
  );
}

/** The pipeline of that name in a config; ends the command where there is none. */
export async function findPipeline(config: string | undefined, name: string): Promise<PipelineTarget> {
  const { plan } = await requirePlan(config, false);
  return pipelineNamed(plan, name);
}

export function pipelineNamed(plan: Plan, name: string): PipelineTarget {
  const all = pipelinesOf(plan);
  const found = all.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = all.map((each) => each.name);
  const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
  throw new CommandError('unknown', `cannot find a pipeline "${name}"${didYouMean(name, names)} (${known})`);
}

/** The value of what was asked of a pipeline; trouble ends the command with its own exit code. */
export function had<T>(result: Result<T, PipelineTrouble>): T {
  if (result.ok) return result.value;
  throw new CommandError(result.error.kind === 'locked' ? 'locked' : 'failed', result.error.message);
}

/**
 * The newest file that a path means: absolute, relative to the present folder, or as the ledger has it. Ends the command where
 * there is none.
 */
export async function fileNamed(view: PipelineView, written: string): Promise<LedgerFile> {
  for (const path of pathsMeant(view, written)) {
    const [newest] = await view.ledger.filesAt(path);
    if (newest !== undefined) return newest;
  }
  throw new CommandError('failed', `cannot find ${written}: nothing of that name came into ${view.name}`);
}

export async function inboxFileNamed(view: PipelineView, written: string): Promise<InboxFile> {
  const file = await fileNamed(view, written);
  if (file.kind === 'inbox') return file;
  throw new CommandError(
    'usage',
    `cannot show the log of ${written}: it is a product; vahti pipeline lineage ${view.name} ${written} shows what it comes from`,
  );
}

/** Paths below the folders of a pipeline that something written may mean. */
export function pathsMeant({ plan }: Pick<PipelineView, 'plan'>, written: string): readonly string[] {
  const folders = [...plan.inboxes.map(({ root }) => root), plan.products];
  const below = [written, resolve(written)].flatMap((path) =>
    folders.flatMap((folder) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [])),
  );
  return [...new Set([normalize(written), ...below])];
}
