import { jobService } from '../jobs/job.ts';
import type { JobStatus } from './job-status.ts';
import type { NextItem } from './next.ts';

/** What happens next of jobs, and when. */
export function jobsNext(jobs: readonly JobStatus[], now: number): readonly NextItem[] {
  return jobs.flatMap((job): readonly NextItem[] => {
    const { name, next, waiting, pause, lateAt, run } = job;
    const about = { service: jobService(name), watch: null };
    const items: NextItem[] = [];
    const [due] = next;
    const whose =
      waiting?.attempt === 1 ? `begin, ${waiting.cause}` : `try ${waiting?.attempt} of a run that failed`;
    if (waiting !== null && pause === null && run === null)
      items.push({ ...about, at: Math.max(now, waiting.at), kind: 'job', what: whose });
    if (due !== undefined && pause === null)
      items.push({ ...about, at: due, kind: 'job', what: 'run, as its times say' });
    if (lateAt !== null && pause === null && lateAt > now)
      items.push({ ...about, at: lateAt, kind: 'job-late', what: 'late, unless it has succeeded by then' });
    return items;
  });
}
