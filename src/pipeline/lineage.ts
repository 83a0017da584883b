import type { LedgerFile, Task } from './ledger/types.ts';
import type { PipelineView } from './pipeline.ts';
import { pathOf } from './steps/run-task.ts';

/** A file in a lineage. */
export interface LineageNode {
  /** Absolute. */
  readonly path: string;
  readonly kind: 'inbox' | 'product';
  /** The inbox that it came into, or the step that made it. */
  readonly origin: string;
  readonly state: string;
  /** Of a product. */
  readonly version: number | null;
  readonly sha256: string | null;
  /** `above`: what is next to it is shown where it stands first; `cut`: there is more than is shown. */
  readonly shown: 'whole' | 'above' | 'cut';
  readonly next: readonly LineageNode[];
}

export interface Lineage {
  readonly file: Omit<LineageNode, 'next'>;
  /** What it was made of, each with what that was made of. */
  readonly from: readonly LineageNode[];
  /** What was made of it. */
  readonly into: readonly LineageNode[];
}

type View = Pick<PipelineView, 'plan' | 'ledger'>;

/** Files in one direction. */
const MOST = 5000;

/** Everything that a file comes from and goes into, in what the ledger knows of it. */
export async function lineageOf(view: View, file: LedgerFile): Promise<Lineage> {
  return {
    file: nodeOf(view, file, 'whole'),
    from: await walk(view, file, parentsOf),
    into: await walk(view, file, childrenOf),
  };
}

async function walk(
  view: View,
  start: LedgerFile,
  nextOf: (view: View, file: LedgerFile) => Promise<Next>,
): Promise<readonly LineageNode[]> {
  const seen = new Set<string>();
  let left = MOST;
  const follow = async (file: LedgerFile): Promise<readonly LineageNode[]> => {
    const nodes: LineageNode[] = [];
    for (const each of (await nextOf(view, file)).files) {
      const key = `${each.kind}/${each.origin}/${each.path}`;
      if (left-- <= 0) {
        nodes.push({ ...nodeOf(view, each, 'cut'), next: [] });
        break;
      }
      if (seen.has(key)) {
        nodes.push({ ...nodeOf(view, each, 'above'), next: [] });
        continue;
      }
      seen.add(key);
      const next = await follow(each);
      // What nothing leads on from is whole, however often it stands there.
      if (next.length === 0) seen.delete(key);
      nodes.push({ ...nodeOf(view, each, 'whole'), next });
    }
    return nodes;
  };
  return follow(start);
}

/** What is next to a file in one direction: of each name the last content, by path. */
export interface Next {
  readonly files: readonly LedgerFile[];
  /** There may be more, or later contents. */
  readonly isCut: boolean;
}

/** How far what is next to a file is looked for. */
export interface Bounds {
  /** So many names are asked for. */
  readonly most: number;
  /** So many contents of a file, and tasks on them, the newest. */
  readonly tasks: number;
  /** Asked before each look; false: there was enough. */
  readonly goOn: () => Promise<boolean>;
}

const UNBOUNDED: Bounds = { most: 1_000_000_000, tasks: 1_000_000_000, goOn: async () => true };

/** The inputs of what made a product; of one that is merged into, those of all its earlier contents too. */
export async function parentsOf(
  { plan, ledger }: View,
  file: LedgerFile,
  bounds: Bounds = UNBOUNDED,
): Promise<Next> {
  if (file.kind === 'inbox') return { files: [], isCut: false };
  const isMerged = plan.steps.find(({ name }) => name === file.origin)?.merge === true;
  const contents = isMerged ? await ledger.contentsOf(file, bounds.tasks) : [file];
  const next = await gather(
    contents.filter(({ id }) => id <= file.id).map(({ task }) => task),
    (task, limit) => ledger.inputsOf(task, limit),
    bounds,
    // What became complete by time alone has its other form for an input.
    (input) => !isMerged || input.origin !== file.origin,
  );
  return { ...next, isCut: next.isCut || contents.length >= bounds.tasks };
}

/** What was made of any content of a file. */
export async function childrenOf(
  { ledger }: View,
  file: LedgerFile,
  bounds: Bounds = UNBOUNDED,
): Promise<Next> {
  const { tasks, isCut } = await tasksOnAny(ledger, file, bounds);
  const next = await gather(
    // A later content of the file itself is none.
    tasks.filter(({ step }) => file.kind === 'inbox' || step !== file.origin).map(({ id }) => id),
    (task, limit) => ledger.productsOf(task, limit),
    bounds,
  );
  return { ...next, isCut: next.isCut || isCut };
}

/** Of a product the tasks on all its contents: what was made of an earlier one was made of this file. The newest first. */
async function tasksOnAny(
  ledger: View['ledger'],
  file: LedgerFile,
  { tasks: most, goOn }: Bounds,
): Promise<{ readonly tasks: readonly Task[]; readonly isCut: boolean }> {
  const all = file.kind === 'inbox' ? [file] : await ledger.contentsOf(file, most);
  const tasks: Task[] = [];
  for (const { id } of all) {
    if (tasks.length >= most || !(await goOn())) return { tasks, isCut: true };
    tasks.push(...(await ledger.tasksOn(id, most - tasks.length)).toReversed());
  }
  return { tasks, isCut: all.length >= most || tasks.length >= most };
}

/** @param read finds at most `limit` files of a task. */
async function gather(
  tasks: readonly number[],
  read: (task: number, limit: number) => Promise<readonly LedgerFile[]>,
  { most, goOn }: Bounds,
  isMeant: (file: LedgerFile) => boolean = () => true,
): Promise<Next> {
  const byName = new Map<string, LedgerFile>();
  let isCut = false;
  for (const task of tasks) {
    isCut ||= byName.size > most || !(await goOn());
    if (isCut) break;
    const found = await read(task, most + 1);
    isCut = found.length > most;
    for (const file of found.filter(isMeant)) {
      const key = `${file.kind}/${file.origin}/${file.path}`;
      if ((byName.get(key)?.rev ?? -1) < file.rev) byName.set(key, file);
    }
  }
  const files = [...byName.values()].toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { files, isCut };
}

function nodeOf({ plan }: View, file: LedgerFile, shown: LineageNode['shown']): Omit<LineageNode, 'next'> {
  const { kind, origin, state, sha256 = null } = file;
  const version = file.kind === 'product' ? file.version : null;
  return { path: pathOf(file, plan), kind, origin, state, version, sha256, shown };
}
