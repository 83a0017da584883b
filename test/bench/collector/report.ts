import { number } from '../number-text.ts';
import { compare } from './check-lines.ts';
import type { Trial } from './trial.ts';

/** The trials of one contestant in one round, or why there are none. */
export interface Row {
  readonly title: string;
  readonly trials: readonly Trial[];
  readonly trouble: string | undefined;
}

/** All contestants, fed with the same frames. */
export interface Round {
  readonly title: string;
  readonly frames: number;
  readonly rows: readonly Row[];
}

const HEAD = [
  'collector',
  'frames/s, one core',
  'frames per CPU-second',
  'CPU ms per 1,000 frames',
  'catch-up',
  'peak RSS',
  'server busy',
  'lines',
  'missing / doubled',
  'says the same',
];

/** A round as a Markdown table; each figure is the median of the trials, with the least and the most behind it. */
export function tableOf({ title, frames, rows }: Round): string {
  const reference = rows.find(({ trials }) => trials[0]?.findings !== undefined)?.trials[0]?.findings?.sample;
  const lines = rows.map(({ title: name, trials, trouble }) => {
    if (trials.length === 0) return `| ${name} | ${trouble ?? 'not run'} |${' |'.repeat(HEAD.length - 2)}`;
    const cells = [...figures(trials, frames), ...counts(trials, reference)];
    return `| ${[trouble === undefined ? name : `${name} (${trouble})`, ...cells].join(' | ')} |`;
  });
  const rule = `|${HEAD.map((_, i) => (i === 0 ? ' --- |' : ' ---: |')).join('')}`;
  return [`### ${title}`, '', `| ${HEAD.join(' | ')} |`, rule, ...lines, ''].join('\n');
}

function figures(trials: readonly Trial[], frames: number): string[] {
  const spread = (of: (trial: Trial) => number, digits = 0): string => {
    const values = trials.map(of).toSorted((a, b) => a - b);
    const [least, most] = [values[0] as number, values.at(-1) as number];
    const middle = number(median(values), digits);
    return values.length === 1 ? middle : `${middle} (${number(least, digits)}–${number(most, digits)})`;
  };
  return [
    spread(({ wallMs }) => (frames / wallMs) * 1_000),
    spread(({ cpuMs }) => (frames / cpuMs) * 1_000),
    spread(({ cpuMs }) => (cpuMs / frames) * 1_000, 1),
    `${spread(({ wallMs }) => wallMs / 1_000, 1)} s`,
    `${spread(({ peakRss }) => peakRss / 1e6)} MB`,
    `${spread(({ serverCpuMs, wallMs }) => (serverCpuMs / wallMs) * 100)} %`,
  ];
}

function counts(trials: readonly Trial[], reference: ReadonlyMap<string, unknown> | undefined): string[] {
  const found = trials.flatMap(({ findings }) => (findings === undefined ? [] : [findings]));
  const [first] = found;
  if (first === undefined || reference === undefined) return ['–', '–', '–'];
  const sum = (of: (findings: (typeof found)[number]) => number): number =>
    found.reduce((total, each) => total + of(each), 0);
  const { same, less, of } = compare(first.sample, reference);
  const fewer = less === 0 ? '' : `; ${percent(less, of)} with fewer fields`;
  const agreement = same === of ? 'all' : `${percent(same, of)}${fewer}`;
  const broken = sum((each) => each.broken);
  return [
    [...new Set(found.map(({ lines }) => number(lines)))].join(', '),
    `${number(sum((each) => each.missing))} / ${number(sum((each) => each.doubled))}${broken === 0 ? '' : `, ${broken} broken`}`,
    first.sample === reference ? '(the measure)' : agreement,
  ];
}

function percent(part: number, whole: number): string {
  return `${number((part / whole) * 100, 1)} %`;
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export interface PageFacts {
  readonly date: string;
  readonly command: string;
  readonly machine: readonly string[];
  readonly load: string;
  readonly repeats: number;
  readonly missing: readonly string[];
}

/** The whole page. */
export function pageOf(rounds: readonly Round[], facts: PageFacts): string {
  const list = (items: readonly string[]): string => items.map((item) => `- ${item}\n`).join('');
  return `# Collector, side by side

Made by \`${facts.command}\` on ${facts.date}; run it again and this page is written anew.

${list([...facts.machine, facts.load])}
Every collector reads the same frames over a real WebSocket on this machine, and makes them durable: lines of JSON, one for each
operation, appended and synced (fdatasync) each 1,000 lines or 200 ms, then the cursor, synced too. Peers get a writer that does this
with our own file operations, and our own limits; ours is the whole program, \`vahti run\`, with checkpoint, SHA-256 of each part, gap
and reset detection. Each is a process of its own, tied to one core. The server is tied to the other; it is not
\`vahti simulate\` but a small one of the bench, whose messages are made beforehand (4,096 frames, again and again, under new numbers
and times, 500 a second of event time) and written as fast as the reader takes them. "Server busy" is its share of its core: it is
not what limits where that is far below 100 %.

The clock starts when the server begins to send, with the collector started and connected, and stops when the last frame's cursor
is durable: so "catch-up" is the time from that many frames behind to none. CPU is user and kernel time of the whole process in
between, peak RSS is VmHWM. Figures are medians of ${facts.repeats}, with least–most behind; the order turns around from
trial to trial. Missing and doubled are counted number by number over all trials. "Says the same" compares each line of the first 4,000
frames, but for times, with those of the first row.

What the peers leave out, to their advantage: \`@atproto/sync\` runs without checking signatures and handles, since none of the others
does (it hashes every block all the same); its events carry no \`since\` and not the blocks of a sync. \`@skyware/firehose\` has no
back-pressure of its own: its socket is paused beside it when the writer is full. None of the peers' writers notices a gap, a reset or
a frame that it cannot read, and none would know after a crash which of its lines the cursor counts.

${rounds.map(tableOf).join('\n')}${section('Not run', facts.missing)}
`;
}

function section(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `\n## ${title}\n\n${items.map((item) => `- ${item}`).join('\n')}\n`;
}
