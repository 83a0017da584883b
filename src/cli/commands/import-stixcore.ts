import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { StateSurvey } from '../../app/importers/stixcore/state/survey.ts';
import type { TakenOver } from '../../app/importers/stixcore/state/take-over.ts';
import { systemClock } from '../../core/clock.ts';
import { formatDiagnostic, sortDiagnostics } from '../../core/diagnostics.ts';
import { requirePlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, printable, printJson, say } from '../output.ts';
import { pipelineNamed } from '../pipeline-target.ts';

interface StateImportOptions extends JsonOption {
  readonly defaults?: string;
  readonly cwd?: string;
  readonly pipeline: string;
  readonly processedFiles?: string;
  readonly errors: 'done' | 'again';
  readonly apply?: true;
}

/** `vahti import stixcore-state`: what STIXCore has done. Its config is read in import-config.ts. */
export function addStixcoreState(parent: Command): void {
  subcommand(
    parent,
    'stixcore-state <file>',
    'write down what STIXCore has done, so that it is not done again: the files that its logs name, its products, what its daily pipeline and its publishing remember; says what it would do, and does it with --apply, while no daemon runs',
  )
    .option('--defaults <file>', 'the stixcore.ini of the package, which <file> wins over')
    .option('--cwd <folder>', 'where STIXCore is started; its relative paths are relative to it')
    .option('--pipeline <name>', 'the pipeline that takes its place', 'stix')
    .option(
      '--processed-files <list>',
      'processed_files.txt of the cron job that unpacks archives of kernels',
    )
    .addOption(
      new Option('--errors <what>', 'files that came to their end with errors')
        .choices(['done', 'again'])
        .default('done'),
    )
    .option('--apply', 'do it; without it nothing is written')
    .addOption(jsonOption())
    .action(importState);
}

async function importState(file: string, options: StateImportOptions): Promise<void> {
  const { config, defaults, cwd, processedFiles, errors, apply = false, json } = options;
  const { plan } = await requirePlan(config, false);
  const pipeline = pipelineNamed(plan, options.pipeline);
  const [{ surveyState }, { takeOver }] = await Promise.all([
    import('../../app/importers/stixcore/state/survey.ts'),
    import('../../app/importers/stixcore/state/take-over.ts'),
  ]);
  const surveyed = await surveyState({
    files: [...(defaults === undefined ? [] : [defaults]), file],
    ...(cwd === undefined ? {} : { cwd: resolve(cwd) }),
    pipeline,
    jobs: plan.jobs ?? [],
    ...(processedFiles === undefined ? {} : { processedFiles }),
  });
  if (!surveyed.ok) {
    if (typeof surveyed.error === 'string') throw new CommandError('failed', surveyed.error);
    for (const each of sortDiagnostics(surveyed.error))
      say(formatDiagnostic(each, { colour: colours(process.stderr) }));
    throw new CommandError('usage', `cannot import ${file}`);
  }
  const survey = surveyed.value;
  for (const each of survey.without) say(printable(`without: ${each}`));
  for (const each of survey.problems) say(printable(`warning: ${each}`));
  if (!json) process.stdout.write(`${summary(survey, errors).map(printable).join('\n')}\n`);
  const taken = !apply
    ? undefined
    : await takeOver(survey, {
        pipeline,
        errorsAgain: errors === 'again',
        clock: systemClock,
        progress: showProgress(),
      });
  if (taken?.ok === false) throw new CommandError(taken.error.kind, taken.error.message);
  if (json)
    return printJson({ apply, ...figures(survey), ...(taken === undefined ? {} : { taken: taken.value }) });
  if (taken === undefined) return void process.stdout.write('nothing was written; --apply does it\n');
  for (const each of taken.value.left) say(printable(`left ${each}`));
  process.stdout.write(`${result(taken.value, pipeline.name).join('\n')}\n`);
}

/** Names that are listed one by one. */
const SHOWN = 20;

