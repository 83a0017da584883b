import { relative } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { RpcError } from '../../core/rpc.ts';
import type { RetryFilter } from '../../pipeline/ledger/ledger.ts';
import { BAD } from '../../pipeline/ledger/types.ts';
import { tasksMeant } from '../../pipeline/looks/lists.ts';
import { type Looking, scanDown } from '../../pipeline/looks/scan-down.ts';
import type { PipelineView } from '../../pipeline/pipeline.ts';
import { pathOf } from '../../pipeline/steps/run-task.ts';
import type { AskParams } from '../../wire/page/asks.ts';
import {
  adoptPaths,
  askFigures,
  goOnWith,
  holdPipeline,
  type PipelineTarget,
  retryTasks,
  viewPipeline,
} from '../pipeline/control.ts';
import { mustFind, orThrow } from './pipeline-found.ts';

/** Tasks that are done again in one go, and files that go on. */
const MOST = 10_000;

/**
 * What failed is done again; files that their inbox itself refused go on as they are, where no step is named. Resolves with what is said
 * of it.
 */
export async function retryMeant(
  target: PipelineTarget,
  asked: AskParams<'pipeline-retry'>,
  looking: Looking,
): Promise<string> {
  const filter = await filterOf(target, asked, looking);
  const files = await refusedFiles(target, asked);
  const count = filter.tasks?.length === 0 ? 0 : orThrow(await retryTasks(target, filter));
  const gone = files.length === 0 ? 0 : orThrow(await goOnWith(target, files));
  if (count + gone === 0)
    throw new RpcError(
      'refused',
      'cannot retry anything of that: nothing of it has failed, or its name has newer content',
    );
  const said = [];
  if (count > 0) said.push(`${count} ${count === 1 ? 'task is' : 'tasks are'} done again`);
  if (gone > 0)
    said.push(
      `${gone} ${gone === 1 ? 'file' : 'files'} that failed before a first step ${gone === 1 ? 'goes' : 'go'} on`,
    );
  return said.join('; ');
}

/** Files that failed before there was a task for them, by number. */
async function refusedFiles(
  target: PipelineTarget,
  { file, step }: AskParams<'pipeline-retry'>,
): Promise<readonly number[]> {
  if (step !== undefined) return [];
  const found = await viewPipeline(target, async (view) => {
    const ids = file === undefined ? undefined : [(await mustFind(view, file)).id];
    return view.ledger.untasked(ids, MOST);
  });
  return orThrow(found).map(({ id }) => id);
}

async function filterOf(
  target: PipelineTarget,
  { file, step, reason }: AskParams<'pipeline-retry'>,
  looking: Looking,
): Promise<RetryFilter> {
  if (file !== undefined)
    return { tasks: orThrow(await viewPipeline(target, (view) => badTasksOf(view, file))) };
  if (step === undefined) return {};
  if (!target.plan.steps.some(({ name }) => name === step))
    throw new RpcError('unknown', `cannot find a step "${step}" of ${target.name}`);
  if (reason === undefined) return { step };
  const { found } = orThrow(
    await viewPipeline(target, async ({ ledger }) => {
      const below = (await ledger.highest()).task + 1;
      return scanDown({ below, most: MOST, ...looking }, (range) =>
        tasksMeant(ledger, { step, states: BAD, reason }, range),
      );
    }),
  );
  return { tasks: found.map(({ id }) => id) };
}

/** Of a file of an inbox all that goes back to it, of a product what takes it. */
async function badTasksOf(view: PipelineView, written: string): Promise<readonly number[]> {
  const { id, kind } = await mustFind(view, written);
  const { ledger } = view;
  const tasks = kind === 'inbox' ? await ledger.tasksOfRoot(id) : await ledger.tasksOn(id);
  return tasks.filter(({ state }) => BAD.includes(state)).map((task) => task.id);
}

/** A hub waits 20 s: what takes longer goes on by itself. */
const PATIENCE_MS = 12_000;
const LOOK_MS = 200;

/** Begins nothing new, and waits a while until nothing runs. */
export async function drainPipeline(
  target: PipelineTarget,
  why: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<string> {
  orThrow(await holdPipeline(target, why));
  const end = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const { figures } = orThrow(await askFigures(target));
    const runs = figures.running.length;
    if (runs === 0) return 'nothing runs any more, and nothing new begins';
    if (clock.monotonic() >= end || !(await clock.sleep(LOOK_MS, signal)))
      return `nothing new begins; ${runs} ${runs === 1 ? 'run goes' : 'runs go'} on to ${runs === 1 ? 'its' : 'their'} end`;
  }
}

/** Writes a file of an inbox down as done. */
export async function adoptOne(target: PipelineTarget, written: string): Promise<string> {
  const { file, path } = orThrow(
    await viewPipeline(target, async (view) => {
      const found = await mustFind(view, written);
      return { file: found, path: pathOf(found, view.plan) };
    }),
  );
  const inbox = target.plan.inboxes.find(({ name }) => file.kind === 'inbox' && name === file.origin);
  if (inbox === undefined) throw new RpcError('refused', `cannot adopt ${path}: it is no file of an inbox`);
  const { adopted, known, left } = orThrow(
    await adoptPaths(target, inbox.name, [relative(inbox.root, path)]),
  );
  if (adopted > 0) return `${path} is written down as done`;
  if (known > 0) return `${path} was done before`;
  throw new RpcError('refused', `cannot adopt ${path}: ${left[0]?.why ?? 'it is not there'}`);
}
