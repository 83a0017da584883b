import type { FarTrouble } from '../../far/far.ts';
import type { Course } from './course.ts';
import type { History } from './history.ts';

/**
 * Finds how far files came whose run was killed: what lies at its place with the very bytes that were meant is published; the rest is
 * tried again, and what was left of its copy goes. Answers with what is in the way.
 */
export async function settleBegun(
  { outlet, report, clock }: Pick<Course, 'outlet' | 'report' | 'clock'>,
  history: History,
): Promise<FarTrouble | undefined> {
  const begun = history.begun();
  if (begun.length === 0) return undefined;
  const places = begun.map(({ publicName, bytes }) => ({ path: publicName ?? '', bytes: bytes ?? 0 }));
  const there = await outlet.look(places);
  if (!there.ok) return there.error;
  const trouble = await outlet.remove(begun.flatMap(({ temp }) => temp ?? []));
  if (trouble !== undefined) return trouble;
  const isDone = ({ publicName, sent }: (typeof begun)[number]): boolean =>
    sent !== null && there.value.get(publicName ?? '') === sent;
  history.together(() => {
    for (const row of begun) {
      if (isDone(row) && row.replaces !== null) history.reopenIgnored(row.baseName ?? '');
      history.change(
        row.id,
        isDone(row)
          ? { state: row.supplement > 0 ? 'supplement' : 'published', temp: null, at: clock.now() }
          : // It is not what failed: it keeps its turn.
            {
              state: 'error',
              temp: null,
              why: 'its run was ended before it was published',
              attempts: row.attempts - 1,
            },
      );
    }
  });
  for (const row of begun.filter(isDone)) {
    const section = row.replaces !== null ? 'republished' : row.supplement > 0 ? 'supplements' : 'published';
    report.note(section, row.path, `as ${row.publicName ?? ''}, by a run that was ended`);
    report.tally.add('bytes', row.bytes ?? 0);
  }
  return undefined;
}
