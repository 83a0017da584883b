import type { Clock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import type { RecordDraft } from '../../src/core/record.ts';
import { StoreFullError } from '../../src/core/sqlite.ts';
import { parseSchedule, type Schedule } from '../../src/core/schedule.ts';
import type { JobStore, RunRow } from '../../src/jobs/history.ts';
import type { PlannedJob } from '../../src/jobs/job.ts';
import type { Current, JobState, RunEnd } from '../../src/jobs/job-state.ts';
import type { Locker } from '../../src/jobs/locks.ts';
import { createScheduler, type Scheduler } from '../../src/jobs/scheduler.ts';

export const DAY = 86_400_000;

export function schedule(text: string): Schedule {
  const parsed = parseSchedule(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** A job that runs a command which nobody looks at. */
export function plannedJob(name: string, more: Partial<PlannedJob> = {}): PlannedJob {
  return {
    name,
    verb: 'run',
    argv: ['true'],
    options: {},
    at: [],
    after: [],
    jitterMs: 0,
    missed: 'once',
    maxAgeMs: DAY,
    timeoutMs: DAY,
    retry: { times: 0, everyMs: 60_000 },
    locks: [],
    cwd: '/',
    env: {},
    ...more,
  };
}

export const OK: RunEnd = { outcome: 'ok', summary: 'exit code 0', exit: 0, counts: {} };
export const FAILED: RunEnd = { outcome: 'failed', summary: 'exit code 1', exit: 1, counts: {} };

/** A run as a test sees it. */
export interface SeenRun {
  readonly job: string;
  readonly run: Current;
  readonly at: number;
  over: boolean;
  end(end: RunEnd): void;
}

/** Jobs on a machine whose daemon can be killed, with a store that outlives it. */
export interface JobWorld {
  readonly runs: readonly SeenRun[];
  readonly records: readonly RecordDraft[];
  readonly rows: ReadonlyMap<string, RunRow>;
  commits: number;
  /** The daemon is killed at so many commits: before that is stored, or right after. */
  killAt: { readonly commit: number; readonly when: 'before' | 'after' } | undefined;
  readonly dead: boolean;
  /** The disk takes nothing. */
  full: boolean;
  /** Who has locks beside jobs. */
  others: readonly Locker[];
  /** Kills the daemon that runs, and everything that it started, and begins another one. */
  begin(jobs: readonly PlannedJob[]): Scheduler;
  kill(): void;
}

/** @param answer how a run ends by itself, and after how many milliseconds; undefined where the test ends it. */
export function createJobWorld(
  clock: Clock,
  answer: (
    job: string,
    run: Current,
  ) => { readonly end: RunEnd; readonly afterMs: number } | undefined = () => undefined,
): JobWorld {
  const states = new Map<string, string>();
  const rows = new Map<string, RunRow>();
  const runs: SeenRun[] = [];
  const records: RecordDraft[] = [];
  let generation = 0;
  const world = {
    runs,
    records,
    rows,
    commits: 0,
    killAt: undefined as JobWorld['killAt'],
    dead: false,
    full: false,
    others: [] as readonly Locker[],
    kill(): void {
      generation += 1;
      world.dead = true;
      for (const run of runs) run.over = true;
    },
    begin(jobs: readonly PlannedJob[]): Scheduler {
      world.kill();
      world.dead = false;
      const own = generation;
      const isAlive = (): boolean => own === generation;
      const apply = (changed: ReadonlyMap<string, JobState | null>, ended: readonly RunRow[]): void => {
        for (const [name, state] of changed)
          if (state === null) states.delete(name);
          else states.set(name, JSON.stringify(state));
        for (const row of ended) rows.set(`${row.job} ${row.run}`, row);
      };
      const store: JobStore = {
        load: () => new Map([...states].map(([name, state]) => [name, JSON.parse(state) as JobState])),
        commit(changed, ended) {
          if (!isAlive()) return;
          if (world.full) throw new StoreFullError('cannot use the history of jobs: no space left');
          world.commits += 1;
          const dies = world.killAt?.commit === world.commits ? world.killAt.when : undefined;
          if (dies === 'before') return world.kill();
          apply(changed, ended);
          if (dies === 'after') world.kill();
        },
        runs: () => [],
        run: (job, run) => rows.get(`${job} ${run}`),
        last: () => undefined,
        close: () => {},
      };
      const scheduler = createScheduler({
        clock,
        log: silentLog,
        store,
        longestWaitMs: DAY / 4,
        others: () => world.others,
        records: (drafts) => void (isAlive() && records.push(...drafts)),
        start(job, run, spawned) {
          let resolve: (end: RunEnd) => void = () => {};
          const ended = new Promise<RunEnd>((done) => {
            resolve = done;
          });
          if (!isAlive()) return { ended, end: () => {} };
          const seen: SeenRun = {
            job: job.name,
            run,
            at: clock.now(),
            over: false,
            end(end) {
              if (seen.over) return;
              seen.over = true;
              resolve(end);
            },
          };
          runs.push(seen);
          spawned({ pid: runs.length, startTicks: 1, life: run.run, boot: 'b' });
          const said = answer(job.name, run);
          if (said !== undefined) clock.timer(said.afterMs, () => seen.end(said.end));
          return { ended, end: () => seen.end({ ...FAILED, outcome: 'interrupted' }) };
        },
      });
      scheduler.apply(jobs);
      return scheduler;
    },
  };
  return world;
}
