import { didYouMean } from '../../core/suggest.ts';
import { type After, afterText, type PlannedJob } from '../../jobs/job.ts';
import { type Notes, report } from './notes.ts';

/** Finds jobs that follow what is not there, themselves, or each other round in a circle. */
export function checkAfter(notes: Notes, jobs: readonly PlannedJob[], known: readonly string[]): void {
  for (const { name, after } of jobs) {
    for (const each of after) {
      const tell = (message: string): void =>
        report(notes, 'error', placeOf(notes, name, each), 'value', message);
      const word = JSON.stringify(each.job);
      if (each.job === name) tell(`cannot run ${name} after itself`);
      else if (!known.includes(each.job))
        tell(`cannot run after ${word}: no such job${didYouMean(each.job, known)}`);
    }
  }
  for (const circle of circles(jobs)) {
    const [first = '', second = ''] = circle;
    const path = placeOf(notes, first, { job: second, on: 'ok' });
    report(notes, 'error', path, 'value', `cannot follow a circle: ${circle.join(' after ')}`);
  }
}

/** Where it stands that a job follows another. */
function placeOf({ source }: Notes, name: string, after: After): readonly (string | number)[] {
  const written = (source.value as { jobs?: Record<string, { after?: unknown }> }).jobs?.[name]?.after;
  if (!Array.isArray(written)) return ['jobs', name, 'after'];
  const wanted = [afterText(after), after.job];
  const exact = written.findIndex((text) => String(text).trim().replace(/\s+/, ' ') === wanted[0]);
  const index =
    exact >= 0 ? exact : written.findIndex((text) => String(text).trim().split(/\s+/)[0] === wanted[1]);
  return index < 0 ? ['jobs', name, 'after'] : ['jobs', name, 'after', index];
}

/** Each circle once, as the names along it: `[a, b, a]`. Two that wait for each other's failure are one as well. */
function circles(jobs: readonly PlannedJob[]): readonly (readonly string[])[] {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const found: string[][] = [];
  const over = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const from = path.indexOf(name);
    if (from >= 0) return void (path.length - from > 1 && found.push([...path.slice(from), name]));
    if (over.has(name)) return;
    for (const { job } of byName.get(name)?.after ?? []) visit(job, [...path, name]);
    over.add(name);
  };
  for (const { name } of jobs) visit(name, []);
  return found;
}
