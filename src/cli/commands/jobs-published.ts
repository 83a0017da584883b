import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { systemClock } from '../../core/clock.ts';
import {
  PUBLISH_STATES,
  type HistoryRow,
  type PublishState,
} from '../../jobs/verbs/publish/history-tables.ts';
import { type HistoryReader, historyPath, readHistory } from '../../jobs/verbs/publish/history.ts';
import { requirePlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { countFrom, type JsonOption, jsonOption, someOf, subcommand } from '../options.ts';
import { printable, printJson, say, table } from '../output.ts';
import { findJob } from '../run-job-unit.ts';
import { ago } from '../words.ts';

interface PublishedOptions extends JsonOption {
  readonly state?: readonly PublishState[];
  readonly name?: string;
  readonly lines: number;
  readonly counts?: true;
}

/** `vahti jobs published`: reads the history of a job that publishes, whether a daemon runs or not. */
export function addPublished(jobs: Command): void {
  subcommand(jobs, 'published <name>', 'show what a job has published, and what became of the rest')
    .addOption(jsonOption())
    .option(
      '--state <states>',
      `which: ${PUBLISH_STATES.join(', ')}, or all (default)`,
      someOf(PUBLISH_STATES),
    )
    .option('--name <text>', 'only files with this in their path, or in their public name')
    .option('-n, --lines <count>', 'at most so many, the newest first', countFrom(1, 1_000_000), 1000)
    .option('--counts', 'only how many there are of each')
    .action(published);
}

async function published(name: string, { config, json, ...options }: PublishedOptions): Promise<void> {
  const { plan } = await requirePlan(config, false);
  const job = findJob(plan, name);
  if (job.verb !== 'publish')
    throw new CommandError('usage', `cannot show what ${name} has published: it is a job of \`${job.verb}\``);
  const path = historyPath(plan.state, name);
  if (!existsSync(path)) {
    if (json) printJson(options.counts === true ? {} : []);
    else say(`${name} has published nothing yet`);
    return;
  }
  const opened = readHistory(path);
  if (!opened.ok) throw new CommandError('failed', opened.error.message);
  try {
    show(opened.value, options, json);
  } finally {
    opened.value.close();
  }
}

function show(
  history: HistoryReader,
  { state, name, lines, counts }: Omit<PublishedOptions, 'config' | 'json'>,
  json: true | undefined,
): void {
  if (counts === true) {
    const all = history.counts();
    if (json) return printJson(all);
    process.stdout.write(table(Object.entries(all).map(([word, count]) => [word, String(count)])));
    return;
  }
  const states = state === undefined ? {} : { states: state };
  const found = history.list({ ...states, ...(name === undefined ? {} : { like: name }), limit: lines + 1 });
  const shown = found.slice(0, lines);
  if (json) return printJson(shown);
  if (shown.length === 0) return say('no such files');
  const now = systemClock.now();
  process.stdout.write(
    table([
      ['STATE', 'SINCE', 'FILE', 'PUBLIC NAME', 'WHY'],
      ...shown.map((row) =>
        [row.state, ago(now, row.at), row.path, row.publicName ?? '-', whyOf(row)].map(printable),
      ),
    ]),
  );
  if (found.length > lines) say(`there are more; write -n ${lines * 10}`);
}

function whyOf({ why, changedAt }: HistoryRow): string {
  const changed = changedAt === null ? '' : 'it has changed since, and was not published again';
  return [why ?? '', changed].filter((text) => text !== '').join('; ');
}
