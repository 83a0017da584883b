import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import type { RecordDraft } from '../../core/record.ts';
import { jobService, type PlannedJob, runLife } from '../../jobs/job.ts';
import type { StartRun } from '../../jobs/job-course.ts';
import type { Current } from '../../jobs/job-state.ts';
import type { SystemdHost } from '../../run/systemd/host.ts';
import type { KnownOnce } from '../../run/systemd/unit-log.ts';
import { OUTPUT_BYTES, outputPath } from '../job-run.ts';
import type { RunProgress } from '../job-verb-talk.ts';
import type { StatePaths } from '../state.ts';
import { jobUnit } from '../unit-names.ts';
import { createJobUnit, type JobUnit } from './job-unit.ts';
import { createJobOutput } from './output.ts';
import { openPapers } from './papers.ts';

/** The runs of jobs as starts of oneshot units: they go on when the daemon ends, and the next one takes them over. */
export interface UnitRuns {
  readonly start: StartRun;
  readonly adopt: StartRun;
  /** From now on there are these jobs. */
  use(jobs: readonly PlannedJob[]): void;
  progress(job: string, run: string): RunProgress | null;
  /** It is stored that a run is over. */
  over(job: string, run: string): void;
  close(): Promise<void>;
}

export interface UnitRunsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly host: SystemdHost;
  readonly paths: StatePaths;
  readonly stateId: string;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** What the time line has of a service since a time; see UnitLog. */
  readonly recorded: (service: string, since: number) => KnownOnce;
  /** Whether it is stored how a run ended. */
  readonly isOver: (job: string, run: string) => boolean;
  /** A run that was begun by hand. */
  readonly found: (job: string, run: Current) => void;
}

export function createUnitRuns(deps: UnitRunsDeps): UnitRuns {
  const units = new Map<string, JobUnit>();
  const unitOf = (job: string): JobUnit => {
    const known = units.get(job) ?? open(job, deps);
    units.set(job, known);
    return known;
  };
  return {
    start: (job, run, spawned) => unitOf(job.name).start(job, run, spawned),
    adopt: (job, run, spawned) => unitOf(job.name).adopt(job, run, spawned),
    use(jobs) {
      for (const { name } of jobs) unitOf(name);
      for (const [name, unit] of units) {
        if (unit.isBusy() || jobs.some((job) => job.name === name)) continue;
        units.delete(name);
        void unit.close();
      }
    },
    progress: (job, run) => units.get(job)?.progress(run) ?? null,
    over: (job, run) => units.get(job)?.over(run),
    async close() {
      await Promise.all([...units.values()].map((unit) => unit.close()));
    },
  };
}

function open(job: string, deps: UnitRunsDeps): JobUnit {
  const { clock, log, host, paths, stateId, records } = deps;
  const service = jobService(job);
  const papers = openPapers(paths.folder, job);
  const recorded = (since: number): KnownOnce => deps.recorded(service, since);
  const file = { path: outputPath(paths, job), budgetBytes: OUTPUT_BYTES };
  return createJobUnit(jobUnit(job), {
    clock,
    host,
    papers,
    output: createJobOutput({ service, ...file, clock, records, log, recorded }, papers),
    lifeOf: (run, invocation) => `${stateId}/${runLife(job, run)}/${invocation}`,
    isOver: (run) => deps.isOver(job, run),
    found: (run) => deps.found(job, run),
  });
}
