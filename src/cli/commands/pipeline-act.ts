import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import {
  adoptPaths,
  askFigures,
  goOnWith,
  holdPipeline,
  type PipelineTarget,
  resumePipeline,
  retryTasks,
  viewPipeline,
} from '../../app/pipeline/control.ts';
import { systemClock } from '../../core/clock.ts';
import { formatDuration, parseDuration } from '../../core/durations.ts';
import { asError } from '../../core/result.ts';
import { didYouMean } from '../../core/suggest.ts';
import { compileInboxNames } from '../../pipeline/inbox/names.ts';
import { filesBelow, globFilter } from '../../pipeline/inbox-walk.ts';
import type { Task, TaskState } from '../../pipeline/ledger/types.ts';
import type { InboxPlan } from '../../pipeline/plan.ts';
import { callerName } from '../caller.ts';
import { CommandError } from '../exit-codes.ts';
import { type ConfigOption, type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printable, printJson, say } from '../output.ts';
import { fileNamed, findPipeline, had, pathsMeant } from '../pipeline-target.ts';
import { interruptible } from '../signals.ts';

/** Commands that change what a pipeline does, whether its service runs or not. */
export function addPipelineActions(pipeline: Command): void {
  subcommand(
    pipeline,
    'adopt <name> [file...]',
    'write files of an inbox down as done, as they are now: names, or patterns in quotes',
  )
    .option('--input-files <list>', 'a file with one path a line')
    .option('--all', 'everything that is in the inbox now')
    .option('--inbox <inbox>', 'which inbox; needed where there are several')
    .addOption(jsonOption())
    .action(adopt);
  subcommand(pipeline, 'retry <name> [file...]', 'do what has failed again: of some files, or all of it')
    .option('--failed', 'everything that has failed')
    .option('--parked', 'everything that was given up since its runner was killed')
    .option('--step <step>', 'only of this step')
    .addOption(jsonOption())
    .action(retry);
  subcommand(pipeline, 'hold <name>', 'begin nothing new until `resume`; what runs goes on')
    .requiredOption('--why <reason>', 'why; it has to be said')
    .action(hold);
  subcommand(pipeline, 'drain <name>', 'as `hold`, and wait until nothing runs')
    .requiredOption('--why <reason>', 'why; it has to be said')
    .option('--timeout <duration>', 'wait no longer; it stays held', readDuration, 3_600_000)
    .action(drain);
  subcommand(pipeline, 'resume <name>', 'go on after `hold`, `drain` or `on-error: stop`').action(resume);
}

interface AdoptOptions extends JsonOption {
  readonly inputFiles?: string;
  readonly all?: true;
  readonly inbox?: string;
}

async function adopt(name: string, files: readonly string[], options: AdoptOptions): Promise<void> {
  const { config, json, inputFiles, all } = options;
  const target = await findPipeline(config, name);
  const written = [...files, ...(inputFiles === undefined ? [] : readList(inputFiles))];
  if (written.length === 0 && !all)
    throw new CommandError('usage', 'cannot adopt nothing: name files or patterns, or write --all');
  const inbox = inboxOf(target, options.inbox);
  const paths = all ? await everyFile(inbox, ['**']) : await meantFiles(target, inbox, written);
  const done = had(await adoptPaths(target, inbox.name, paths));
  if (json) return printJson(done);
  for (const { path, why } of done.left) say(printable(`left ${path}: ${why}`));
  process.stdout.write(`${done.adopted} adopted, ${done.known} done before, ${done.left.length} left\n`);
  if (done.adopted + done.known === 0) throw new CommandError('failed', 'cannot adopt anything of that');
}

function inboxOf({ name, plan }: PipelineTarget, written: string | undefined): InboxPlan {
  const names = plan.inboxes.map((inbox) => inbox.name);
  const found =
    written === undefined && plan.inboxes.length === 1
      ? plan.inboxes[0]
      : plan.inboxes.find((inbox) => inbox.name === written);
  if (found !== undefined) return found;
  if (written === undefined)
    throw new CommandError('usage', `cannot tell which inbox: write --inbox with one of ${names.join(', ')}`);
  throw new CommandError(
    'usage',
    `cannot find an inbox "${written}" of ${name}${didYouMean(written, names)} (there are ${names.join(', ')})`,
  );
}

