import { isReference } from '../app/environment.ts';
import { formatDuration } from '../core/durations.ts';
import { hoursText } from '../core/hours.ts';
import { scheduleText } from '../core/schedule.ts';
import { windowText } from '../core/windows.ts';
import { joinWords } from '../core/words.ts';
import { localText } from '../core/zoned-time.ts';
import { afterText, type PlannedJob } from '../jobs/job.ts';
import { nextTimes } from '../jobs/rules.ts';
import { paint } from './output.ts';

const NEXT = 3;

/** The next times of a job, as the clocks of its zone show them; undefined where it has none. */
export function timesText(job: PlannedJob, now: number): string | undefined {
  const zone = job.at[0]?.zone;
  if (zone === undefined) return undefined;
  return `${nextTimes(job, now, NEXT)
    .map((at) => localText(at, zone, 'minute'))
    .join(', ')} ${zone}`;
}

/** A job in `vahti plan`. */
export function jobLines(job: PlannedJob, now: number, colour: boolean): readonly string[] {
  const {
    name,
    verb,
    argv,
    options,
    at,
    after,
    before,
    late,
    retry,
    locks,
    notify,
    user,
    hours,
    quiet = [],
  } = job;
  const next = timesText(job, now);
  return [
    `${paint(colour, 'bold', `job/${name}`)} (${verb})`,
    verb === 'run' ? `  run        ${joinWords(argv)}` : `  ${verb.padEnd(10)} ${JSON.stringify(options)}`,
    ...at.map((each) => `  at         ${scheduleText(each)}`),
    ...(next === undefined ? [] : [`  next       ${next}`]),
    ...(after.length === 0 ? [] : [`  after      ${after.map(afterText).join(', ')}`]),
    ...(job.jitterMs === 0 ? [] : [`  jitter     ${formatDuration(job.jitterMs)}`]),
    `  missed     ${job.missed}, up to ${formatDuration(job.maxAgeMs)}`,
    `  timeout    ${formatDuration(job.timeoutMs)}`,
    ...(retry.times === 0 ? [] : [`  retry      ${retry.times} every ${formatDuration(retry.everyMs)}`]),
    ...(before === undefined
      ? []
      : [`  before     ${joinWords(before.argv)} (${before.fails} where it fails)`]),
    ...(late === undefined
      ? []
      : [
          `  late       ${'afterMs' in late ? `${formatDuration(late.afterMs)} after it was due` : scheduleText(late.by)}`,
        ]),
    ...(locks.length === 0 ? [] : [`  locks      ${locks.join(', ')}`]),
    ...(hours === undefined ? [] : [`  hours      ${hoursText(hours)}`]),
    ...quiet.map(({ window, why }) => `  quiet      ${windowText(window)} (${why})`),
    ...Object.entries(job.env).map(
      ([key, value]) => `  env        ${key}=${isReference(value) ? value : '…'}`,
    ),
    `  cwd        ${job.cwd}`,
    ...(user === undefined ? [] : [`  user       ${user}`]),
    ...(job.nice === undefined ? [] : [`  nice       ${job.nice}`]),
    ...(notify === undefined ? [] : [`  notify     ${notify.join(', ')}`]),
  ];
}
