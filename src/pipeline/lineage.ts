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
  nextOf: (view: View, file: LedgerFile) => Promise<readonly LedgerFile[]>,
): Promise<readonly LineageNode[]> {
  const seen = new Set<string>();
  let left = MOST;
  const follow = async (file: LedgerFile): Promise<readonly LineageNode[]> => {
    const nodes: LineageNode[] = [];
    for (const each of await nextOf(view, file)) {
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

/** The inputs of what made a product; of one that is merged into, those of all its earlier contents too. */
export async function parentsOf({ plan, ledger }: View, file: LedgerFile): Promise<readonly LedgerFile[]> {
  if (file.kind === 'inbox') return [];
  const isMerged = plan.steps.find(({ name }) => name === file.origin)?.merge === true;
  const contents = isMerged ? (await ledger.contentsOf(file)).filter(({ id }) => id <= file.id) : [file];
  const inputs: LedgerFile[] = [];
  for (const { task } of contents) inputs.push(...(await ledger.inputsOf(task)));
  // What became complete by time alone has its other form for an input.
  return newest(inputs.filter((input) => !isMerged || input.origin !== file.origin));
}

/** What was made of any content of a file. */
export async function childrenOf({ ledger }: View, file: LedgerFile): Promise<readonly LedgerFile[]> {
  const made: LedgerFile[] = [];
  for (const task of await tasksOnAny(ledger, file)) made.push(...(await ledger.productsOf(task.id)));
  return newest(made.filter(({ origin }) => file.kind === 'inbox' || origin !== file.origin));
}

/** Of a product the tasks on all its contents: what was made of an earlier one was made of this file. */
async function tasksOnAny(ledger: View['ledger'], file: LedgerFile): Promise<readonly Task[]> {
  const all = file.kind === 'inbox' ? [file] : await ledger.contentsOf(file);
  const tasks: Task[] = [];
  for (const { id } of all) tasks.push(...(await ledger.tasksOn(id)));
  return tasks;
}

/** Of each name the last content, by path. */
function newest(files: readonly LedgerFile[]): readonly LedgerFile[] {
  const byName = new Map<string, LedgerFile>();
  for (const file of files) {
    const key = `${file.kind}/${file.origin}/${file.path}`;
    if ((byName.get(key)?.rev ?? -1) < file.rev) byName.set(key, file);
  }
  return [...byName.values()].toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function nodeOf({ plan }: View, file: LedgerFile, shown: LineageNode['shown']): Omit<LineageNode, 'next'> {
  const { kind, origin, state, sha256 = null } = file;
  const version = file.kind === 'product' ? file.version : null;
  return { path: pathOf(file, plan), kind, origin, state, version, sha256, shown };
}
