import type { PlannedService, PlannedWatch } from '../app/plan.ts';
import { formatDuration } from '../core/durations.ts';
import { hoursText } from '../core/hours.ts';
import { stepText } from '../watch/ladder.ts';

/** The lines of `vahti plan` for the watches of a service. */
export function watchLines({ watch = [] }: PlannedService): string[] {
  return watch.map((each) => `  watch      ${watchText(each)}`);
}

function watchText({ name, kind, options, everyMs, timeoutMs, gate, hours, steps }: PlannedWatch): string {
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
