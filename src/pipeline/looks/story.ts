import { normalize } from 'node:path';
import type { AskValue } from '../../wire/page/asks.ts';
import { childrenOf, parentsOf } from '../lineage.ts';
import type { LedgerFile, Run, Task } from '../ledger/types.ts';
import type { PipelineView } from '../pipeline.ts';
import { pathOf } from '../steps/run-task.ts';
import { lineageLines } from './lineage-lines.ts';
import { createPace, type Looking } from './scan-down.ts';
import { cutOr, cutText, shownFile, shownTask } from './shown.ts';

type View = Pick<PipelineView, 'plan' | 'ledger'>;
type Story = AskValue<'pipeline-story'>;

/** Of a story: what is beyond is counted. */
const MOST = { others: 20, tasks: 60, runs: 20, files: 5, products: 20 } as const;

/** The file that a person means: `#17`, or a path, of which the newest content counts; undefined where there is none. */
export async function fileMeant({ plan, ledger }: View, written: string): Promise<LedgerFile | undefined> {
  const id = /^#(\d{1,15})$/.exec(written)?.[1];
  if (id !== undefined) return ledger.file(Number(id));
  const path = normalize(written.trim());
  for (const { name, root } of [...plan.inboxes, { name: undefined, root: plan.products }]) {
    if (!path.startsWith(`${root}/`)) continue;
    const files = await ledger.filesAt(path.slice(root.length + 1));
    const found = files.find((file) => (name === undefined ? file.kind === 'product' : file.origin === name));
    if (found !== undefined) return found;
  }
  return (await ledger.filesAt(path))[0];
}

/** Everything that became of a file, as far as it can be found in the time that a look may take. */
export async function tellStory(view: View, file: LedgerFile, looking: Looking): Promise<Story> {
  const { plan, ledger } = view;
  const same = (await ledger.filesAt(file.path)).filter(
    ({ id, kind, origin }) => id !== file.id && kind === file.kind && origin === file.origin,
  );
  const all = await tasksOf(view, file);
  const tasks: Story['tasks'] = [];
  const goOn = createPace(looking);
  for (const task of all.slice(0, MOST.tasks)) {
    if (!(await goOn())) break;
    tasks.push(await tellTask(view, task));
  }
  const { sha256 = null, mtimeNs, rev } = file;
  return {
    file: { ...shownFile(file, plan), mtime: Number(mtimeNs) / 1e6, sha256, rev },
    others: same.slice(0, MOST.others).map(({ id, rev: other, state, firstSeen, size }) => ({
      id,
      rev: other,
      state,
      firstSeen,
      size,
    })),
    tasks,
    moreTasks: all.length - tasks.length,
    from: await lineageLines(view, file, parentsOf, looking),
    into: await lineageLines(view, file, childrenOf, looking),
  };
}

/** Of a file of an inbox everything that goes back to it; of a product what made it, and what took it. */
async function tasksOf({ ledger }: View, file: LedgerFile): Promise<readonly Task[]> {
  if (file.kind === 'inbox')
    return (await ledger.tasksOfRoot(file.id)).toSorted((a, b) => a.level - b.level || a.id - b.id);
  const maker = await ledger.task(file.task);
  return [...(maker === undefined ? [] : [maker]), ...(await ledger.tasksOn(file.id))];
}

async function tellTask({ plan, ledger }: View, task: Task): Promise<Story['tasks'][number]> {
  const runs = (await ledger.runsOf(task.id)).map((run, index) => tellRun(run, index));
  const products = await ledger.productsOf(task.id, MOST.products);
  const count = products.length < MOST.products ? products.length : await ledger.countProducts(task.id);
  const inputs = await ledger.inputsOf(task.id, MOST.files);
  return {
    ...shownTask(task),
    files: inputs.map((file) => ({ id: file.id, path: cutText(pathOf(file, plan)) })),
    runs: runs.slice(-MOST.runs),
    moreRuns: Math.max(0, runs.length - MOST.runs),
    products: products.map((product) => shownFile(product, plan)),
    moreProducts: count - products.length,
  };
}

function tellRun(run: Run, index: number): Story['tasks'][number]['runs'][number] {
  const { attempt, started, ended, outcome, exit, error, log } = run;
  const hasLog = log !== null || ended === null;
  return { index, attempt, started, ended, outcome, exit: cutOr(exit), error: cutOr(error), hasLog };
}
