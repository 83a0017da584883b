import { join } from 'node:path';
import type { Command } from 'commander';
import { viewPipeline } from '../../app/pipeline/control.ts';
import { systemClock } from '../../core/clock.ts';
import { INBOX_FILE_STATES, type InboxFileState } from '../../core/pipeline-states.ts';
import { globFilter } from '../../pipeline/inbox-walk.ts';
import { type LineageNode, lineageOf } from '../../pipeline/lineage.ts';
import type { InboxFile } from '../../pipeline/ledger/types.ts';
import { storyOf } from '../../pipeline/logs/story.ts';
import type { PipelineView } from '../../pipeline/pipeline.ts';
import { pathOf } from '../../pipeline/steps/run-task.ts';
import { CommandError } from '../exit-codes.ts';
import { countFrom, type ConfigOption, type JsonOption, jsonOption, someOf, subcommand } from '../options.ts';
import { printable, printJson, say, table, write } from '../output.ts';
import { fileNamed, findPipeline, had, inboxFileNamed } from '../pipeline-target.ts';
import { ago } from '../words.ts';

/** Commands that look at files. */
export function addPipelineFiles(pipeline: Command): void {
  subcommand(
    pipeline,
    'files <name> [pattern...]',
    'show the files that came in, and how far they are; by default those that are not done',
  )
    .option(
      '--state <states>',
      `which: ${INBOX_FILE_STATES.join(', ')}, or all`,
      someOf(INBOX_FILE_STATES),
      OPEN,
    )
    .option('-n, --lines <count>', 'at most so many', countFrom(1, 1_000_000), 1000)
    .addOption(jsonOption())
    .action(files);
  subcommand(pipeline, 'lineage <name> <file>', 'show what a file was made of, and what was made of it')
    .addOption(jsonOption())
    .action(lineage);
  subcommand(pipeline, 'logs <name> <file>', 'show what was done for a file that came in, and printed')
    .option('--err', 'only where it has failed')
    .option('--out', 'the products that were made of it')
    .action(logs);
}

const OPEN: readonly InboxFileState[] = INBOX_FILE_STATES.filter(
  (state) => !['done', 'ignored', 'gone'].includes(state),
);

interface FilesOptions extends JsonOption {
  readonly state: readonly InboxFileState[];
  readonly lines: number;
}

async function files(name: string, patterns: readonly string[], options: FilesOptions): Promise<void> {
  const { config, json, state, lines } = options;
  const target = await findPipeline(config, name);
  const found = had(await viewPipeline(target, (view) => findFiles(view, patterns, state, lines + 1)));
  const shown = found.slice(0, lines);
  if (json) return printJson(shown.map((file) => ({ ...file, file: pathOf(file, target.plan) })));
  if (shown.length === 0) return say('no such files');
  const now = systemClock.now();
  process.stdout.write(
    table([
      ['STATE', 'SINCE', 'FILE', 'WHY'],
      ...shown.map((file) => [
        file.state,
        ago(now, file.ended ?? file.settledAt ?? file.firstSeen),
        printable(pathOf(file, target.plan)),
        file.why === null ? '' : printable(file.why),
      ]),
    ]),
  );
  if (found.length > lines) say(`and more: -n ${lines * 10} shows them`);
}

const PAGE = 1000;

async function findFiles(
  { plan, ledger }: PipelineView,
  patterns: readonly string[],
  states: readonly InboxFileState[],
  limit: number,
): Promise<readonly InboxFile[]> {
  const found: InboxFile[] = [];
  const globs = patterns.map((pattern) => ({ pattern, fits: globFilter(pattern) }));
  for (const { name, root } of plan.inboxes) {
    for (let after = ''; ; ) {
      const page = await ledger.filesOf(name, after, PAGE);
      for (const file of page) {
        const isMeant =
          globs.length === 0 ||
          globs.some(({ pattern, fits }) =>
            fits(pattern.startsWith('/') ? join(root, file.path) : file.path),
          );
        if (isMeant && states.includes(file.state)) found.push(file);
        if (found.length >= limit) return found;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.path;
    }
  }
  return found;
}

async function lineage(name: string, file: string, { config, json }: JsonOption): Promise<void> {
  const target = await findPipeline(config, name);
  const found = had(await viewPipeline(target, async (view) => lineageOf(view, await fileNamed(view, file))));
  if (json) return printJson(found);
  const { file: self, from, into } = found;
  const lines = [nodeText(self), ...treeLines('from', from), ...treeLines('into', into)];
  await write(`${lines.join('\n')}\n`);
}

function treeLines(head: string, nodes: readonly LineageNode[]): string[] {
  return nodes.length === 0 ? [] : [head, ...nodes.flatMap((node) => branch(node, 1))];
}

function branch(node: LineageNode, depth: number): string[] {
  return [`${'  '.repeat(depth)}${nodeText(node)}`, ...node.next.flatMap((each) => branch(each, depth + 1))];
}

function nodeText({ path, kind, origin, state, version, shown }: Omit<LineageNode, 'next'>): string {
  const made = kind === 'inbox' ? `came into ${origin}` : `made by ${origin}, version ${version}`;
  return printable(
    `${path}  (${made}, ${state})${shown === 'above' ? ', see above' : shown === 'cut' ? ', and more' : ''}`,
  );
}

interface LogsOptions extends ConfigOption {
  readonly err?: true;
  readonly out?: true;
}

async function logs(name: string, file: string, { config, err, out }: LogsOptions): Promise<void> {
  if (err && out) throw new CommandError('usage', 'cannot show --err and --out at once: ask for one');
  const target = await findPipeline(config, name);
  const { story, found } = had(
    await viewPipeline(target, async (view) => {
      const one = await inboxFileNamed(view, file);
      return { found: one, story: await storyOf(view, one) };
    }),
  );
  if (out) return write(story.out.map((path) => `${path}\n`).join(''));
  if (err && !story.isBad) return say(`${file} has not failed: it is ${found.state}`);
  if (story.log === '')
    return say(
      `nothing was done for ${file}: it is ${found.state}${found.why === null ? '' : ` (${found.why})`}`,
    );
  await write(story.log);
}