function summary(
  { isOpenLeft, logs, archive, daily, published, unpacked }: StateSurvey,
  errors: string,
): string[] {
  const lines = [
    `done         ${logs.done.length} telemetry files came to their end`,
    `errors       ${logs.withErrors.length} came to their end with errors: they are ${errors === 'done' ? 'taken for done (--errors again)' : 'done again'}`,
    ...listed(logs.withErrors),
    `old          ${logs.old.length} are not younger than last_processed: taken for done`,
    `open         ${logs.open.length} ${isOpenLeft ? 'are left as they are: the inbox begins with what is new (start: new)' : 'will be done'}`,
    ...listed(logs.open.map(({ path, why }) => `${path}: ${why}`)),
  ];
  if (logs.elsewhere > 0) lines.push(`elsewhere    ${logs.elsewhere} have an .out, and lie elsewhere by now`);
  lines.push(
    `products     ${archive.products.length}; ${archive.others} files with other names are left, ${archive.gone} products that .out files name are not there`,
  );
  for (const [level, count] of archive.unmade)
    lines.push(`             ${count} of ${level} are left: no step makes them`);
  if (daily !== undefined)
    lines.push(
      `daily        ${daily.runs.length} of ${daily.rows} rows count; ${daily.newer} files were made anew since and will be done again, ${daily.gone} of files that are gone`,
    );
  if (published !== undefined) {
    const { rows, failed, grown, gone } = published.survey;
    lines.push(
      `published    ${rows.length} for the job ${published.job.name}; ${failed} were never finished and are tried again, ${gone} are not there any more`,
      `             ${grown.length} changed after they were published: the job will tell`,
      ...listed(grown),
    );
  }
  if (unpacked !== undefined) {
    const { done, missing, gone } = unpacked.survey;
    lines.push(
      `archives     ${done.length} are unpacked, for the job ${unpacked.job.name}; ${gone} are not there any more`,
      `             ${missing.length} are marked as unpacked, and are not: they will be`,
      ...listed(missing.map(({ path, why }) => `${path}: ${why}`)),
    );
  }
  return lines;
}

function listed(names: readonly string[]): string[] {
  const more = names.length - SHOWN;
  return [
    ...names.slice(0, SHOWN).map((name) => `               ${name}`),
    ...(more > 0 ? [`               … and ${more} more (--json has all)`] : []),
  ];
}

function figures({ logs, archive, daily, published, unpacked, without, problems }: StateSurvey) {
  const { madeOf: _, problems: __, ...files } = logs;
  return {
    ...files,
    products: archive.products.length,
    others: archive.others,
    unmade: Object.fromEntries(archive.unmade),
    productsGone: archive.gone,
    daily:
      daily === undefined
        ? null
        : { rows: daily.rows, runs: daily.runs.length, newer: daily.newer, gone: daily.gone },
    published:
      published === undefined
        ? null
        : { ...published.survey, rows: published.survey.rows.length, job: published.job.name },
    archives: unpacked === undefined ? null : { ...unpacked.survey, job: unpacked.job.name },
    without,
    problems,
  };
}

function result({ inputs, products, runs, published, archives }: TakenOver, pipeline: string): string[] {
  const line = (what: string, { taken, known }: { readonly taken: number; readonly known: number }): string =>
    `${what} ${taken} written down, ${known} were there already`;
  return [
    line('telemetry   ', inputs),
    line('products    ', products),
    line('daily runs  ', runs),
    line('published   ', published),
    line('archives    ', archives),
    `now: vahti up; vahti pipeline files ${pipeline} shows what is open`,
  ];
}

const STEP = 10_000;

function showProgress(): (what: string, done: number, total: number) => void {
  let next = STEP;
  return (what, done, total) => {
    if (done < next) return void (next = Math.min(next, done + STEP));
    next = done + STEP;
    if (process.stderr.isTTY) say(`${done} of ${total} ${what}`);
  };
}
