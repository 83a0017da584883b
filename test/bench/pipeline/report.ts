import { number } from '../number-text.ts';
import { median, quantile, table } from '../table.ts';
import { type Backlog, worst } from './backlog.ts';
import type { Latency } from './latency.ts';
import type { Cost } from './rivals.ts';

/** What all repetitions of one contestant took. */
export interface CostRow {
  readonly title: string;
  readonly costs: readonly Cost[];
}

export interface Results {
  readonly overhead: readonly CostRow[];
  readonly latency: readonly Latency[];
  readonly backlog: Backlog | undefined;
  /** Files of one repetition. */
  readonly each: number;
}

export function overheadTable({ overhead, each }: Results): string {
  const rows = overhead.map(({ title, costs }) => {
    const of = (part: (cost: Cost) => number | undefined): string => {
      const values = costs.map(part).filter((value) => value !== undefined);
      return values.length === 0 ? '–' : number(median(values) / each, 2);
    };
    const wall = costs.map(({ wallMs }) => wallMs);
    return [
      title,
      of(({ wallMs }) => wallMs),
      of(({ ownMs }) => ownMs),
      of(({ allMs }) => allMs),
      number((each / median(wall)) * 1000),
    ];
  });
  return table(['', 'wall ms a file', 'CPU ms of the starter', 'CPU ms of all', 'files/s'], rows);
}

/** Of each step of Vahti's above the bare start of the same command, pair by pair. */
export function aboveTable({ overhead, each }: Results): string {
  const rows = overhead.flatMap(({ title, costs }) => {
    const bare = overhead.find((other) => other.title === title.replace('Vahti,', 'bare start by Node,'));
    if (!title.startsWith('Vahti,') || bare === undefined) return [];
    const above = (part: (cost: Cost) => number): string =>
      number(median(costs.map((cost, at) => part(cost) - part(bare.costs[at] as Cost))) / each, 2);
    return [
      [title, above(({ wallMs }) => wallMs), above(({ ownMs }) => ownMs ?? 0), above(({ allMs }) => allMs)],
    ];
  });
  return table(['above a bare start', 'wall ms a file', 'CPU ms of the starter', 'CPU ms of all'], rows);
}

export function latencyTable({ latency }: Results): string {
  const of = (values: readonly number[]): string =>
    values.length === 0
      ? '–'
      : [0.5, 0.95, 0.99].map((part) => number(quantile(values, part), 1)).join(' / ');
  const rows = latency.map(({ title, seen, started }) => [title, of(seen), of(started)]);
  return table(['p50 / p95 / p99, ms', 'in the ledger', 'its command says so'], rows);
}

export function backlogTable(backlog: Backlog): string {
  const { files, asked, askedWorking } = backlog;
  const bytes = ({ most, anonymous }: { readonly most: number; readonly anonymous: number }): string =>
    `${number(most / 2 ** 20)} MiB at most, ${number(anonymous / 2 ** 20)} MiB of its own then`;
  const answers = (values: readonly number[]): string =>
    `p95 ${number(worst(values).p95)} ms, ${number(worst(values).most)} ms at most`;
  return table(
    [`${number(files)} files`, ''],
    [
      [
        'taken in, with `settle: 2s`',
        `${number(backlog.takenMs / 1000, 1)} s, ${number(backlog.takenCpuMs / 1000, 1)} s of CPU`,
      ],
      ['figures answered meanwhile', answers(asked)],
      ['memory of the runner (RSS) with all of them waiting', bytes(backlog)],
      [
        'restart with all of them waiting, until the next is done',
        `${number(backlog.restartMs / 1000, 2)} s`,
      ],
      ['done at the beginning, worker, 2 at once', `${number(backlog.firstRate)} files/s`],
      ['done at the end', `${number(backlog.lastRate)} files/s`],
      ['figures answered meanwhile', answers(askedWorking)],
      ['memory at the end', bytes(backlog.end)],
      ['idle with all of them done', `${number(backlog.idle * 100, 2)} % of a core`],
    ],
  );
}

export interface PageFacts {
  readonly date: string;
  readonly command: string;
  readonly machine: readonly string[];
  readonly load: string;
  readonly missing: readonly string[];
  readonly repeats: number;
}

/** The tables alone. */
export function tablesOf(results: Results): string {
  return [
    ...(results.overhead.length === 0 ? [] : [overheadTable(results), aboveTable(results)]),
    ...(results.latency.length === 0 ? [] : [latencyTable(results)]),
    ...(results.backlog === undefined ? [] : [backlogTable(results.backlog)]),
  ].join('\n');
}

/** The whole page. */
export function pageOf(results: Results, facts: PageFacts): string {
  const list = [...facts.machine, facts.load].map((item) => `- ${item}\n`).join('');
  const missing = facts.missing.map((item) => `Not run: ${item}.\n`).join('');
  return `# Pipelines, side by side

Made by \`${facts.command}\` on ${facts.date}; run it again and this page is written anew.

${list}
Every contestant runs a command for each of ${number(results.each)} files, ${facts.repeats} times, in turns; figures are medians. \`cp\` makes a product
of each file. The shell loop, make and the script of incron copy to a hidden name, rename it to its place, and append a line to a list:
nothing of it is durable, and nothing of it would go on after a kill. Vahti is compiled, as installed; it makes product, place and ledger durable, and
counts from the first start to the last end, with all files taken in before. A bare start is the same Node, that starts the command with its output in pipes
and waits for it: CPU of the starter is that of the process which starts commands, CPU of all has the commands in it. A worker is a
command that stays.

${results.overhead.length === 0 ? '' : overheadTable(results)}
${results.overhead.length === 0 ? '' : aboveTable(results)}
A Node that starts a process copies the tables of its own memory for it, some 40 µs for each MiB: what a runner holds in memory, each start pays for.

## From a rename to its command

Files are renamed into the folder one by one, 60 ms apart. The command is a shell that says when it began, so two programs have been started by then. Under
load the runner works at 10,000 other files, one at a time, all the while.

${results.latency.length === 0 ? '' : latencyTable(results)}
## Many files

All files are there when the runner begins; they settle as files do that did not come by a rename. Figures are asked for ten times a second.

${results.backlog === undefined ? '' : backlogTable(results.backlog)}${missing === '' ? '' : `\n${missing}`}`;
}
