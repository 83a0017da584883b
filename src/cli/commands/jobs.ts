import { type Command, InvalidArgumentError } from 'commander';
import type { ControlApi } from '../../app/control-api.ts';
import { systemClock } from '../../core/clock.ts';
import type { StoredRecord } from '../../core/record.ts';
import type { RpcClient } from '../../core/rpc-client.ts';
import { jobService } from '../../jobs/job.ts';
import { callerName } from '../caller.ts';
import { commandErrorOf, controlClient } from '../control.ts';
import { CommandError } from '../exit-codes.ts';
import { answeredByJobs, historyText, jobsText, unknownJob } from '../job-words.ts';
import { type ConfigOption, type JsonOption, jsonOption, readSetting, subcommand } from '../options.ts';
import { colours, printable, printJson, say, write } from '../output.ts';
import { recordText } from '../record-text.ts';
import { interruptible } from '../signals.ts';
import { addPublished } from './jobs-published.ts';

const MOST_LINES = 10_000;

interface RunOptions extends JsonOption {
  readonly set: Readonly<Record<string, string>>;
  readonly dryRun?: true;
  readonly wait?: true;
  readonly follow?: true;
}

export function addJobs(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('show jobs and their runs, and run, pause and resume them');
  subcommand(jobs, 'list [name...]', 'show how jobs stand, their last runs, and when they are due next')
    .addOption(jsonOption())
    .action(list);
  subcommand(jobs, 'run <name>', 'run a job now, whatever its times say')
    .addOption(jsonOption())
    .option(
      '--set <key=value>',
      'for this run alone: a variable of a command, an option of a verb',
      readSetting,
      {},
    )
    .option('--dry-run', 'only say what would be done')
    .option('--wait', 'wait for its end, retries included; fails where it fails')
    .option('-f, --follow', 'show its output and wait for its end')
    .action(run);
  subcommand(jobs, 'history [name...]', 'show past runs, the newest first')
    .addOption(jsonOption())
    .option('-n, --lines <count>', 'so many', count, 20)
    .action(history);
  subcommand(jobs, 'output <name>', 'show what a run printed: the last one, or the one that is named')
    .addOption(jsonOption())
    .option('--run <run>', 'which run, as in `vahti jobs history`')
    .action(output);
  addPublished(jobs);
  subcommand(
    jobs,
    'pause <name...>',
    'let jobs rest until they are resumed: what runs goes on, what comes due is left out',
  )
    .addOption(jsonOption())
    .requiredOption('--why <reason>', 'why; it has to be said')
    .action(pause);
  subcommand(jobs, 'resume <name...>', 'end a pause; nothing is made up for')
    .addOption(jsonOption())
    .action(resume);
}

async function list(names: readonly string[], { config, json }: JsonOption): Promise<void> {
  const all = answeredByJobs(await (await controlClient(config)).call('jobs', {}));
  const known = all.map(({ name }) => name);
  for (const name of names) if (!known.includes(name)) throw unknownJob(name, known);
  const jobs = all.filter(({ name }) => names.length === 0 || names.includes(name));
  if (json) printJson(jobs);
  else process.stdout.write(jobsText(jobs, systemClock.now(), colours(process.stdout)));
}

async function run(name: string, options: RunOptions): Promise<void> {
  const { config, json, set, dryRun = false, wait, follow } = options;
  const client = await controlClient(config);
  const asked = answeredByJobs(await client.call('job-run', { name, who: callerName(), set, dryRun }));
  if (asked.run === null) {
    if (json) printJson(asked);
    else process.stdout.write(asked.lines.map((line) => `${printable(line)}\n`).join(''));
    return;
  }
  if (!json) for (const line of asked.lines) say(printable(line));
  if (!wait && !follow && !dryRun) {
    if (json) printJson(asked);
    else
      process.stdout.write(
        `${name} is asked to run: ${asked.run}; vahti jobs output ${name} --run ${asked.run}\n`,
      );
    return;
  }
  const outcome = await waitForEnd(client, name, asked.run, follow === true || dryRun, json);
  if (!['ok', 'partly', 'skipped'].includes(outcome)) throw new CommandError('failed', '');
}

