import { readFileSync } from 'node:fs';
import { number } from '../number-text.ts';
import { quantile, table } from '../table.ts';
import type { BenchOptions } from './options.ts';
import type { Trial } from './trial.ts';

export interface Row {
  readonly title: string;
  readonly trial: Trial | undefined;
  readonly trouble: string | undefined;
}

export interface PageFacts {
  readonly date: string;
  readonly command: string;
  readonly machine: readonly string[];
  readonly load: string;
  readonly options: BenchOptions;
  readonly missing: readonly string[];
}

const HEAD = [
  'monitor',
  'a look is late by p50 / p95 / most',
  'looks/s',
  'CPU',
  'waited for a core',
  'PSS (MiB)',
  'a failure is known after p50 / p95 / most',
  'later than need be p50 / p95 / most',
];

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ title, trial, trouble }) => {
    const name = trouble === undefined ? title : `${title} (${trouble})`;
    if (trial === undefined) return [name, ...HEAD.slice(1).map(() => '–')];
    const { lateMs, looksPerSecond, cpu, waited, pss, knownMs, overdueMs, missed } = trial;
    const never = missed === 0 ? '' : `, ${missed} never`;
    return [
      name,
      spread(lateMs),
      number(looksPerSecond, 1),
      `${number(cpu * 100, 1)} %`,
      `${number(waited * 100, 1)} %`,
      number(pss / 2 ** 20, 1),
      `${spread(knownMs)}${never}`,
      spread(overdueMs),
    ];
  });
  return table(HEAD, lines);
}

/** What a reader has to know where the bench goes before other work. */
function schedulingFacts(): readonly string[] {
  const policy = Number(/^policy\s*:\s*(\d+)/m.exec(readFileSync('/proc/self/sched', 'latin1'))?.[1]);
  return policy > 0
    ? ['Both monitors and all targets before any other work on the machine (`chrt --rr`), which was busy']
    : [];
}

/** The median, 19 of 20 and all of them, at most: `1 / 4 / 20 ms`. */
function spread(times: readonly number[]): string {
  const most = Math.max(...times);
  const [unit, part, digits] =
    most >= 2000 ? (['s', 1000, most < 100_000 ? 1 : 0] as const) : (['ms', 1, 0] as const);
  const at = (value: number): string => number(value / part, digits);
  return `${at(quantile(times, 0.5))} / ${at(quantile(times, 0.95))} / ${at(most)} ${unit}`;
}

/** The whole page. */
export function pageOf(rows: readonly Row[], { options, ...facts }: PageFacts): string {
  const list = [...facts.machine, facts.load, ...schedulingFacts()].map((item) => `- ${item}\n`).join('');
  const [every, timeout] = [options.everyMs / 1000, options.timeoutMs / 1000];
  return `# Watches, side by side

Made by \`${facts.command}\` on ${facts.date}; run it again and this page is written anew.

${list}
${number(options.checks)} checks every ${every} s, with a timeout of ${timeout} s: 60 % http (a GET), 30 % tcp (a connection), 10 % commands (a shell script). A tenth
of each sort never answers: the server takes the request and says nothing, the port's queue is full, the script sleeps. All targets are on this machine,
and tell when a look arrived. Vahti has ten checks on each of ${number(Math.ceil(options.checks / 10))} services that only sleep, Monit the same
checks as \`check host\` and \`check program\` with a poll cycle of ${every} s; both say so at the first look that fails.
They ran one after the other.

- **A look is late**: a check's time comes every ${every} s after its first look. Over ${number(options.windowMs / 1000)} s, and
  two rounds at least, from the moment at which it is known of all that hang.
- **CPU** is that of the monitor's own threads in that time, as a part of one core, without the commands that it starts. **Waited for a core** is how
  much of the time its main thread could have gone on and had no core: other work on the machine. **PSS** (of smaps_rollup) is the most that was seen.
- **A failure is known** once it can be read from the time line (Vahti) or the log (Monit): ${number(options.failures)} targets of each sort begin to fail at
  random moments of a round, by status 500 or silence, a closed port, exit code 1.
- **Later than need be** is the same from the moment at which somebody who looks every ${every} s would know it: at the next look, or its timeout.

${tableOf(rows)}
Monit looks at one host after the other, so each that hangs holds up all behind it for its timeout, and a round lasts as long as all of them together.
It starts a command in one round and asks in the next how it ended.
${facts.missing.length === 0 ? '' : `\n## Not run\n\n${facts.missing.map((item) => `- ${item}\n`).join('')}`}`;
}
