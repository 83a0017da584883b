import { relative } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { RpcError } from '../../core/rpc.ts';
import type { RetryFilter } from '../../pipeline/ledger/ledger.ts';
import { BAD } from '../../pipeline/ledger/types.ts';
import { reasonOf } from '../../pipeline/looks/reasons.ts';
import type { Looking } from '../../pipeline/looks/scan-down.ts';
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

/** Files that go on in one go. */
const MOST = 10_000;
/** Failures that are looked at in one go; then others have their turn. */
const AT_ONCE = 1000;
const PAUSE_MS = 1;

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
  return { tasks: orThrow(await viewPipeline(target, (view) => badTasksFor(view, step, reason, looking))) };
}

/** Tasks of a step that failed for a reason. Reasons are not in the ledger: whatever failed of the step is looked at, some at a time. */
async function badTasksFor(
  { ledger }: PipelineView,
  step: string,
  reason: string,
  { clock, signal }: Looking,
): Promise<readonly number[]> {
  const found: number[] = [];
  let below = (await ledger.highest()).task + 1;
  for (;;) {
    const page = await ledger.badTasksOf(step, below, AT_ONCE);
    for (const { id, error } of page) if (reasonOf(error) === reason) found.push(id);
    const last = page.at(-1);
    if (page.length < AT_ONCE || last === undefined) return found;
    below = last.id;
    // A part is never done again as if it were all.
    if (!(await clock.sleep(PAUSE_MS, signal)))
      throw new RpcError('aborted', 'cannot retry: nobody waits for it any more');
  }
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
    const asked = await askFigures(target);
    // It is held, whatever else: that is said, and written down.
    if (!asked.ok) return `nothing new begins; what runs is not known: ${asked.error.message}`;
    const runs = asked.value.figures.running.length;
    if (runs === 0) return 'nothing runs any more, and nothing new begins';
    if (clock.monotonic() >= end || !(await clock.sleep(LOOK_MS, signal)))
      return `nothing new begins; ${runs} ${runs === 1 ? 'run goes' : 'runs go'} on to ${runs === 1 ? 'its' : 'their'} end`;
  }
}

/** Writes a file of an inbox down as done: the newest content of its name, as nothing else is there any more. */
export async function adoptOne(target: PipelineTarget, written: string): Promise<string> {
  const { file, path, isNewest } = orThrow(
    await viewPipeline(target, async (view) => {
      const found = await mustFind(view, written);
      const { id, kind, origin } = found;
      const same = await view.ledger.filesAt(found.path);
      const newest = same.find((each) => each.kind === kind && each.origin === origin);
      return { file: found, path: pathOf(found, view.plan), isNewest: newest?.id === id };
    }),
  );
  const inbox = target.plan.inboxes.find(({ name }) => file.kind === 'inbox' && name === file.origin);
  if (inbox === undefined) throw new RpcError('refused', `cannot adopt ${path}: it is no file of an inbox`);
  if (!isNewest) throw new RpcError('refused', `cannot adopt ${path}: another content has taken its place`);
  const { adopted, known, left } = orThrow(
    await adoptPaths(target, inbox.name, [relative(inbox.root, path)]),
  );
  if (adopted > 0) return `${path} is written down as done`;
  if (known > 0) return `${path} was done before`;
  throw new RpcError('refused', `cannot adopt ${path}: ${left[0]?.why ?? 'it is not there'}`);
}
