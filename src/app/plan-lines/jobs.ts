import { formatDuration } from '../../core/durations.ts';
import { hoursText } from '../../core/hours.ts';
import { scheduleText } from '../../core/schedule.ts';
import { windowText } from '../../core/windows.ts';
import { joinWords } from '../../core/words.ts';
import { localText } from '../../core/zoned-time.ts';
import { afterText, type PlannedJob } from '../../jobs/job.ts';
import { nextTimes } from '../../jobs/rules.ts';
import { isReference } from '../environment.ts';
import { lineOf, type PlanLine } from './line.ts';

const NEXT = 3;

/** The next times of a job, as the clocks of its zone show them; undefined where it has none. */
export function timesText(job: PlannedJob, now: number): string | undefined {
  const zone = job.at[0]?.zone;
  if (zone === undefined) return undefined;
  return `${nextTimes(job, now, NEXT)
    .map((at) => localText(at, zone, 'minute'))
    .join(', ')} ${zone}`;
}

/** A job, resolved; secrets are not shown. @param now wall milliseconds. */
export function jobLines(job: PlannedJob, now: number): PlanLine[] {
  const { verb, argv, options, at, after, before, late, retry, locks, notify } = job;
  const { user, hours, quiet = [], nice } = job;
  const next = timesText(job, now);
  const lines: (readonly [key: string, value: string | undefined])[] = [
    [verb, verb === 'run' ? joinWords(argv) : JSON.stringify(options)],
    ...at.map((each) => ['at', scheduleText(each)] as const),
    ['next', next],
    ['after', after.map(afterText).join(', ') || undefined],
    ['jitter', job.jitterMs === 0 ? undefined : formatDuration(job.jitterMs)],
    ['missed', `${job.missed}, up to ${formatDuration(job.maxAgeMs)}`],
    ['timeout', formatDuration(job.timeoutMs)],
    ['retry', retry.times === 0 ? undefined : `${retry.times} every ${formatDuration(retry.everyMs)}`],
    ['before', before && `${joinWords(before.argv)} (${before.fails} where it fails)`],
    ['late', late && lateText(late)],
    ['locks', locks.join(', ') || undefined],
    ['hours', hours && hoursText(hours)],
    ...quiet.map(({ window, why }) => ['quiet', `${windowText(window)} (${why})`] as const),
    ...Object.entries(job.env).map(
      ([key, value]) => ['env', `${key}=${isReference(value) ? value : '…'}`] as const,
    ),
    ['cwd', job.cwd],
    ['user', user],
    ['nice', nice?.toString()],
    ['notify', notify?.join(', ')],
  ];
  return lines.flatMap(([key, value]) => (value === undefined ? [] : [lineOf(key, value)]));
}

function lateText(late: NonNullable<PlannedJob['late']>): string {
  return 'afterMs' in late ? `${formatDuration(late.afterMs)} after it was due` : scheduleText(late.by);
}
