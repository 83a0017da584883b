import { number } from '../number-text.ts';
import { median, quantile, table } from '../table.ts';
import { type CrashLoop, PROGRAMS } from './crash-loop.ts';
import type { Trial } from './trial.ts';

/** Everything that was seen of one contestant. */
export interface Row {
  readonly title: string;
  /** With one service, and with many. */
  readonly one: readonly Trial[];
  readonly many: readonly Trial[];
  readonly loops: readonly CrashLoop[];
  readonly trouble: string | undefined;
}

export interface PageFacts {
  readonly date: string;
  readonly command: string;
  readonly machine: readonly string[];
  readonly load: string;
  readonly services: number;
  readonly idleMs: number;
  readonly loopMs: number;
  readonly missing: readonly string[];
}

const MIB = 1_048_576;

/** Footprint and restarts as a Markdown table. */
export function footprintTable(rows: readonly Row[], services: number): string {
  const head = [
    'supervisor',
    `processes @${services}`,
    `RSS @1 → @${services} (MiB)`,
    `PSS @1 → @${services} (MiB)`,
    `idle CPU @${services}`,
    `all ${services} up`,
    'restart p50 / p95 @1 (ms)',
    `restart p50 / p95 @${services} (ms)`,
    `status command @${services}`,
  ];
  const lines = rows.map(({ title, one, many, trouble }) => {
    const name = trouble === undefined ? title : `${title} (${trouble})`;
    const middle = (trials: readonly Trial[], of: (trial: Trial) => number, digits = 0): string =>
      trials.length === 0 ? '–' : number(median(trials.map(of)), digits);
    const growth = (of: (trial: Trial) => number): string =>
      `${middle(one, (trial) => of(trial) / MIB, 1)} → ${middle(many, (trial) => of(trial) / MIB, 1)}`;
    return [
      name,
      middle(many, ({ processes }) => processes),
      growth(({ rss }) => rss),
      growth(({ pss }) => pss),
      `${middle(many, ({ idle }) => idle * 100, 2)} %`,
      `${middle(many, ({ upMs }) => upMs / 1_000, 1)} s`,
      quantiles(one.flatMap(({ restartMs }) => restartMs)),
      quantiles(many.flatMap(({ restartMs }) => restartMs)),
      `${middle(many, ({ statusMs }) => median(statusMs))} ms`,
    ];
  });
  return table(head, lines);
}

/** What the supervisors made of programs that cannot go on. */
export function crashTable(rows: readonly Row[]): string {
  const lines = rows.map(({ title, loops }) => {
    return [title, ...PROGRAMS.map((_, nth) => (loops[nth] === undefined ? '–' : loopText(loops[nth])))];
  });
  return table(['supervisor', ...PROGRAMS.map((program) => program.title)], lines);
}

function loopText({ starts, lastMs, state }: CrashLoop): string {
  return `${number(starts)} starts, the last after ${number(lastMs / 1_000, 1)} s; then ${state}`;
}

function quantiles(times: readonly number[]): string {
  return times.length === 0 ? '–' : `${number(quantile(times, 0.5))} / ${number(quantile(times, 0.95))}`;
}

/** The whole page. */
export function pageOf(rows: readonly Row[], facts: PageFacts): string {
  const { services } = facts;
  const kills = (trials: readonly Trial[]): number => trials.flatMap(({ restartMs }) => restartMs).length;
  const most = (of: (row: Row) => number): number => Math.max(...rows.map(of));
  const list = [...facts.machine, facts.load].map((item) => `- ${item}\n`).join('');
  return `# Supervision, side by side

Made by \`${facts.command}\` on ${facts.date}; run it again and this page is written anew.

${list}
Every supervisor runs with its defaults, on services that write their pid to a file and become \`sleep\`. RSS and PSS (of
smaps_rollup) are those of the supervising processes alone, 10 s and more after the last start. Vahti and PM2 each run on a
copy of the same Node that nothing else runs on: PSS counts a shared page only in part, so with another Node program on the
machine (the bench is one) both would look smaller. CPU is that of all their threads over ${number(facts.idleMs / 1_000)} s
without events, as a part of one core. "All up" is the time from the start command to the last pid file. A restart is
timed from \`kill -9\` to the pid file of the successor, and only lives of more than 10 s are killed, one at a time:
${number(most(({ one }) => kills(one)))} kills with one service, ${number(most(({ many }) => kills(many)))} with ${number(services)}, in
${number(most(({ many }) => many.length))} rounds, between which the order of the supervisors turns around. The status command is
the one that lists all services, as a new process each time. Figures are medians, of all restarts or of the rounds.

${footprintTable(rows, services)}
## A program that cannot go on

Each program has a supervisor of its own, whose defaults say what happens. Starts are counted by the program itself, in the first
${number(facts.loopMs / 1_000)} s; the state is the one that the supervisor tells at the end of them. Vahti's lanes have no end: after at most 12
starts in 10 minutes it tries every 15 minutes, for ever, and a life of 10 s makes the next start immediate again.

${crashTable(rows)}${facts.missing.length === 0 ? '' : `\n## Not run\n\n${facts.missing.map((item) => `- ${item}\n`).join('')}`}`;
}
