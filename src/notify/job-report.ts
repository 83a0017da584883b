import type { Notice } from '../core/channel.ts';
import { approximateDuration } from '../core/durations.ts';
import { foldJobs } from './fold-jobs.ts';
import type { FoldPlan } from './fold.ts';
import { cutText } from './incident.ts';
import type { NotifierDeps } from './notifier-options.ts';
import { newRow } from './outbox-row.ts';

/** Of the output of a run, its first lines and its last ones. */
const FIRST_LINES = 50;
const LAST_LINES = 200;

/** What a run of a job has to say, as cron mails it: how it went, and what it printed. Times are wall milliseconds. */
export interface JobReport {
  readonly name: string;
  /** The service that it is of; `job/NAME` without it. */
  readonly service?: string;
  /** What is said in one line, where that is not how a run of a job went. */
  readonly title?: string;
  /** Tells this run from all others of the job. */
  readonly run: string;
  /** In a word: `ok`, `failed`, `late`. */
  readonly outcome: string;
  /** 1 to 24. */
  readonly level: number;
  readonly since: number;
  readonly until: number;
  /** Why it is so: `exit code 3`. Empty where there is nothing to say. */
  readonly reason: string;
  readonly output: readonly string[];
  readonly channels: readonly string[];
}

/** A message for each channel that has none of this run yet. */
export function jobPlans(report: JobReport, deps: NotifierDeps): readonly FoldPlan[] {
  const { outbox, clock } = deps;
  const now = clock.now();
  return report.channels.flatMap((channel): readonly FoldPlan[] => {
    const id = `${report.service === undefined ? 'job' : 'service'}-${report.name}-${report.run}-${channel}`;
    if (outbox.row(id) !== undefined) return [];
    const notice = jobNotice(report, id, now, deps);
    const base = { id, channel, class: 'job', event: 'job', place: outbox.nextPlace(), at: now } as const;
    const row = newRow({ ...base, notice, title: notice.title });
    const context = { channel, now, newId: outbox.newId, nextPlace: outbox.nextPlace };
    const folded = foldJobs([...outbox.pending(channel), row], context);
    return [{ ...folded, rows: [row, ...folded.rows] }];
  });
}

function jobNotice(report: JobReport, id: string, now: number, { host }: NotifierDeps): Notice {
  const { name, outcome, level, since, until, reason } = report;
  const why = reason === '' ? '' : `: ${cutText(reason)}`;
  const took = approximateDuration(Math.max(0, until - since));
  return {
    id,
    thread: id,
    event: 'job',
    host,
    at: now,
    title:
      report.title ?? `job ${name} ${outcome === 'ok' ? 'is done' : outcome} on ${host} after ${took}${why}`,
    level,
    items: [
      {
        id,
        service: report.service ?? `job/${name}`,
        subject: name,
        state: outcome,
        level,
        since,
        until,
        value: null,
        reason,
        actions: [],
        tail: [],
        next: '',
      },
    ],
    lines: shortened(report.output),
    snooze: '',
    dueAt: null,
    triedAt: now,
  };
}

function shortened(lines: readonly string[]): readonly string[] {
  const cut = (all: readonly string[]): readonly string[] => all.map(cutText);
  const left = lines.length - FIRST_LINES - LAST_LINES;
  if (left <= 0) return cut(lines);
  return [
    ...cut(lines.slice(0, FIRST_LINES)),
    `… ${left} lines left out …`,
    ...cut(lines.slice(-LAST_LINES)),
  ];
}
