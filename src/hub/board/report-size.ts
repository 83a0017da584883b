import { err, ok, type Result } from '../../core/result.ts';
import { MOST_REPORTED, type Report } from '../../wire/page/report.ts';

/** About what each service and each job of an agent takes: bytes as JSON, by name. */
export interface Weights {
  readonly services: ReadonlyMap<string, number>;
  readonly jobs: ReadonlyMap<string, number>;
}

/** What a service or a job may have, and all of an agent. */
const MOST_ONE = 200_000;
const MOST_ALL = 32_000_000;

/**
 * What an agent takes when a report is taken. The error is a clause: there would be more of it than the hub keeps.
 * @param before what it takes without the report.
 */
export function weighReport(report: Report, before: Weights | undefined): Result<Weights, string> {
  const weights = { services: new Map<string, number>(), jobs: new Map<string, number>() };
  let all = 0;
  for (const what of ['services', 'jobs'] as const) {
    const after = report.whole ? weights[what] : (weights[what] = new Map(before?.[what]));
    if (!report.whole) for (const name of report.gone[what]) after.delete(name);
    for (const thing of report[what]) {
      const weight = weigh(thing);
      if (weight > MOST_ONE)
        return err(`${JSON.stringify(thing.name)} has ${weight} bytes, and ${MOST_ONE} are the most`);
      after.set(thing.name, weight);
    }
    if (after.size > MOST_REPORTED)
      return err(`it has ${after.size} ${what}, and ${MOST_REPORTED} are the most of an agent`);
    for (const weight of after.values()) all += weight;
  }
  return all > MOST_ALL
    ? err(`there would be ${all} bytes of it, and ${MOST_ALL} are the most`)
    : ok(weights);
}

/** To write it as JSON, only to measure it, would take longer than all else that is done with a report. */
function weigh(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let sum = 2;
  if (Array.isArray(value)) for (const each of value) sum += weigh(each);
  else
    for (const key of Object.keys(value)) sum += key.length + weigh((value as Record<string, unknown>)[key]);
  return sum;
}
