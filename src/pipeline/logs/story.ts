import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BAD, type InboxFile, type Run, type Task } from '../ledger/types.ts';
import type { PipelineView } from '../pipeline.ts';
import { oneLine } from '../status/words.ts';

/** What was done for a file of an inbox, as its log files say it. */
export interface Story {
  /** Every run, with what it printed. */
  readonly log: string;
  /** Whether a task of it has failed and was not mended since. */
  readonly isBad: boolean;
  /** Products that were made of it, absolute, in the order of the levels; each once. */
  readonly out: readonly string[];
}

/** Of one file's log: what earlier runs printed is left out beyond it. */
const MOST_BYTES = 16_777_216;

/** Tells of a file, from the ledger and from what its runs printed. */
export async function storyOf(
  view: Pick<PipelineView, 'name' | 'plan' | 'ledger' | 'logs'>,
  file: Pick<InboxFile, 'id'>,
): Promise<Story> {
  const { ledger, plan } = view;
  const tasks = await ledger.tasksOfRoot(file.id);
  const runs: { readonly task: Task; readonly run: Run; readonly made: readonly string[] }[] = [];
  const out = new Set<string>();
  for (const task of tasks.toSorted((a, b) => a.level - b.level || a.id - b.id)) {
    const made = (await ledger.productsOf(task.id)).map(({ path }) => join(plan.products, path));
    for (const path of made) out.add(path);
    const all = await ledger.runsOf(task.id);
    for (const [at, run] of all.entries()) runs.push({ task, run, made: at === all.length - 1 ? made : [] });
  }
  runs.sort((a, b) => a.run.started - b.run.started);
  const parts: string[] = [];
  let bytes = 0;
  for (const { task, run, made } of runs.toReversed()) {
    const printed = bytes > MOST_BYTES ? '… left out …\n' : await printedBy(view.logs, run);
    bytes += printed.length;
    parts.push(runText(view.name, task, run, made, printed));
  }
  return {
    log: parts.toReversed().join(''),
    isBad: tasks.some(({ state }) => BAD.includes(state)),
    out: [...out],
  };
}

async function printedBy(logs: string, { log }: Run): Promise<string> {
  if (log === null) return '';
  const text = await readFile(join(logs, log), 'utf8').catch(() => '… not there any more …\n');
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** One run: how it began, what it printed, how it ended and what it made. */
function runText(name: string, task: Task, run: Run, made: readonly string[], printed: string): string {
  const line = (at: number, level: string, text: string): string =>
    `${new Date(at).toISOString().slice(0, 19)}Z ${level} ${name}.${task.step} ${task.id}: ${oneLine(text)}\n`;
  const key = task.vars['key'] ?? '';
  const begins = `begins attempt ${run.attempt}${key === '' ? '' : ` for ${key}`}, version ${run.version}, step ${run.stepHash}${run.tool === null ? '' : `, tool ${run.tool}`}`;
  const lines = [line(run.started, 'INFO', begins), printed];
  if (run.ended !== null) {
    for (const path of made) lines.push(line(run.ended, 'INFO', `makes ${path}`));
    const why = run.error === null ? '' : `: ${run.error}`;
    const exit = why !== '' || run.exit === null || run.exit === '0' ? '' : `, exit code ${run.exit}`;
    lines.push(line(run.ended, levelOf(run), `${run.outcome}${exit}${why}`));
  }
  return lines.join('');
}

function levelOf({ outcome, error }: Run): string {
  if (outcome === 'failed' || outcome === 'parked') return 'ERROR';
  return outcome === 'done' || error === null ? 'INFO' : 'WARNING';
}
