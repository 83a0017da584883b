import type { Command } from 'commander';
import type { Collecting } from '../../app/plan.ts';
import { type Committed, readCommitted } from '../../collect/committed.ts';
import { type Gap, readGaps } from '../../collect/gaps.ts';
import { type Layout, layoutOf } from '../../collect/layout.ts';
import { type PartFinding, type Verification, verifyParts } from '../../collect/verify.ts';
import { approximateSize } from '../../core/sizes.ts';
import { findCollector } from '../collector.ts';
import { requirePlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printJson, say, table } from '../output.ts';

/** The commands that look into what lies on the disk. */
export function addInspection(collect: Command): void {
  subcommand(collect, 'parts <name>', 'list the files that a collector wrote, closed and open')
    .addOption(jsonOption())
    .action(showParts);
  subcommand(collect, 'gaps <name>', 'list what is known to be missing, and why')
    .addOption(jsonOption())
    .action(showGaps);
  subcommand(collect, 'verify <name>', 'read every file again and compare it with manifest and checkpoint')
    .addOption(jsonOption())
    .action(verify);
}

interface Opened {
  readonly service: Collecting;
  readonly layout: Layout;
  readonly committed: Committed;
}

async function open(name: string, config: string | undefined): Promise<Opened> {
  const { plan } = await requirePlan(config, false);
  const service = findCollector(plan, name);
  const layout = layoutOf(service.collect.into);
  const committed = await readCommitted(layout);
  if (committed !== undefined) return { service, layout, committed };
  throw new CommandError(
    'failed',
    `cannot show anything of ${name}: nothing is committed in ${layout.root} yet`,
  );
}

async function showParts(name: string, { config, json }: JsonOption): Promise<void> {
  const { committed } = await open(name, config);
  const parts = [...committed.parts].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (json) return printJson(parts);
  const rows = parts.map((part) => [
    part.name.slice(part.name.indexOf('/') + 1),
    part.closed ? 'closed' : 'open',
    String(part.lines),
    approximateSize(part.bytes),
    String(part.first),
    String(part.last),
  ]);
  process.stdout.write(table([['PART', 'STATE', 'LINES', 'SIZE', 'FIRST', 'LAST'], ...rows]));
}

async function showGaps(name: string, { config, json }: JsonOption): Promise<void> {
  const { layout, committed } = await open(name, config);
  const gaps = await readGaps(layout.gaps, committed.checkpoint.gaps);
  if (json) return printJson(gaps);
  if (gaps.length === 0) process.stdout.write('no gap is known\n');
  else
    process.stdout.write(
      table([['WRITTEN DOWN', 'EPOCH', 'AFTER', 'BEFORE', 'REASON', 'DETAIL'], ...gaps.map(gapRow)]),
    );
}

function gapRow(gap: Gap): string[] {
  const after = edge(gap.from, gap.since);
  const before = edge(gap.to, gap.until);
  return [secondText(gap.at), String(gap.epoch), after, before, gap.reason, gap.detail];
}

/** The number at a gap's edge, or the time where there is none. */
function edge(number: number | null, time: number | null): string {
  return number === null ? (time === null ? '-' : secondText(time)) : String(number);
}

function secondText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

async function verify(name: string, { config, json }: JsonOption): Promise<void> {
  const { layout, committed } = await open(name, config);
  let done = 0;
  const looked = (finding: PartFinding): void => {
    done += 1;
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${committed.parts.length} parts\u001b[K`);
    if (finding.verdict !== 'whole' && !json)
      say(`${process.stderr.isTTY ? '\r' : ''}${finding.part} is ${finding.verdict}: ${finding.detail}`);
  };
  const verified = await verifyParts(layout, committed, looked);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  if (json) printJson(verified);
  else process.stdout.write(`${summary(verified)}\n`);
  if (!isWhole(verified)) throw new CommandError('failed', '');
}

function isWhole({ parts, booked, committed }: Verification): boolean {
  return booked === committed && parts.every((part) => part.verdict === 'whole');
}

function summary({ parts, booked, committed }: Verification): string {
  const whole = parts.filter((part) => part.verdict === 'whole').length;
  const gone = parts.filter((part) => part.verdict === 'gone').length;
  const books =
    booked === committed ? 'the books account for all of them' : `the books account for ${booked} only`;
  return `${whole} of ${parts.length} parts are whole${gone > 0 ? `, ${gone} are not here any more` : ''}; ${committed} lines were ever committed, ${books}`;
}
