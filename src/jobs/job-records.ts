import { approximateDuration } from '../core/durations.ts';
import { LEVELS, type RecordDraft } from '../core/record.ts';
import { jobService } from './job.ts';
import type { RunRow } from './history.ts';
import type { Current, JobEffect, Outcome, RunEnd, Waiting } from './job-state.ts';

/** What jobs say in the time line, and what is kept of their runs. */

const OUTCOME_LEVELS: Readonly<Record<Outcome, number>> = {
  ok: LEVELS.info,
  skipped: LEVELS.info,
  partly: LEVELS.warn,
  cancelled: LEVELS.warn,
  interrupted: LEVELS.warn,
  failed: LEVELS.error,
  timeout: LEVELS.error,
};

export function outcomeLevel(outcome: Outcome): number {
  return OUTCOME_LEVELS[outcome];
}

/** Why a run began, in words: `due at 2026-11-22T03:40:00Z`, `after archive`, `asked for by ada`. */
export function causeText({
  cause,
  by,
  due,
  coalesced = 0,
}: Pick<Waiting, 'cause' | 'by' | 'due'> & { readonly coalesced?: number }): string {
  if (cause === 'after') return `after ${by}`;
  if (cause === 'person') return `asked for by ${by}`;
  const also = coalesced === 0 ? '' : ` (and for ${coalesced} more ${coalesced === 1 ? 'time' : 'times'})`;
  return `due at ${new Date(due).toISOString().slice(0, 19)}Z${also}`;
}

/** The record of an effect; undefined for those that nobody is told of. @param micros when, wall microseconds. */
export function recordOf(job: string, effect: JobEffect, micros: number): RecordDraft | undefined {
  const base = { time: micros, service: jobService(job), sender: 'daemon' } as const;
  switch (effect.kind) {
    case 'begun': {
      const { run, attempt, cause, by, due, dryRun, coalesced } = effect.run;
      const what = `${dryRun ? 'dry run' : 'run'}${attempt === 1 ? '' : `, try ${attempt}`}`;
      const message = `${what} begins: ${causeText(effect.run)}`;
      const fields = { event: 'begin', run, attempt, cause, by, due, coalesced, dryRun };
      return { ...base, life: run, kind: 'job', level: LEVELS.info, message, fields };
    }
    case 'over':
      return { ...base, ...overRecord(effect, Math.floor(micros / 1000)) };
    case 'flip': {
      const { from, to, reason, run } = effect;
      const level = to === 'ok' ? LEVELS.info : LEVELS.error;
      const fields = { subject: 'job', job, from, to, reason };
      return { ...base, life: run, kind: 'flip', level, message: `${from} → ${to}: ${reason}`, fields };
    }
    case 'left': {
      const { count, reason } = effect;
      const message = `${count} due ${count === 1 ? 'time is' : 'times are'} left out: ${reason}`;
      return {
        ...base,
        life: '',
        kind: 'job',
        level: LEVELS.warn,
        message,
        fields: { event: 'left', count, reason },
      };
    }
    case 'queued':
    case 'chain':
    case 'refused':
      return undefined;
  }
}

function overRecord({ run, end, final, nextAt }: Extract<JobEffect, { kind: 'over' }>, now: number) {
  const { outcome, summary, exit, counts, endedAt = now } = end;
  const tookMs = Math.max(0, endedAt - run.startedAt);
  const again = nextAt === null ? '' : `; tried again at ${new Date(nextAt).toISOString().slice(0, 19)}Z`;
  const message = `${outcome} after ${approximateDuration(tookMs)}: ${summary}${again}`;
  const known = {
    event: 'end',
    run: run.run,
    attempt: run.attempt,
    outcome,
    exit,
    tookMs,
    final,
    counts,
    dryRun: run.dryRun,
  };
  return { life: run.run, kind: 'job', level: outcomeLevel(outcome), message, fields: known } as const;
}

/** What the history has of a run: while it runs, and when it is over. */
export function rowOf(job: string, current: Current, end?: RunEnd, ended?: number): RunRow {
  const { run, request, attempt, cause, by, due, startedAt, coalesced, dryRun } = current;
  return {
    job,
    run,
    request,
    attempt,
    cause,
    by,
    due,
    coalesced,
    dryRun,
    started: startedAt,
    ended: end?.endedAt ?? ended ?? null,
    outcome: end?.outcome ?? null,
    summary: end?.summary ?? '',
    exit: end?.exit ?? null,
    counts: end?.counts ?? {},
  };
}
