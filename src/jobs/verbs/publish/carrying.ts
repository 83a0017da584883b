import type { FarTrouble } from '../../far/far.ts';
import { changeOf, type Course, rowOf } from './course.ts';
import { contentOf, type Draft } from './deciding.ts';
import type { PublishState } from './history-tables.ts';
import type { Refused } from './outlet.ts';

/**
 * Publishes files: writes down what is going to be done, brings copies there, reads them back, gives them their names, and writes down
 * that it is done. Killed anywhere, the next run finds by `settleBegun` how far each came.
 */
export async function carry(course: Course, drafts: readonly Draft[]): Promise<void> {
  if (drafts.length === 0) return;
  const { outlet, report } = course;
  const there = await outlet.look(drafts.map(({ place, bytes }) => ({ path: place, bytes })));
  if (!there.ok) return endFor(course, there.error);
  const lying: Draft[] = [];
  const due: Draft[] = [];
  for (const draft of drafts) {
    const found = there.value.get(draft.place);
    if (found === draft.sent) lying.push(draft);
    else if (found === undefined || (draft.replaces !== null && isReplaceable(found, draft))) due.push(draft);
    else
      refuse(
        course,
        draft.work,
        `something else lies at ${outlet.target}/${draft.place}, which this job did not put there`,
      );
  }
  begin(course, due);
  if (course.dryRun) {
    for (const draft of [...lying, ...due]) tell(course, draft);
    return;
  }
  complete(course, lying);
  const put = await outlet.put(
    due.map(({ from, temp, bytes, sent }) => ({ from, temp, bytes, sha256: sent })),
  );
  if (!put.ok) return endFor(course, put.error);
  const came = await without(course, due, put.value);
  if (came === undefined) return;
  const over = new Map(came.map(({ temp, place }) => [temp, there.value.has(place)]));
  const named = await outlet.name(
    came.map(({ temp, place }) => ({ temp, place, over: over.get(temp) ?? false })),
  );
  if (!named.ok) return endFor(course, named.error);
  const proved = await without(course, came, named.value);
  if (proved === undefined) return;
  complete(course, proved);
  report.tally.add('batches');
}

/** Of what another system published, nobody knows what it held. */
function isReplaceable(found: string, { replaces }: Draft): boolean {
  return replaces === '' || found === replaces;
}

/** Commits what is going to be done, with its checksums. */
function begin(course: Course, drafts: readonly Draft[]): void {
  course.history.together(() => {
    for (const draft of drafts) {
      const { candidate, row, isAgain } = draft.work;
      // The earlier content stays in the history, in a row of its own.
      const known = isAgain && row !== undefined && isThere(row.state) ? undefined : row;
      course.history.set(
        known,
        rowOf(course, candidate, {
          ...contentOf(draft),
          publicName: draft.place,
          baseName: draft.base,
          supplement: draft.supplement,
          sent: draft.sent,
          temp: draft.temp,
          replaces: draft.replaces,
          state: 'begun',
          attempts: (known?.attempts ?? 0) + 1,
        }),
      );
    }
  });
}

function isThere(state: PublishState): boolean {
  return state === 'published' || state === 'supplement';
}

/** Commits that files lie there, proved. */
function complete(course: Course, drafts: readonly Draft[]): void {
  const { history, clock } = course;
  history.together(() => {
    for (const draft of drafts) {
      const { candidate, row, isAgain } = draft.work;
      // What was ignored for what lay there until now is looked at anew by the next run.
      if (isAgain) history.reopenIgnored(draft.base);
      const begun = history.current(candidate.path);
      const known = begun?.state === 'begun' ? begun : row;
      history.set(
        known !== undefined && isThere(known.state) ? undefined : known,
        rowOf(course, candidate, {
          ...contentOf(draft),
          publicName: draft.place,
          baseName: draft.base,
          supplement: draft.supplement,
          sent: draft.sent,
          replaces: draft.replaces,
          state: draft.supplement > 0 ? 'supplement' : 'published',
          attempts: known?.attempts ?? 0,
          at: clock.now(),
        }),
      );
    }
  });
  for (const draft of drafts) tell(course, draft);
}

function tell({ report }: Course, { work, place, supplement, bytes }: Draft): void {
  const section = work.isAgain ? 'republished' : supplement > 0 ? 'supplements' : 'published';
  report.note(section, work.candidate.path, place === work.candidate.path ? '' : `as ${place}`);
  report.tally.add('bytes', bytes);
}

/**
 * Those that were not refused; of the others it is written down why, and nothing of them is left. Where that cannot be done the run ends,
 * and all of them are still begun for the next one.
 */
async function without(
  course: Course,
  drafts: readonly Draft[],
  refused: Refused,
): Promise<readonly Draft[] | undefined> {
  const bad = drafts.filter(({ temp }) => refused.has(temp));
  const trouble = bad.length === 0 ? undefined : await course.outlet.remove(bad.map(({ temp }) => temp));
  if (trouble !== undefined) {
    endFor(course, trouble);
    return undefined;
  }
  for (const { work, temp } of bad) refuse(course, work, refused.get(temp) ?? '');
  return drafts.filter(({ temp }) => !refused.has(temp));
}

/** A file that could not be published, and is tried again. */
export function refuse(course: Course, { candidate, changedTo }: Draft['work'], why: string): void {
  if (!course.dryRun) writeRefused(course, candidate, changedTo, why);
  course.report.refuse(candidate.path, why);
}

function writeRefused(
  course: Course,
  candidate: Draft['work']['candidate'],
  changedTo: string | undefined,
  why: string,
): void {
  const { history, clock, run } = course;
  const known = history.current(candidate.path);
  if (known === undefined)
    history.set(undefined, rowOf(course, candidate, { state: 'error', why, attempts: 1 }));
  else if (!isThere(known.state))
    history.change(known.id, {
      state: 'error',
      why,
      temp: null,
      at: clock.now(),
      run,
      attempts: known.state === 'begun' ? known.attempts : known.attempts + 1,
    });
  // What lies there stays as it is; that the new content was tried is remembered, so that it comes after the rest.
  else if (changedTo !== undefined) history.change(known.id, changeOf(course, candidate, changedTo));
}

/** Ends the run for what is in its way at the far side. */
export function endFor(
  { report, outlet }: Pick<Course, 'report' | 'outlet'>,
  { reason, passing }: FarTrouble,
): void {
  const again = passing ? '; the next run goes on from here' : '';
  report.tally.end('failed', `cannot publish to ${outlet.target}: ${reason}${again}`);
}
