import { basename } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { readFigures } from '../../app/figures.ts';
import type { Collecting } from '../../app/plan.ts';
import { streamText } from '../../app/plan-lines/services.ts';
import { serviceSocket, statePaths } from '../../app/state.ts';
import type { CollectFigures } from '../../collect/gauges.ts';
import { type Committed, readCommitted } from '../../collect/committed.ts';
import { layoutOf } from '../../collect/layout.ts';
import { tailLines } from '../../collect/tail.ts';
import { systemClock } from '../../core/clock.ts';
import { approximateDuration } from '../../core/durations.ts';
import { approximateSize } from '../../core/sizes.ts';
import { findCollector } from '../collector.ts';
import { requirePlan } from '../config-file.ts';
import { type ConfigOption, type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printJson, say, write } from '../output.ts';
import { shortLine } from '../short-line.ts';
import { addInspection } from './collect-inspect.ts';
import { interruptible } from '../signals.ts';
import { ago, rate } from '../words.ts';

export function addCollect(program: Command): void {
  const collect = program
    .command('collect')
    .description('look into what a collector collected')
    .exitOverride();
  subcommand(
    collect,
    'status <name>',
    'show a collector’s cursor, lag, rates, counts and parts, running or not',
  )
    .addOption(jsonOption())
    .action(showStatus);
  subcommand(collect, 'tail <name>', 'print committed lines, across parts, in the order of the stream')
    .option('-n, --lines <count>', 'begin with the newest so many', readNumber, 10)
    .option('-f, --follow', 'go on with what is committed from now on')
    .option('--from <cursor>', 'begin with the first line after this sequence number', readNumber)
    .option('--short', 'a short line for people instead of JSON')
    .action(tail);
  addInspection(collect);
}

interface TailOptions extends ConfigOption {
  readonly lines: number;
  readonly follow?: true;
  readonly from?: number;
  readonly short?: true;
}

async function tail(name: string, options: TailOptions): Promise<void> {
  const { plan } = await requirePlan(options.config, false);
  const { into } = findCollector(plan, name).collect;
  await interruptible(async (signal) => {
    const lines = tailLines({
      layout: layoutOf(into),
      clock: systemClock,
      last: options.lines,
      ...(options.from === undefined ? {} : { from: options.from }),
      follow: options.follow === true,
      signal,
      missing: (part) => say(`${part} is not here any more; its lines are left out`),
    });
    for await (const batch of lines) {
      const shown = options.short ? batch.map(shortLine) : batch;
      if (shown.length > 0) await write(shown.join(''));
    }
  });
}

async function showStatus(name: string, { config, json }: JsonOption): Promise<void> {
  const { plan } = await requirePlan(config, false);
  const service = findCollector(plan, name);
  const figures = await readFigures(serviceSocket(statePaths(plan.state), name));
  const committed = await readCommitted(layoutOf(service.collect.into));
  if (json)
    return printJson({
      name,
      into: service.collect.into,
      from: service.collect.from,
      figures,
      committed: committed ?? null,
    });
  process.stdout.write(`${statusLines(service, figures, committed, systemClock.now()).join('\n')}\n`);
}

function statusLines(
  { name, collect }: Collecting,
  figures: CollectFigures | null,
  committed: Committed | undefined,
  now: number,
): string[] {
  const lines = [`${name} collects ${streamText(collect.from)}`, `into       ${collect.into}`];
  if (figures === null) {
    lines.push('running    no: these figures are those of its last commit');
  } else {
    const trouble = figures.trouble === null ? '' : `: ${figures.trouble}`;
    lines.push(
      `stream     ${figures.connection} for ${ago(now, figures.since)}, ${figures.reconnects} reconnects${trouble}`,
    );
    lines.push(`rate       ${rate(figures.frameRate)} frames/s, ${rate(figures.lineRate)} lines/s`);
    lines.push(`lag        ${figures.lag === null ? '-' : approximateDuration(figures.lag)}`);
  }
  if (committed === undefined) return [...lines, 'committed  nothing yet'];
  const { checkpoint, closed, parts } = committed;
  const { frames, repeated, corrected, quarantined, kinds } = checkpoint.counts;
  const open = parts.filter((part) => !part.closed);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return [
    ...lines,
    `cursor     ${checkpoint.cursor ?? '-'}, committed ${ago(now, checkpoint.time)} ago`,
    `lines      ${checkpoint.k} of ${frames} frames (${Object.entries(kinds)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', ')})`,
    `dropped    ${repeated} that came again`,
    `corrected  ${corrected} whose time was more than 10 min off the stream’s clock`,
    `quarantine ${quarantined} frames that could not be read`,
    `parts      ${closed.length} closed, ${open.length} open, ${approximateSize(bytes)}`,
    ...open.map(
      (part) => `  ${basename(part.name).padEnd(24)} ${part.lines} lines, ${approximateSize(part.bytes)}`,
    ),
  ];
}

function readNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(number) || number < 0)
    throw new InvalidArgumentError('Write a whole number.');
  return number;
}
