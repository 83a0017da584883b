import { join } from 'node:path';
import { errFileOf } from '../logs/names.ts';
import type { PipelineView } from '../pipeline.ts';
import { pathOf } from '../steps/run-task.ts';
import { configText } from './config-text.ts';
import { currentFiles, openFiles } from './open-files.ts';
import { momentText, oneLine } from './words.ts';

/** What the status commands are answered with. Moments are wall milliseconds. */
export interface StatusContext {
  readonly view: PipelineView;
  readonly now: number;
  /** Of Vahti, for `config`. */
  readonly program: string;
}

/** A status command, and its answer: lines without the last newline. */
type Answer = (context: StatusContext) => Promise<string>;

/** Every command there is. Nothing else can be asked for, and none of them changes anything. */
const STATUS_COMMANDS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['next', nextText],
  ['last', lastText],
  ['current', currentText],
  ['error', errorText],
  ['config', async ({ view, program }) => configText(view, program)],
  ['open', openText],
  ['health', healthText],
]);

/** Of a command that nobody knows, so much is repeated. */
const MOST_REPEATED = 100;
/** Lines of `open`. */
const MOST_OPEN = 1000;

/** The answer to a line of the protocol. Rejects where the ledger cannot be read. */
export async function answerStatus(line: string, context: StatusContext): Promise<string> {
  const command = line.trimEnd();
  const answer = STATUS_COMMANDS.get(command);
  if (answer !== undefined) return answer(context);
  return `call cmd ${oneLine(command).slice(0, MOST_REPEATED)} not found`;
}

/** How many files wait that may be worked on; those that are worked on are `current`. */
async function waitingCount({ ledger, ...view }: PipelineView): Promise<number> {
  // First: what begins meanwhile is current, and what ends meanwhile is counted; it never looks idle while something waits.
  const { count } = await ledger.backlog();
  return Math.max(0, count - (await currentFiles({ ...view, ledger })).length);
}

async function nextText({ view }: StatusContext): Promise<string> {
  return `open files: ${await waitingCount(view)}`;
}

async function lastText({ view, now }: StatusContext): Promise<string> {
  const [last] = await view.ledger.lastWorked(['done', 'partial', 'failed', 'parked'], 1);
  if (last === undefined) return `None\n${momentText(await idleSince(view, now))}`;
  return `${oneLine(pathOf(last, view.plan))}\n${momentText(last.ended ?? now)}`;
}

/** Two lines for each file that is worked on, the one that has been for the longest first. */
async function currentText({ view, now }: StatusContext): Promise<string> {
  const current = await currentFiles(view);
  if (current.length === 0) return `None\n${momentText(await idleSince(view, now))}`;
  return current.map(({ path, run }) => `${oneLine(path)}\n${momentText(run.started)}`).join('\n');
}

async function idleSince(view: PipelineView, now: number): Promise<number> {
  const { idleSince: idle, progressed } = await view.figures();
  return idle ?? progressed ?? now;
}

async function errorText({ view, now }: StatusContext): Promise<string> {
  const [bad] = await view.ledger.lastWorked(['failed', 'partial', 'parked'], 1);
  if (bad === undefined) return `None\n${momentText(now)}`;
  const log =
    view.plan.logs === undefined ? await runLogOf(view, bad.id) : errFileOf(view.plan, view.plan.logs, bad);
  return [
    oneLine(pathOf(bad, view.plan)),
    momentText(bad.ended ?? now),
    bad.why === null ? 'None' : oneLine(bad.why),
    log ?? 'None',
  ].join('\n');
}

/** What the last run printed that has failed for a file. Absolute. */
async function runLogOf({ ledger, logs }: PipelineView, root: number): Promise<string | undefined> {
  for (const task of (await ledger.tasksOfRoot(root)).toReversed()) {
    if (task.state !== 'failed' && task.state !== 'parked') continue;
    const run = (await ledger.runsOf(task.id)).findLast(({ log }) => log !== null);
    if (run?.log != null) return join(logs, run.log);
  }
  return undefined;
}

/** A line for each file that is not done: state, since when, path and what it waits for, with tabs between. */
async function openText({ view }: StatusContext): Promise<string> {
  const open = await openFiles(view, MOST_OPEN);
  if (open.length === 0) return 'None';
  const lines = open
    .slice(0, MOST_OPEN)
    .map(({ state, since, path, why }) =>
      [state, momentText(since), oneLine(path), ...(why === null ? [] : [oneLine(why)])].join('\t'),
    );
  return [...lines, ...(open.length > MOST_OPEN ? ['… and more'] : [])].join('\n');
}

/** The first line is the verdict: `ok`, `held: …` or `failing: …`; then figures, one a line. */
async function healthText({ view, now }: StatusContext): Promise<string> {
  const figures = await view.figures();
  const { held, files, running, oldest, progressed } = figures;
  const bad = (files['failed'] ?? 0) + (files['partial'] ?? 0) + (files['parked'] ?? 0);
  const longest = Math.min(...running.map(({ started }) => started));
  const verdict =
    held === null
      ? bad === 0
        ? 'ok'
        : `failing: ${bad} ${bad === 1 ? 'file' : 'files'}`
      : `held: ${oneLine(held)}`;
  return [
    verdict,
    `open files: ${await waitingCount(view)}`,
    `running: ${running.length}`,
    `longest run: ${running.length === 0 ? 'None' : `${Math.round(Math.max(0, now - longest) / 1000)} s`}`,
    `oldest open: ${oldest === null ? 'None' : momentText(oldest)}`,
    `last progress: ${progressed === null ? 'None' : momentText(progressed)}`,
  ].join('\n');
}
