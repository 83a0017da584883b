import { appendFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  draftReprocess,
  type ReprocessDraft,
  runReprocess,
  type RunReprocess,
} from '../../app/pipeline/reprocess.ts';
import { systemClock } from '../../core/clock.ts';
import { createLog } from '../../core/log.ts';
import { asError, ok } from '../../core/result.ts';
import type { Reprocessed } from '../../pipeline/reprocess/run.ts';
import { runBefore } from '../before-command.ts';
import { requirePlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, readSetting, subcommand } from '../options.ts';
import { printJson, say } from '../output.ts';
import { draftText, endText, hasFailed } from '../pipeline-run-text.ts';
import { had, pipelineNamed } from '../pipeline-target.ts';
import { interruptible } from '../signals.ts';
import { readList } from './pipeline-act.ts';

interface RunOptions extends JsonOption {
  readonly from?: string;
  readonly to?: string;
  readonly filter?: string;
  readonly inputFiles?: string;
  readonly inputs?: string;
  readonly products?: string;
  readonly version?: number;
  readonly clean?: true;
  readonly onError?: 'continue' | 'stop';
  readonly set: Readonly<Record<string, string>>;
  readonly without: readonly string[];
  readonly before?: string;
  readonly out?: string;
  readonly logFile?: string;
  readonly dryRun?: true;
}

export function addPipelineRun(pipeline: Command): void {
  subcommand(pipeline, 'run <name>', 'run steps again over files that are there, one level after the other')
    .option('--from <step>', 'the first step; default: those that take from an inbox')
    .option('--to <step>', 'the last step; default: all that follow')
    .option('--without <step>', 'leave a step out; may be written several times', collect, [])
    .option('--filter <pattern>', 'only inputs that fit, by their path in their folder, or their name')
    .option('--input-files <list>', 'only these inputs: a file with one path a line')
    .option('--inputs <folder>', 'take inputs from this folder')
    .option('--products <folder>', 'put products into this folder')
    .option('--version <number>', 'the version of the products', readVersionNumber)
    .option('--clean', 'first remove what these steps have made in the folder of products')
    .addOption(
      new Option('--on-error <what>', 'when a run has failed: go on, or begin nothing more').choices([
        'continue',
        'stop',
      ]),
    )
    .option('--set <key=value>', 'a variable in the environment of the steps', readSetting, {})
    .option('--before <command>', 'a command to run before, without a shell')
    .option('--out <file>', 'write the paths of all products to this file')
    .option('--log-file <file>', 'append the log to this file; default: standard error')
    .option('--dry-run', 'only show what would be done')
    .addOption(jsonOption())
    .action(run);
}

async function run(name: string, options: RunOptions): Promise<void> {
  const { plan } = await requirePlan(options.config, false);
  const target = pipelineNamed(plan, name);
  const draft = await draftOf(target, options);
  checkDraft(draft, options);
  if (options.json && options.dryRun) return printJson(draftJson(draft));
  if (!options.json) process.stdout.write(draftText(draft, options.clean === true));
  if (options.dryRun) return;
  const service = plan.services.find((each) => each.name === name);
  const { before } = options;
  await interruptible(async (signal) => {
    const log = createLog('info', logTo(options.logFile));
    const scope = { drain: signal, stop: signal, ready: () => {}, clock: systemClock, log };
    const cwd = service?.cwd ?? process.cwd();
    const request = {
      draft,
      clean: options.clean === true,
      cwd,
      configFile: plan.file,
      environment: process.env,
      waits: say,
      before: async () =>
        before === undefined
          ? ok(undefined)
          : runBefore({ text: before, cwd, environment: process.env, clock: systemClock, signal }),
    };
    finish(draft, had(await attempt(request, scope)), options);
  });
}

async function attempt(request: RunReprocess, scope: Parameters<typeof runReprocess>[1]) {
  try {
    return await runReprocess(request, scope);
  } catch (thrown) {
    if (!('code' in asError(thrown))) throw thrown;
    throw new CommandError('disk', `cannot go on: ${asError(thrown).message}`);
  }
}

async function draftOf(
  target: Parameters<typeof draftReprocess>[0],
  options: RunOptions,
): Promise<ReprocessDraft> {
  const { from, to, without, version, set, onError, products, filter, inputs, inputFiles } = options;
  const asked = {
    without,
    set,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(version === undefined ? {} : { version }),
    ...(onError === undefined ? {} : { onError }),
    ...(products === undefined ? {} : { products: resolve(products) }),
  };
  const selected = {
    ...(filter === undefined ? {} : { filter }),
    ...(inputs === undefined ? {} : { inputs: resolve(inputs) }),
    ...(inputFiles === undefined ? {} : { list: readList(inputFiles) }),
  };
  try {
    const draft = await draftReprocess(target, asked, selected);
    if (draft.ok) return draft.value;
    throw new CommandError('usage', draft.error);
  } catch (thrown) {
    if (thrown instanceof CommandError || !('code' in asError(thrown))) throw thrown;
    throw new CommandError('failed', `cannot look for inputs: ${asError(thrown).message}`);
  }
}

/** What a selection may not be. An empty one is never everything. */
function checkDraft({ selection, isShared }: ReprocessDraft, options: RunOptions): void {
  for (const line of selection.missing) say(`not there: ${line}`);
  if (selection.unfit > 0)
    say(`${selection.unfit} of the list left out: the pattern or the step does not take them`);
  if (selection.waiting > 0) say(`${selection.waiting} left to the service: they wait in their inbox`);
  if (selection.files.length === 0)
    throw new CommandError('failed', 'cannot run anything again: no file is selected');
  const isPart = options.filter !== undefined || options.inputFiles !== undefined;
  if (options.clean && isPart && isShared)
    throw new CommandError(
      'usage',
      'cannot clean for a part of the inputs: the products of the others would be gone; leave out --clean, or write --products with another folder',
    );
}

function draftJson({ plan, starts, selection, isShared }: ReprocessDraft) {
  return {
    steps: plan.steps.map(({ name, level, version }) => ({ name, level, version })),
    starts: starts.map(({ name }) => name),
    products: plan.products,
    shared: isShared,
    inputs: selection.files.map(({ step, file }) => ({ step: step.name, file })),
    missing: selection.missing,
    waiting: selection.waiting,
  };
}

function finish(draft: ReprocessDraft, done: Reprocessed, options: RunOptions): void {
  const paths = done.products.map(({ path }) => `${path}\n`).join('');
  if (options.out !== undefined) writeOrFail(options.out, paths);
  if (options.json) printJson(done);
  else {
    if (options.out === undefined) process.stdout.write(paths);
    say(endText(draft, done).trimEnd());
  }
  if (hasFailed(done)) throw new CommandError('failed', done.stopped ?? 'not everything succeeded');
}

function writeOrFail(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (thrown) {
    throw new CommandError('failed', `cannot write ${file}: ${asError(thrown).message}`);
  }
}

function logTo(file: string | undefined): ((line: string) => void) | undefined {
  if (file === undefined) return undefined;
  try {
    appendFileSync(file, '');
  } catch (thrown) {
    throw new CommandError('usage', `cannot write ${file}: ${asError(thrown).message}`);
  }
  return (line) => appendFileSync(file, line);
}

function collect(word: string, before: readonly string[]): readonly string[] {
  return [...before, word];
}

function readVersionNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 999_999)
    throw new InvalidArgumentError('Write a whole number from 1 to 999999.');
  return number;
}
