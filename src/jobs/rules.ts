import { createHash, randomBytes } from 'node:crypto';
import { createOpening } from '../core/hours.ts';
import { followSchedule, scheduleText } from '../core/schedule.ts';
import type { NextDue } from './cursor.ts';
import type { PlannedJob } from './job.ts';
import type { JobRules } from './job-state.ts';

/** What a job's machine goes by, of its plan. */
export function rulesOf(job: PlannedJob): JobRules {
  const next = nextOf(job);
  const { name, jitterMs, late } = job;
  const lateBy = late !== undefined && 'by' in late ? followSchedule(late.by) : undefined;
  return {
    schedule: job.at.length === 0 ? null : job.at.map(scheduleText).join('; '),
    next,
    missed: job.missed,
    maxAgeMs: job.maxAgeMs,
    jitter: (due) => jitterOf(name, due, jitterMs),
    retry: job.retry,
    opens: createOpening(job.hours).next,
    lateAt(due) {
      if (late === undefined) return undefined;
      return 'afterMs' in late ? due + late.afterMs : lateBy?.(due);
    },
    after: job.after,
    newId: newRunId,
  };
}

/** The first of several schedules; one moment that is in two of them is one. What was found is kept: to look is not cheap. */
function nextOf({ at }: PlannedJob): NextDue {
  const all = at.map(followSchedule);
  let known: { readonly after: number; readonly next: number | undefined } | undefined;
  return (after) => {
    if (known !== undefined && after >= known.after && (known.next === undefined || after < known.next))
      return known.next;
    const found = all.map((next) => next(after)).filter((moment) => moment !== undefined);
    known = { after, next: found.length === 0 ? undefined : Math.min(...found) };
    return known.next;
  };
}

/** The next so many times of a job after a moment. */
export function nextTimes(job: PlannedJob, after: number, count: number): readonly number[] {
  const next = nextOf(job);
  const times: number[] = [];
  for (let at = next(after); at !== undefined && times.length < count; at = next(at)) times.push(at);
  return times;
}

/** From 0 up to `most`; the same for each time of a job, whoever asks. */
function jitterOf(name: string, due: number, most: number): number {
  if (most === 0) return 0;
  const chance = createHash('sha256').update(`${name} ${due}`).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(chance * most);
}

/** Crockford's base 32: no I, L, O, U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A name for what is asked for: 10 digits of time and 6 of chance, so that they sort by time; as those of lives. */
export function newRunId(nowMs: number): string {
  let time = '';
  for (let rest = Math.max(0, Math.floor(nowMs)), digit = 0; digit < 10; digit++) {
    time = `${DIGITS[rest % 32]}${time}`;
    rest = Math.floor(rest / 32);
  }
  return time + Array.from(randomBytes(6), (byte) => DIGITS[byte % 32]).join('');
}
