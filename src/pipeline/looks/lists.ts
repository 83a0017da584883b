import type { AskParams, AskValue } from '../../wire/page/asks.ts';
import type { Task, TaskState } from '../ledger/types.ts';
import type { PipelineView } from '../pipeline.ts';
import { pathOf } from '../steps/run-task.ts';
import { reasonOf } from './reasons.ts';
import { type Looking, scanDown } from './scan-down.ts';
import { cutText, shownFile, shownTask, some } from './shown.ts';

type View = Pick<PipelineView, 'plan' | 'ledger'>;

/** Files that are meant, the newest first. */
export async function listFiles(
  { plan, ledger }: View,
  { kind, origin, states, words, reason, below, most }: AskParams<'pipeline-files'>,
  looking: Looking,
): Promise<AskValue<'pipeline-files'>> {
  const wanted = {
    ...(kind === null ? {} : { kind }),
    ...(origin === null ? {} : { origin }),
    states,
    words: belowFolder(plan, words),
  };
  const from = below ?? (await ledger.highest()).file + 1;
  const { found, next } = await scanDown({ below: from, most, ...looking }, async (range) => {
    if (reason === null) return ledger.filesWithin({ ...wanted, ...range });
    // Reasons are not in the ledger: all of them are looked at.
    const all = await ledger.filesWithin({ ...wanted, ...range, limit: range.below - range.from });
    return all.filter((file) => file.kind === 'inbox' && reasonOf(file.why) === reason).slice(0, range.limit);
  });
  return { files: found.map((file) => shownFile(file, plan)), next };
}

/** What a person copies from elsewhere is absolute; the ledger has it below its folder. */
function belowFolder({ inboxes, products }: View['plan'], words: string): string {
  const folder = [products, ...inboxes.map(({ root }) => root)].find((each) => words.startsWith(`${each}/`));
  return folder === undefined ? words : words.slice(folder.length + 1);
}

const MOST_ROOTS = 3;

/** Tasks of a step that are meant, the newest first. */
export async function listTasks(
  view: View,
  { step, states, reason, below, most }: AskParams<'pipeline-tasks'>,
  looking: Looking,
): Promise<AskValue<'pipeline-tasks'>> {
  const { ledger } = view;
  const from = below ?? (await ledger.highest()).task + 1;
  const { found, next } = await scanDown({ below: from, most, ...looking }, (range) =>
    tasksMeant(ledger, { step, states, reason }, range),
  );
  const tasks: AskValue<'pipeline-tasks'>['tasks'] = [];
  for (const task of found) tasks.push({ ...shownTask(task), ...(await rootsIn(view, task.id)) });
  return { tasks, next };
}

interface Meant {
  readonly step: string;
  readonly states: readonly TaskState[];
  readonly reason: string | null;
}

/** Reasons are not in the ledger: all of them are looked at. */
async function tasksMeant(
  ledger: View['ledger'],
  { step, states, reason }: Meant,
  range: { readonly from: number; readonly below: number; readonly limit: number },
): Promise<readonly Task[]> {
  if (reason === null) return ledger.tasksWithin({ step, states, ...range });
  const all = await ledger.tasksWithin({ step, states, ...range, limit: range.below - range.from });
  return all.filter(({ error }) => reasonOf(error) === reason).slice(0, range.limit);
}

async function rootsIn(
  { plan, ledger }: View,
  task: number,
): Promise<Pick<AskValue<'pipeline-tasks'>['tasks'][number], 'roots' | 'moreRoots'>> {
  const [ids, moreRoots] = some(await ledger.rootsOf(task), MOST_ROOTS);
  const roots: { id: number; path: string }[] = [];
  for (const id of ids) {
    const file = await ledger.file(id);
    if (file !== undefined) roots.push({ id, path: cutText(pathOf(file, plan)) });
  }
  return { roots, moreRoots };
}
