import { approximateDuration } from '../core/durations.ts';
import { hoursText } from '../core/hours.ts';
import { scheduleText } from '../core/schedule.ts';
import { localText } from '../core/zoned-time.ts';
import { afterText, type PlannedJob } from '../jobs/job.ts';
import { causeText } from '../jobs/job-records.ts';
import { clockTime } from './clock-time.ts';
import type { JobStatus } from './job-status.ts';

/** Why a job is as it is, and what happens next and when. */
export function explainJob(status: JobStatus, job: PlannedJob, now: number): readonly string[] {
  return [
    ruleSentence(job),
    stateSentence(status, now),
    ...standingSentences(status),
    ...lastSentences(status),
    ...lateSentences(status, now),
    nextSentence(status, job, now),
  ];
}

function ruleSentence({ at, after, hours }: PlannedJob): string {
  const times = at.length === 0 ? [] : [`at ${at.map(scheduleText).join(' and ')}`];
  const others = after.length === 0 ? [] : [`after ${after.map(afterText).join(' and ')}`];
  const all = [...times, ...others];
  const within = hours === undefined ? '' : `, and begins within ${hoursText(hours)} alone`;
  return all.length === 0 ? 'It runs only when a person says so.' : `It runs ${all.join(', and ')}${within}.`;
}

function stateSentence({ state, run, waiting, blocked, pause, progress }: JobStatus, now: number): string {
  const ago = (at: number): string => approximateDuration(Math.max(0, now - at));
  if (state === 'stuck')
    return 'An earlier run of it does not end, not even by KILL; nothing new begins until it is gone.';
  if (run !== null) {
    const far = progress === null ? '' : `; ${progress.done} of ${progress.total ?? '?'}: ${progress.what}`;
    const which = `run ${run.run}${run.attempt === 1 ? '' : `, try ${run.attempt}`}`;
    return `It runs since ${clockTime(run.startedAt)} (${ago(run.startedAt)}), ${which}, ${run.cause}${far}.`;
  }
  if (pause !== null) return `${pause.who} paused it at ${clockTime(pause.at)}: ${pause.why}`;
  if (blocked !== null) return `It waits for ${blocked.lock}, which ${blocked.by} has.`;
  if (state === 'retrying') return 'Its last run failed, and is tried again.';
  if (waiting !== null) return `A run of it waits: ${waiting.cause}.`;
  return 'Nothing of it runs, and nothing waits.';
}

function standingSentences({ standing }: JobStatus): readonly string[] {
  if (standing === 'failed') return ['It has failed: its last run that counts did not succeed.'];
  return standing === 'late' ? ['It is late: it has not succeeded since it was due.'] : [];
}

function lastSentences({ last }: JobStatus): readonly string[] {
  if (last === null || last.ended === null) return ['It has not run yet.'];
  const took = approximateDuration(Math.max(0, last.ended - last.started));
  const tries = last.attempt === 1 ? '' : `, try ${last.attempt}`;
  return [
    `Its last run (${last.run}${tries}, ${causeText(last)}) ended at ${clockTime(last.ended)}: ${last.outcome} after ${took}: ${last.summary}.`,
  ];
}

function lateSentences({ lateAt, pause }: JobStatus, now: number): readonly string[] {
  if (lateAt === null || pause !== null || lateAt <= now) return [];
  return [
    `It is late at ${clockTime(lateAt)} (in ${approximateDuration(lateAt - now)}), unless it has succeeded by then.`,
  ];
}

function nextSentence(
  { state, waiting, next, zone, name, run, pause }: JobStatus,
  { timeoutMs, after }: PlannedJob,
  now: number,
): string {
  const ahead = (at: number): string => `${clockTime(at)} (in ${approximateDuration(Math.max(0, at - now))})`;
  if (run !== null)
    return `Next: it is ended at ${ahead(run.startedAt + timeoutMs)}, unless it is over by then.`;
  if (pause !== null) return `Next: nothing until somebody says: vahti jobs resume ${name}`;
  if (state === 'retrying' && waiting !== null)
    return `Next: try ${waiting.attempt} at ${ahead(waiting.at)}, or at once by: vahti jobs run ${name}`;
  if (waiting !== null)
    return waiting.at > now
      ? `Next: it begins at ${ahead(waiting.at)}.`
      : 'Next: it begins as soon as nothing is in the way.';
  const [first] = next;
  if (first !== undefined)
    return `Next: it is due at ${localText(first, zone ?? 'UTC', 'minute')} ${zone} (in ${approximateDuration(first - now)}).`;
  if (after.length > 0) return `Next: it begins after ${after.map(afterText).join(' and ')}.`;
  return `Next: nothing until somebody says: vahti jobs run ${name}`;
}
