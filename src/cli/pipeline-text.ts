import { approximateDuration } from '../core/durations.ts';
import type { PipelineFigures, StepFigures } from '../pipeline/pipeline.ts';
import type { TaskState } from '../pipeline/ledger/types.ts';
import { paint, printable, table } from './output.ts';
import { ago } from './words.ts';

/** Which states of tasks a column of the summary counts. */
const COLUMNS: readonly (readonly [string, readonly TaskState[]])[] = [
  ['READY', ['ready']],
  ['RUNNING', ['running', 'installing']],
  ['WAITING', ['gathering', 'retry', 'deferred']],
  ['DONE', ['done', 'warned']],
  ['SKIPPED', ['skipped', 'ignored']],
  ['FAILED', ['failed', 'parked']],
];

/** How a pipeline stands, for people. */
export function summaryText(
  name: string,
  { running, figures }: { readonly running: boolean; readonly figures: PipelineFigures },
  now: number,
  colour: boolean,
): string {
  const { held, oldest, progressed, files } = figures;
  const bad = badCount(figures);
  const lines = [
    `${paint(colour, 'bold', name)} ${running ? 'runs' : 'does not run: this is what its ledger says'}`,
    ...(held === null ? [] : [`held      ${paint(colour, 'yellow', printable(held))}`]),
    `open      ${figures.backlog}${oldest === null ? '' : `, the oldest for ${ago(now, oldest)}`}`,
    ...figures.running.map(
      ({ step, first, inputs, started, attempt }) =>
        `runs      ${step} for ${approximateDuration(Math.max(0, now - started))}: ${printable(first)}${inputs > 1 ? ` and ${inputs - 1} more` : ''}${attempt > 1 ? `, attempt ${attempt}` : ''}`,
    ),
    `waiting   ${sum(files, ['seen', 'settling', 'waiting'])} in the inbox`,
    `done      ${files['done'] ?? 0}${progressed === null ? '' : `, the last run ended ${ago(now, progressed)} ago`}`,
    ...(bad === 0
      ? []
      : [
          `failed    ${paint(colour, 'red', String(bad))}: vahti pipeline files ${name} --state failed,partial,parked`,
        ]),
  ];
  return `${lines.join('\n')}\n\n${table([
    ['STEP', 'LEVEL', ...COLUMNS.map(([head]) => head)],
    ...figures.steps.map((step) => [
      step.enabled ? step.step : `${step.step} (off)`,
      String(step.level),
      ...COLUMNS.map(([, states]) => String(countOf(step, states))),
    ]),
  ])}`;
}

/** Pipelines side by side. */
export function listText(
  rows: readonly {
    readonly name: string;
    readonly running: boolean;
    readonly figures: PipelineFigures | null;
  }[],
): string {
  if (rows.length === 0) return 'no pipelines\n';
  return table([
    ['PIPELINE', 'RUNS', 'OPEN', 'RUNNING', 'DONE', 'FAILED', 'HELD'],
    ...rows.map(({ name, running, figures }) =>
      figures === null
        ? [name, 'no', '-', '-', '-', '-', 'has not run yet']
        : [
            name,
            running ? 'yes' : 'no',
            String(figures.backlog),
            String(figures.running.length),
            String(figures.files['done'] ?? 0),
            String(badCount(figures)),
            figures.held === null ? '' : printable(figures.held),
          ],
    ),
  ]);
}

function badCount({ files }: PipelineFigures): number {
  return sum(files, ['failed', 'partial', 'parked']);
}

function sum(counts: Readonly<Record<string, number>>, names: readonly string[]): number {
  return names.reduce((total, name) => total + (counts[name] ?? 0), 0);
}

function countOf({ tasks }: StepFigures, states: readonly TaskState[]): number {
  return states.reduce((total, state) => total + (tasks[state] ?? 0), 0);
}
