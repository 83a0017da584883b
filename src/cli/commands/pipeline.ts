import { type Command, Option } from 'commander';
import { askFigures, askStatus } from '../../app/pipeline/control.ts';
import { systemClock } from '../../core/clock.ts';
import type { PipelineFigures } from '../../pipeline/pipeline.ts';
import { CommandError } from '../exit-codes.ts';
import { requirePlan } from '../config-file.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, printJson, write } from '../output.ts';
import { findPipeline, had, pipelinesOf } from '../pipeline-target.ts';
import { listText, summaryText } from '../pipeline-text.ts';
import { ownVersion } from '../../core/own-package.ts';
import { addPipelineActions } from './pipeline-act.ts';
import { addPipelineFiles } from './pipeline-files.ts';
import { addPipelineRun } from './pipeline-run.ts';

export function addPipeline(program: Command): void {
  const pipeline = program
    .command('pipeline')
    .description('look into file pipelines, say what they do next, and run them again')
    .exitOverride();
  subcommand(pipeline, 'list', 'show the pipelines of the config').addOption(jsonOption()).action(list);
  addStatus(pipeline);
  addPipelineFiles(pipeline);
  addPipelineActions(pipeline);
  addPipelineRun(pipeline);
}

/** Flags of `status`, and the commands of the status protocol that they mean. */
const ASKED = [
  ['-n, --next', 'next', 'how many files wait'],
  ['-l, --last', 'last', 'the file that was worked on last, and when that ended'],
  ['-c, --current', 'current', 'the files that are worked on, and since when'],
  ['-e, --error', 'error', 'the file that failed last: when, why, and where its log is'],
  ['-o, --open', 'open', 'the files that are not done'],
  ['-C, --settings', 'config', 'the versions and the resolved config, without secrets'],
  ['-H, --health', 'health', 'whether it is well, in some lines'],
] as const;

/** `-c` is what the programs that it takes the place of have it for; so the config file has its long name alone here. */
function addStatus(pipeline: Command): void {
  const status = pipeline
    .command('status <name>')
    .description('show how a pipeline stands, or one thing of it as its status endpoint says it')
    .addOption(
      new Option('--config <file>', 'the config file; default: ./vahti.yaml, then /etc/vahti/vahti.yaml'),
    )
    .exitOverride();
  for (const [flags, , description] of ASKED) status.option(flags, description);
  status.addOption(jsonOption()).action(showStatus);
}

interface StatusFlags extends JsonOption {
  readonly [flag: string]: string | true | undefined;
}

async function showStatus(name: string, options: StatusFlags): Promise<void> {
  const asked = ASKED.filter(([flags]) => options[flags.slice('-n, --'.length)] === true);
  if (asked.length > 1)
    throw new CommandError(
      'usage',
      `cannot show ${asked.map(([flags]) => flags.slice(4)).join(' and ')} at once: ask for one`,
    );
  const target = await findPipeline(options.config, name);
  const [only] = asked;
  if (only !== undefined) {
    const text = had(await askStatus(target, only[1], ownVersion())).trimEnd();
    if (options.json === true) printJson({ name, [only[1]]: text.split('\n') });
    else await write(`${text}\n`);
    return;
  }
  const answer = had(await askFigures(target));
  if (options.json === true) printJson({ name, ...answer });
  else process.stdout.write(summaryText(name, answer, systemClock.now(), colours(process.stdout)));
}

async function list({ config, json }: JsonOption): Promise<void> {
  const { plan } = await requirePlan(config, false);
  const rows: { name: string; running: boolean; figures: PipelineFigures | null }[] = [];
  for (const target of pipelinesOf(plan)) {
    const answer = await askFigures(target);
    const isNew = !answer.ok && answer.error.kind === 'new';
    rows.push({ name: target.name, ...(isNew ? { running: false, figures: null } : had(answer)) });
  }
  if (json) printJson(rows);
  else process.stdout.write(listText(rows));
}
