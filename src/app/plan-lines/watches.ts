import { formatDuration } from '../../core/durations.ts';
import { hoursText } from '../../core/hours.ts';
import { windowText } from '../../core/windows.ts';
import { stepText } from '../../watch/ladder.ts';
import type { PlannedQuiet, PlannedService, PlannedWatch } from '../plan.ts';
import { lineOf, type PlanLine } from './line.ts';

/** The watches of a service. @param from where a value comes from, by its key. */
export function watchLines(
  { watch = [], watchLimits, quiet = [] }: PlannedService,
  from: (key: string) => string,
): PlanLine[] {
  return [
    ...watch.map((each) => lineOf('watch', watchText(each))),
    ...(watchLimits === undefined ? [] : limitLines(watchLimits, from)),
    ...quiet.map((each) => lineOf('quiet', quietText(each))),
  ];
}

function limitLines(
  limits: NonNullable<PlannedService['watchLimits']>,
  from: (key: string) => string,
): PlanLine[] {
  const { mostRestarts, perMs, coolMs } = limits;
  return [
    lineOf(
      'budget',
      `${mostRestarts} ${mostRestarts === 1 ? 'restart' : 'restarts'} by watches`,
      from('watches.most'),
    ),
    lineOf('per', formatDuration(perMs), from('watches.per')),
    lineOf('cool', formatDuration(coolMs), from('watches.cool')),
  ];
}

/** A quiet window, as it is shown. */
function quietText({ window, why }: PlannedQuiet): string {
  return `${windowText(window)}: ${why}`;
}

/** A watch in a line. */
export function watchText({
  name,
  kind,
  options,
  everyMs,
  timeoutMs,
  gate,
  hours,
  steps,
}: PlannedWatch): string {
  const { fail, ok, graceMs } = gate;
  const fails = fail.times === fail.of ? String(fail.times) : `${fail.times}/${fail.of}`;
  const then = steps.length === 0 ? 'nothing, it is only shown' : steps.map(stepText).join(', ');
  return [
    `${name}: ${kind} ${JSON.stringify(options)}`,
    `every ${formatDuration(everyMs)}`,
    `timeout ${formatDuration(timeoutMs)}`,
    `fail ${fails}`,
    `ok ${ok}`,
    `grace ${formatDuration(graceMs)}`,
    ...(hours === undefined ? [] : [`hours ${hoursText(hours)}`]),
    `then ${then}`,
  ].join(', ');
}