/** Follows what the time line says of what was asked for, to its end. Answers with the outcome. */
async function waitForEnd(
  client: RpcClient<ControlApi>,
  name: string,
  request: string,
  shows: boolean,
  json: true | undefined,
): Promise<string> {
  const colour = colours(process.stdout);
  let outcome = '';
  await interruptible(async (signal) => {
    const params = { services: [jobService(name)], follow: true, limit: MOST_LINES };
    for await (const answer of client.stream('logs', params, { signal })) {
      if (!answer.ok) throw commandErrorOf(answer.error);
      const record = answer.value;
      if (record.life !== request && !record.life.startsWith(`${request}.`)) continue;
      const end = endOf(record);
      if (json && (shows || end !== undefined)) await write(`${JSON.stringify(record)}\n`);
      else if (!json && record.kind === 'log' && shows) await write(`${printable(record.message)}\n`);
      else if (!json && record.kind === 'job' && end !== undefined)
        say(recordText(record, { colour, service: false }));
      if (end === undefined || !end.final) continue;
      outcome = end.outcome;
      return;
    }
  });
  if (outcome === '') throw new CommandError('failed', `stopped waiting for ${name}; it goes on`);
  return outcome;
}

function endOf({
  kind,
  fields,
}: StoredRecord): { readonly outcome: string; readonly final: boolean } | undefined {
  if (kind !== 'job' || fields?.['event'] !== 'end') return undefined;
  return { outcome: String(fields['outcome']), final: fields['final'] === true };
}

async function history(
  names: readonly string[],
  { config, json, lines }: JsonOption & { readonly lines: number },
): Promise<void> {
  const rows = answeredByJobs(
    await (await controlClient(config)).call('job-history', { names: [...names], limit: lines }),
  );
  if (json) printJson(rows);
  else process.stdout.write(historyText(rows, systemClock.now(), colours(process.stdout)));
}

async function output(
  name: string,
  { config, json, run: named }: JsonOption & { readonly run?: string },
): Promise<void> {
  const client = await controlClient(config);
  const rows = answeredByJobs(await client.call('job-history', { names: [name], limit: 1 }));
  const life = named ?? rows[0]?.run;
  if (life === undefined)
    throw new CommandError('failed', `cannot show the output of ${name}: it has not run yet`);
  const params = {
    services: [jobService(name)],
    life,
    kinds: ['log' as const],
    limit: MOST_LINES,
    follow: false,
  };
  for await (const answer of client.stream('logs', params)) {
    if (!answer.ok) throw commandErrorOf(answer.error);
    await write(json ? `${JSON.stringify(answer.value)}\n` : `${printable(answer.value.message)}\n`);
  }
}

async function pause(
  names: readonly string[],
  { config, json, why }: JsonOption & { readonly why: string },
): Promise<void> {
  if (why.trim() === '') throw new CommandError('usage', 'cannot pause without a reason: write --why TEXT');
  const params = { names, who: callerName(), why: why.trim() };
  print(
    answeredByJobs(await (await controlClient(config)).call('job-pause', { ...params, names: [...names] })),
    json,
  );
}

async function resume(names: readonly string[], { config, json }: JsonOption & ConfigOption): Promise<void> {
  const params = { names: [...names], who: callerName() };
  print(answeredByJobs(await (await controlClient(config)).call('job-resume', params)), json);
}

function print(
  results: readonly { name: string; done: boolean; message: string }[],
  json: true | undefined,
): void {
  if (json) printJson(results);
  else for (const { name, message } of results) process.stdout.write(`${name} ${message}\n`);
  if (results.some(({ done }) => !done)) throw new CommandError('failed', '');
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 1000)
    throw new InvalidArgumentError('Write a whole number from 1 to 1000.');
  return number;
}
