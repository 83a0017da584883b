import type { RecordStore } from '../core/record.ts';
import type { JobReport } from '../notify/job-report.ts';
import type { PresentJob } from '../notify/reconcile.ts';
import type { RunRow } from '../jobs/history.ts';
import { jobService, type PlannedJob } from '../jobs/job.ts';
import { outcomeLevel } from '../jobs/job-records.ts';
import type { Jobs } from './jobs.ts';

/** What people are told of jobs. */

export type NotifyingJobs = Pick<Jobs, 'scheduler' | 'store'>;

/** As much of a run's output is read. */
const MOST_LINES = 1000;

/** How each job stands now. */
export function presentJobs({ scheduler, store }: NotifyingJobs): readonly PresentJob[] {
  return scheduler.all().map(({ job, state }) => {
    const last = store.last(job.name);
    const service = jobService(job.name);
    return { service, standing: state.standing, life: last?.run ?? '', reason: last?.summary ?? '' };
  });
}

/** The job of a name in the time line; undefined where it is of a service. */
export function jobOf(service: string, { scheduler }: NotifyingJobs): PlannedJob | undefined {
  return scheduler.all().find(({ job }) => jobService(job.name) === service)?.job;
}

/**
 * What a run has to say, as cron mails it; undefined where its job does not ask for that, or it printed nothing. Failures are told as
 * trouble of the job, not here.
 */
export function reportOf(
  job: PlannedJob,
  row: RunRow,
  store: Pick<RecordStore, 'query'>,
  channels: readonly string[],
): JobReport | undefined {
  const { outcome, ended } = row;
  if (job.report === undefined || outcome === null || ended === null || row.dryRun) return undefined;
  if (outcome === 'failed' || outcome === 'timeout') return undefined;
  const lines = store.query({
    services: [jobService(job.name)],
    life: row.run,
    kinds: ['log'],
    limit: MOST_LINES,
    take: 'newest',
  });
  // A verb says last what came of it, also where it had nothing to do.
  const said = job.verb === 'run' ? lines : lines.filter(({ message }) => message !== row.summary);
  if (job.report === 'output' && said.length === 0) return undefined;
  return {
    name: job.name,
    run: row.run,
    outcome,
    level: outcomeLevel(outcome),
    since: row.started,
    until: ended,
    reason: row.summary,
    output: lines.map(({ message }) => message),
    channels: job.reportTo ?? job.notify ?? channels,
  };
}
