import { LEVELS } from '../core/record.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { Leftover, RecordedProcess } from '../core/runner.ts';
import { jobOfLife, jobService, type PlannedJob } from './job.ts';
import { createCourse, type Course, type Entry, type SchedulerDeps } from './job-course.ts';
import { readyToRun } from './job-machine.ts';
import { rowOf } from './job-records.ts';
import { type Current, CUT_SHORT, FRESH, type JobRules, type JobState } from './job-state.ts';
import type { Keeping } from './keeping.ts';
import { type Blocked, blockedBy } from './locks.ts';
import { rulesOf } from './rules.ts';

/** A job as it stands. */
export interface ScheduledJob {
  readonly job: PlannedJob;
  readonly state: JobState;
  readonly rules: JobRules;
  /** What its next run waits for, beside its time. */
  readonly blocked: Blocked | undefined;
  /** An earlier run that not even SIGKILL ends is in the way. */
  readonly stuck: boolean;
  readonly pid: number | null;
}

export interface Asked {
  readonly who: string;
  readonly set: Readonly<Record<string, string>>;
  readonly dryRun: boolean;
}

/** Runs jobs when they are due. Every due time, every run and its end are stored before anything follows from them. */
export interface Scheduler {
  /** Goes over to these jobs. What runs goes on as it began. @param leftovers of the daemon before, which nobody could end. */
  apply(jobs: readonly PlannedJob[], leftovers?: readonly Leftover[]): void;
  get(name: string): ScheduledJob | undefined;
  /** In the order of the plan. */
  all(): readonly ScheduledJob[];
  /** Asks for a run; answers with its name, or why it is refused: a clause. */
  run(name: string, asked: Asked): Result<string, string>;
  /** False where it is paused already. */
  pause(name: string, who: string, why: string): boolean;
  /** False where it is not paused. */
  resume(name: string, who: string): boolean;
  /** Takes in a run that somebody else began; nothing happens where it is known. */
  found(name: string, run: Current): void;
  /** The main processes of runs of the last daemon, before the first `apply`. */
  recorded(): readonly RecordedProcess[];
  /** Ends every run, but for those that go on by themselves; none begins from then on. */
  end(): Promise<void>;
}

const STUCK_MS = 30_000;

export function createScheduler(deps: SchedulerDeps): Scheduler {
  const ending = new AbortController();
  const course = createCourse(deps, ending.signal);
  const { entries, take, settle } = course;
  const stored = new Map(deps.store.load());
  const plan = createPlan(deps, course, stored, ending.signal);
  const act = (name: string, action: 'pause' | 'resume', who: string, why: string): true => {
    const message = `${action} by ${who}${why === '' ? '' : `: ${why}`}`;
    const base = { service: jobService(name), life: '', kind: 'action', sender: 'daemon' } as const;
    const fields = { action, by: 'person', who, why };
    deps.records([{ ...base, time: deps.clock.micros(), level: LEVELS.info, message, fields }]);
    settle();
    return true;
  };
  return {
    apply: plan.apply,
    get(name) {
      const found = entries.get(name);
      return found === undefined || found.gone ? undefined : scheduled(found, course, deps.clock.now());
    },
    all() {
      const known = plan.order().flatMap((name) => entries.get(name) ?? []);
      return known.map((found) => scheduled(found, course, deps.clock.now()));
    },
    run(name, asked) {
      const effects = take(name, { kind: 'asked', ...asked });
      for (const effect of effects) {
        if (effect.kind === 'refused') return err(effect.reason);
        if (effect.kind !== 'queued') continue;
        settle();
        return ok(effect.waiting.request);
      }
      return err('it is not there');
    },
    pause(name, who, why) {
      if (entries.get(name)?.state.pause !== null) return false;
      take(name, { kind: 'pause', who, why });
      return act(name, 'pause', who, why);
    },
    resume(name, who) {
      if ((entries.get(name)?.state.pause ?? null) === null) return false;
      // What came meanwhile is settled: a pause is no time that was missed.
      take(name, { kind: 'tick' });
      take(name, { kind: 'resume' });
      return act(name, 'resume', who, '');
    },
    found(name, run) {
      take(name, { kind: 'found', run });
      settle();
    },
    recorded: () => [...stored.values()].flatMap(({ current }) => current?.process ?? []),
    async end() {
      ending.abort();
      const running = [...entries.values()].flatMap(({ running: each }) => each ?? []);
      for (const each of running) each.end();
      await Promise.all(running.map(({ ended }) => ended));
      course.keeping.flush();
      course.keeping.close();
    },
  };
}

/** Which jobs there are. */
function createPlan(
  { clock }: SchedulerDeps,
  { entries, keeping, take, settle, adopt }: Course,
  stored: Map<string, JobState>,
  ending: AbortSignal,
) {
  let order: readonly string[] = [];
  let begun = false;

  /** What even SIGKILL could not end is tried again, until it is gone. */
  const outwait = async (entry: Entry, leftover: Leftover): Promise<void> => {
    while (await clock.sleep(STUCK_MS, ending)) {
      if ((await leftover.again()).kind !== 'gone' || ending.aborted) continue;
      entry.leftover = undefined;
      take(entry.job.name, { kind: 'begin' });
      return settle();
    }
  };
  const add = (job: PlannedJob, leftover: Leftover | undefined): void => {
    const rules = rulesOf(job);
    const known = entries.get(job.name);
    if (known !== undefined) return void Object.assign(known, { job, rules, gone: false });
    const state = { ...FRESH, ...stored.get(job.name) };
    const entry: Entry = { job, rules, state, running: undefined, leftover, gone: false, wake: undefined };
    entries.set(job.name, entry);
    stored.delete(job.name);
    if (leftover !== undefined) void outwait(entry, leftover);
  };
  const remove = (entry: Entry): void => {
    const { name } = entry.job;
    entry.gone = true;
    entry.wake = undefined;
    entry.state = { ...entry.state, waiting: [] };
    if (entry.state.current !== null) return;
    entries.delete(name);
    keeping.change(name, null, [], () => {});
  };
  return {
    order: () => order,
    apply(jobs: readonly PlannedJob[], leftovers: readonly Leftover[] = []): void {
      order = jobs.map(({ name }) => name);
      for (const entry of entries.values()) if (!order.includes(entry.job.name)) remove(entry);
      // All are there before the first begins: what happened to one may set off another.
      for (const job of jobs)
        add(
          job,
          leftovers.find(({ life }) => jobOfLife(life) === job.name),
        );
      if (!begun) forget(stored, keeping, clock.now());
      for (const name of order) {
        const entry = entries.get(name);
        if (!begun && entry?.leftover === undefined)
          take(name, { kind: 'begin', goesOn: entry !== undefined && adopt(entry) });
        take(name, { kind: 'tick' });
      }
      begun = true;
      settle();
    },
  };
}

/** Of jobs that went while no daemon ran: what ran of them is over. */
function forget(stored: Map<string, JobState>, keeping: Keeping, now: number): void {
  for (const [name, { current }] of stored) {
    const rows = current === null ? [] : [rowOf(name, current, CUT_SHORT, now)];
    keeping.change(name, null, rows, () => {});
  }
  stored.clear();
}

function scheduled({ job, state, rules, leftover }: Entry, course: Course, now: number): ScheduledJob {
  const isReady = readyToRun(state, now, rules) !== undefined;
  const blocked = isReady ? blockedBy({ name: job.name, locks: job.locks }, course.holders()) : undefined;
  return {
    job,
    state,
    rules,
    blocked,
    stuck: leftover !== undefined,
    pid: state.current?.process?.pid ?? null,
  };
}