const GLOB = /[*?[{]/;

/** Files by names and patterns. A name counts even where nothing is there: then it is said so. */
async function meantFiles(
  target: PipelineTarget,
  inbox: InboxPlan,
  written: readonly string[],
): Promise<readonly string[]> {
  const paths = new Set<string>();
  const globs: string[] = [];
  for (const one of written) {
    const [first = one, below = first] = pathsMeant({ plan: { ...target.plan, inboxes: [inbox] } }, one);
    if (GLOB.test(one)) globs.push(below);
    else paths.add(below);
  }
  for (const path of globs.length === 0 ? [] : await everyFile(inbox, globs)) paths.add(path);
  return [...paths];
}

async function everyFile(inbox: InboxPlan, globs: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const names = compileInboxNames(inbox);
  const fits = globs.map(globFilter);
  try {
    for await (const path of filesBelow(inbox.root))
      if (names.isWanted(path) && fits.some((fit) => fit(path))) found.push(path);
  } catch (thrown) {
    throw new CommandError('failed', `cannot look into ${inbox.root}: ${asError(thrown).message}`);
  }
  return found;
}

/** The lines of a file that are not empty. */
export function readList(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch (thrown) {
    throw new CommandError('usage', `cannot read the list ${file}: ${asError(thrown).message}`);
  }
}

interface RetryOptions extends JsonOption {
  readonly failed?: true;
  readonly parked?: true;
  readonly step?: string;
}

async function retry(name: string, files: readonly string[], options: RetryOptions): Promise<void> {
  const { config, json, failed, parked, step } = options;
  const target = await findPipeline(config, name);
  if (files.length === 0 && !failed && !parked)
    throw new CommandError(
      'usage',
      'cannot tell what to do again: name files, or write --failed or --parked',
    );
  const known = target.plan.steps.map((each) => each.name);
  if (step !== undefined && !known.includes(step))
    throw new CommandError('usage', `cannot find a step "${step}" of ${name}${didYouMean(step, known)}`);
  const states: TaskState[] = [
    ...(failed || !parked ? (['failed'] as const) : []),
    ...(parked || !failed ? (['parked'] as const) : []),
  ];
  const found = await badTasks(target, files, states, step);
  const tasks = found.tasks.map(({ id }) => id);
  const count = tasks.length === 0 ? 0 : had(await retryTasks(target, { tasks }));
  const gone = found.files.length === 0 ? 0 : had(await goOnWith(target, found.files));
  if (json) return printJson({ tasks: count, files: gone });
  process.stdout.write(`${retriedText(count, found.tasks, gone)}\n`);
  if (count + gone === 0 && files.length > 0)
    throw new CommandError('failed', `nothing of ${files.join(', ')} has failed`);
}

/** What is done again, by step; and what goes on though its inbox refused it. */
function retriedText(count: number, tasks: readonly Task[], gone: number): string {
  const byStep = [...Map.groupBy(tasks, ({ step }) => step)].map(([step, all]) => `${step} ${all.length}`);
  const which = byStep.length === 0 ? '' : ` (${byStep.join(', ')})`;
  const again = `${count} ${count === 1 ? 'task is' : 'tasks are'} done again${which}`;
  if (gone === 0) return again;
  const files = `${gone} ${gone === 1 ? 'file' : 'files'} that failed before a first step ${gone === 1 ? 'goes' : 'go'} on`;
  return count === 0 ? files : `${again}; ${files}`;
}

interface Bad {
  readonly tasks: readonly Task[];
  /** Files of inboxes without a task, by number. */
  readonly files: readonly number[];
}

/** Failed tasks, of some files or of all. */
async function badTasks(
  target: PipelineTarget,
  files: readonly string[],
  states: readonly TaskState[],
  step: string | undefined,
): Promise<Bad> {
  return had(
    await viewPipeline(target, async (view): Promise<Bad> => {
      const { ledger } = view;
      if (files.length === 0) {
        const all = await ledger.tasks({
          states,
          ...(step === undefined ? {} : { step }),
          limit: MOST_TASKS,
        });
        const untasked =
          step !== undefined || !states.includes('failed')
            ? []
            : await ledger.untasked(undefined, MOST_TASKS);
        return { tasks: all, files: untasked.map(({ id }) => id) };
      }
      const found = new Map<number, Task>();
      const meant: number[] = [];
      for (const written of files) {
        const file = await fileNamed(view, written);
        if (step === undefined && states.includes('failed'))
          meant.push(...(await ledger.untasked([file.id], 1)).map(({ id }) => id));
        const tasks =
          file.kind === 'inbox' ? await ledger.tasksOfRoot(file.id) : await ledger.tasksOn(file.id);
        for (const task of tasks)
          if (states.includes(task.state) && (step === undefined || task.step === step))
            found.set(task.id, task);
      }
      return { tasks: [...found.values()], files: [...new Set(meant)] };
    }),
  );
}

const MOST_TASKS = 100_000;

interface HoldOptions extends ConfigOption {
  readonly why: string;
}

async function hold(name: string, { config, why }: HoldOptions): Promise<void> {
  const target = await findPipeline(config, name);
  had(await holdPipeline(target, reason(why)));
  process.stdout.write(`${name} is held: nothing new begins until vahti pipeline resume ${name}\n`);
}

function reason(why: string): string {
  if (why.trim() === '') throw new CommandError('usage', 'cannot hold without a reason: write --why TEXT');
  return `${callerName()}: ${why.trim().slice(0, 400)}`;
}

const LOOK_MS = 200;

async function drain(name: string, options: HoldOptions & { readonly timeout: number }): Promise<void> {
  const target = await findPipeline(options.config, name);
  had(await holdPipeline(target, reason(options.why)));
  await interruptible(async (signal) => {
    const end = systemClock.monotonic() + options.timeout;
    for (let shown = ''; ; ) {
      const { figures } = had(await askFigures(target));
      if (figures.running.length === 0) return;
      const what = figures.running.map(({ step, first }) => `${step} of ${first}`).join(', ');
      if (what !== shown) say(printable(`waits for ${what}`));
      shown = what;
      if (systemClock.monotonic() >= end)
        throw new CommandError(
          'failed',
          `${what} still runs after ${formatDuration(options.timeout)}; ${name} stays held`,
        );
      if (!(await systemClock.sleep(LOOK_MS, signal)))
        throw new CommandError('failed', `stopped waiting; ${name} stays held`);
    }
  });
  process.stdout.write(
    `nothing of ${name} runs, and nothing new begins until vahti pipeline resume ${name}\n`,
  );
}

async function resume(name: string, { config }: ConfigOption): Promise<void> {
  had(await resumePipeline(await findPipeline(config, name)));
  process.stdout.write(`${name} goes on\n`);
}

function readDuration(text: string): number {
  const read = parseDuration(text);
  if (!read.ok) throw new InvalidArgumentError(read.error);
  return read.value;
}
