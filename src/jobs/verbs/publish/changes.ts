import { changeOf, type Course, rowOf } from './course.ts';
import type { Work } from './deciding.ts';
import { PUBLISH_DEFAULTS } from './options.ts';
import type { Chosen } from './selection.ts';
import type { Standing } from './standing.ts';

/** What is done about a published file that has another content by now; answers with what is to be published. Never silent. */
export function changedWork(
  course: Course,
  candidate: Work['candidate'],
  { row, sha256 }: Extract<Standing, { kind: 'changed' }>,
  latest: Chosen['latest'],
): Work | undefined {
  const policy = course.options.changed ?? PUBLISH_DEFAULTS.changed;
  if (policy === 'republish') return { candidate, row, isAgain: true, changedTo: sha256 };
  const { history, report } = course;
  const name = row.publicName ?? '';
  if (policy === 'new-version') {
    // A newer version has another public name, and takes it from here.
    const { version } = candidate;
    if (version !== null && (latest.get(candidate.product) ?? version) > version) {
      report.tally.add('superseded');
      return undefined;
    }
    report.refuse(candidate.path, `it changed after it was published as ${name}: it needs a new version`);
    if (row.changedTo !== sha256) history.later(row.id, changeOf(course, candidate, sha256));
    return undefined;
  }
  if (row.changedTo === sha256) {
    report.tally.add('changed-before');
    return undefined;
  }
  history.later(row.id, changeOf(course, candidate, sha256));
  report.note('changed', candidate.path, `published as ${name} before; not published again`);
  return undefined;
}

/** Writes down that the blacklist names a file. Told once. */
export function blacklist(course: Course, { candidate, row }: Work, base: string): void {
  if (row?.state === 'blacklisted') return course.report.tally.add('blacklisted-before');
  const why = 'the blacklist names it';
  // What lies there is not forgotten.
  if (row?.state !== 'published' && row?.state !== 'supplement')
    course.history.set(row, rowOf(course, candidate, { baseName: base, state: 'blacklisted', why }));
  course.report.note('blacklisted', candidate.path, '');
}
