import { dirname, join } from 'node:path';
import { ok, type Result } from '../core/result.ts';
import type { Leftover, RecordedProcess } from '../core/runner.ts';
import type { DatabaseError } from '../core/sqlite.ts';
import { type JobStore, openJobStore } from '../jobs/history.ts';
import { jobService, type PlannedJob } from '../jobs/job.ts';
import type { RunOver } from '../jobs/job-course.ts';
import type { Current } from '../jobs/job-state.ts';
import type { Locker } from '../jobs/locks.ts';
import { createScheduler, type ScheduledJob, type Scheduler } from '../jobs/scheduler.ts';
import { type JobRunDeps, startRun } from './job-run.ts';
import { createUnitRuns, type UnitRuns } from './job-units/unit-runs.ts';
import { type JobStatus, jobStatus } from './job-status.ts';
import type { RunProgress } from './job-verb-talk.ts';
import type { Plan, PlanChange } from './plan.ts';
import type { FollowedUnits } from './units.ts';

/** The jobs of a daemon. */
export interface Jobs {
  readonly scheduler: Scheduler;
  readonly store: JobStore;
  /** Goes over to a plan: what runs goes on as it began, and a changed schedule never fires. */
  apply(plan: Plan, leftovers?: readonly Leftover[]): void;
  status(now: number): readonly JobStatus[];
  /** Of one of them. */
  statusOf(job: ScheduledJob, now: number): JobStatus;
  /** The main processes of runs that the last daemon began, before the first `apply`. */
  recorded(): readonly RecordedProcess[];
  /** Ends every run, and the next daemon makes up for them; or lets them go on, and the next daemon takes them over. */
  end(): Promise<void>;
  close(): void;
}

export type JobsOptions = Omit<JobRunDeps, 'progress' | 'folder'> & {
  readonly plan: Plan;
  /** Told of each run that is over, when it is stored: for who tells people. */
  readonly over?: (over: RunOver) => void;
  /** Services, and the locks that they have now. */
  readonly others?: () => readonly Locker[];
  /** Where each run is a start of a unit of systemd's. */
  readonly units?: Pick<FollowedUnits, 'host' | 'recorded'>;
};

export function openJobs(options: JobsOptions): Result<Jobs, DatabaseError> {
  const opened = openJobStore(join(options.paths.folder, 'jobs.db'));
  if (!opened.ok) return opened;
  const store = opened.value;
  const { clock, log, records, over } = options;
  const found = (job: string, run: Current): void => scheduler.found(job, run);
  const runs =
    options.units === undefined ? ownRuns(options) : unitRuns({ ...options, ...options.units }, store, found);
  const scheduler = createScheduler({
    clock,
    log,
    store,
    records,
    start: runs.start,
    ...(options.others === undefined ? {} : { others: options.others }),
    ...(runs.adopt === undefined ? {} : { adopt: runs.adopt }),
    over(ended) {
      runs.over(ended.job.name, ended.row.run);
      over?.(ended);
    },
  });
  const statusOf = (each: ScheduledJob, now: number): JobStatus =>
    jobStatus(
      each,
      store.last(each.job.name) ?? null,
      runs.progress(each.job.name, each.state.current?.run ?? ''),
      options.paths,
      now,
    );
  return ok({
    scheduler,
    store,
    statusOf,
    apply(plan, leftovers) {
      scheduler.apply(plan.jobs ?? [], leftovers);
      runs.use?.(plan.jobs ?? []);
    },
    status: (now) => scheduler.all().map((each) => statusOf(each, now)),
    // What runs in a unit goes on.
    recorded: () => (runs.adopt === undefined ? scheduler.recorded() : []),
    async end() {
      await scheduler.end();
      await runs.close?.();
    },
    close: () => store.close(),
  });
}

/** What runs jobs, and what becomes of their runs. */
type Runs = Pick<UnitRuns, 'start' | 'progress' | 'over'> & Partial<UnitRuns>;

/** Runs that are children of this daemon, and end with it. */
function ownRuns(options: JobsOptions): Runs {
  const progress = new Map<string, RunProgress>();
  const deps: JobRunDeps = {
    ...options,
    folder: dirname(options.plan.file),
    progress: (job, at) => void progress.set(job, at),
  };
  return {
    start(job, run, spawned) {
      progress.delete(job.name);
      return startRun(job, run, spawned, deps);
    },
    progress: (job) => progress.get(job) ?? null,
    over: (job) => void progress.delete(job),
  };
}

function unitRuns(
  options: JobsOptions & Pick<FollowedUnits, 'host' | 'recorded'>,
  store: JobStore,
  found: (job: string, run: Current) => void,
): Runs {
  return createUnitRuns({
    ...options,
    host: options.host(),
    isOver: (job, run) => (store.run(job, run)?.ended ?? null) !== null,
    found,
  });
}

/** What a reload does to each job: nothing that runs is touched. */
export function compareJobs(before: Plan, after: Plan): readonly PlanChange[] {
  const old = new Map((before.jobs ?? []).map((job) => [job.name, job]));
  const changes = (after.jobs ?? []).map((job): PlanChange => {
    const previous = old.get(job.name);
    old.delete(job.name);
    const name = jobService(job.name);
    if (previous === undefined) return { name, change: 'start', keys: [] };
    const keys = differing(previous, job);
    return { name, change: keys.length === 0 ? 'leave' : 'update', keys };
  });
  return [
    ...changes,
    ...[...old.keys()].map((name): PlanChange => ({ name: jobService(name), change: 'stop', keys: [] })),
  ];
}

function differing(before: PlannedJob, after: PlannedJob): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof PlannedJob>;
  return [...keys].filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).sort();
}
