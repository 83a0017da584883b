import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { OK, plannedJob } from './jobs.ts';
import { silentLog } from '../../src/core/log.ts';
import { ok } from '../../src/core/result.ts';
import { StoreFullError } from '../../src/core/sqlite.ts';
import type { UnitFacts } from '../../src/core/units.ts';
import type { JobStore, RunRow } from '../../src/jobs/history.ts';
import type { Current, JobState, RunEnd } from '../../src/jobs/job-state.ts';
import { createScheduler, type Scheduler } from '../../src/jobs/scheduler.ts';
import type { UnitFollower } from '../../src/run/systemd/host.ts';
import { createJobUnit, type JobUnit, type JobUnitDeps } from '../../src/app/job-units/job-unit.ts';
import type { BegunPaper, Paper, Papers } from '../../src/app/job-units/papers.ts';

const JOB = plannedJob('j', { retry: { times: 1, everyMs: 1000 } });
const FAILED: RunEnd = { outcome: 'failed', summary: 'exit code 1', exit: 1, counts: {} };

/** What lies in the folder of a job. */
class MemoryPapers implements Papers {
  asked: Paper | undefined;
  readonly known = new Map<string, BegunPaper>();
  readonly ends = new Map<string, RunEnd>();
  ask(paper: Paper): void {
    this.asked = paper;
  }
  readonly request = async (paper: Paper): Promise<void> => this.ask(paper);
  withdraw(): boolean {
    const was = this.asked !== undefined;
    this.asked = undefined;
    return was;
  }
  take(invocation: string): Paper | undefined {
    const { asked } = this;
    if (asked !== undefined) this.known.set(invocation, { ...asked, invocation, isOver: false });
    this.asked = undefined;
    return asked;
  }
  readonly begin = async (invocation: string, paper: Paper): Promise<void> =>
    void this.known.set(invocation, { ...paper, invocation, isOver: false });
  begun = (): readonly BegunPaper[] => [...this.known.values()];
  of = (invocation: string): BegunPaper | undefined => this.known.get(invocation);
  readonly writeEnd = async (invocation: string, end: RunEnd): Promise<void> =>
    void this.ends.set(invocation, end);
  readEnd = (invocation: string): RunEnd | undefined => this.ends.get(invocation);
  writeProgress(): void {}
  readProgress = () => null;
  settle(invocation: string): void {
    const paper = this.known.get(invocation);
    if (paper !== undefined) this.known.set(invocation, { ...paper, isOver: true });
    this.ends.delete(invocation);
  }
}

type Steps = 'queued' | 'activating' | 'running' | 'told';

/** The unit of one job in a systemd that is a test's, with a run that goes on step by step, and daemons that come and go. */
export class UnitWorld {
  readonly clock: FakeClock = createFakeClock();
  readonly papers = new MemoryPapers();
  readonly states = new Map<string, string>();
  readonly rows = new Map<string, RunRow>();
  /** How often each run was begun by a process, and how often its end was said. */
  readonly begun = new Map<string, number>();
  readonly said: string[] = [];
  readonly deaths = new Set<string>();
  step: Steps | undefined;
  invocation: string | null = null;
  result: 'success' | 'exit-code' = 'success';
  /** How often a person had systemd start it, and how many runs came of that. */
  hands = 0;
  byHand = 0;
  starts = 0;
  /** Starts that systemctl is just asking for. */
  beginning = 0;
  readonly pending: (() => void)[] = [];
  looking = false;
  again = false;
  isFull = false;
  follower: UnitFollower | undefined;
  scheduler: Scheduler | undefined;
  unit: JobUnit | undefined;
  alive = false;

  facts(): UnitFacts {
    const runs = this.step !== undefined && this.step !== 'queued';
    const failed = this.result === 'exit-code' && this.invocation !== null;
    return {
      name: 'j',
      load: 'loaded',
      sub: '',
      since: null,
      startedAt: null,
      activeAt: null,
      pid: null,
      restarts: 0,
      enabled: 'static',
      group: null,
      active: runs ? 'activating' : failed ? 'failed' : 'inactive',
      result: this.result,
      // A unit that ended well is forgotten.
      invocation: runs || failed ? this.invocation : null,
      exit: runs || !failed ? null : { kind: 'exited', status: 1, at: null },
      policy: { restart: 'no', delayMs: null, startLimit: null, watchdogMs: null, memoryBytes: null },
    };
  }

  /** Something that takes its time; of a daemon that is gone by then nobody hears. */
  later<T>(mine: () => boolean, effect: (isAlive: boolean) => T): Promise<T> {
    return new Promise((resolve) => {
      this.pending.push(() => {
        const value = effect(mine());
        if (mine()) resolve(value);
      });
    });
  }

  deliver(): void {
    this.pending.shift()?.();
  }

  /** One look at a time; who asks while one is on its way gets the next. What was so when it began is told when it is over. */
  async look(): Promise<void> {
    const { follower } = this;
    if (follower === undefined) return;
    if (this.looking) this.again = true;
    else {
      this.looking = true;
      const seen = this.facts();
      void this.later(
        () => this.follower === follower,
        (isAlive) => {
          if (!isAlive) return;
          follower.observed(seen, 'deaf');
          this.looking = false;
          if (this.again) void this.look();
          this.again = false;
        },
      );
    }
  }

  hosted(mine: () => boolean): JobUnitDeps['host'] {
    return {
      follow: (_, follower) => {
        this.follower = follower;
        return { look: async () => (mine() ? this.look() : undefined), close: () => {} };
      },
      facts: () => {
        const seen = this.facts();
        return this.later(mine, () => ok(seen));
      },
      begin: () => {
        this.beginning += 1;
        return this.later(mine, () => {
          this.beginning -= 1;
          this.step ??= 'queued';
          return ok(undefined);
        });
      },
      act: async () => ok(undefined),
    };
  }

  papersOf(mine: () => boolean): Papers {
    const { papers } = this;
    return {
      take: () => undefined,
      begin: papers.begin,
      writeEnd: papers.writeEnd,
      request: (paper) => this.later(mine, (isAlive) => (isAlive ? papers.ask(paper) : undefined)),
      withdraw: () => mine() && papers.withdraw(),
      begun: papers.begun,
      of: papers.of,
      readEnd: papers.readEnd,
      writeProgress: () => {},
      readProgress: () => null,
      settle: (invocation) => (mine() ? papers.settle(invocation) : undefined),
    };
  }

  /** The daemon begins, or is killed. */
  turn(): void {
    this.alive = !this.alive;
    this.follower = undefined;
    this.looking = false;
    this.again = false;
    if (!this.alive) return void (this.scheduler = undefined);
    const own = {};
    this.owner = own;
    const mine = (): boolean => this.alive && this.owner === own;
    const store: JobStore = {
      load: () => new Map([...this.states].map(([name, text]) => [name, JSON.parse(text) as JobState])),
      commit: (states, runs) => {
        if (!mine()) return;
        if (this.isFull) throw new StoreFullError('cannot use the history of jobs: no space left');
        for (const [name, state] of states) this.states.set(name, JSON.stringify(state));
        for (const row of runs) this.rows.set(row.run, row);
      },
      runs: () => [],
      run: (_, run) => this.rows.get(run),
      last: () => undefined,
      close: () => {},
    };
    const unit = createJobUnit('j', {
      clock: this.clock,
      host: this.hosted(mine),
      papers: this.papersOf(mine),
      output: {
        expect() {},
        take: () => undefined,
        isTold: () => true,
        written: async () => {},
        close: async () => {},
      },
      lifeOf: (run) => run,
      isOver: (run) => (this.rows.get(run)?.ended ?? null) !== null,
      found: (run: Current) => mine() && scheduler.found('j', run),
    });
    const scheduler = createScheduler({
      clock: this.clock,
      log: silentLog,
      store,
      records: () => {},
      start: (job, run, spawned) => unit.start(job, run, spawned),
      adopt: (job, run, spawned) => unit.adopt(job, run, spawned),
      over: ({ row }) => {
        if (!mine()) return;
        this.said.push(`${row.run} ${row.outcome}`);
        unit.over(row.run);
      },
    });
    this.scheduler = scheduler;
    scheduler.apply([JOB]);
  }
  owner: object | undefined;

  /** The run goes on by a step: it is taken by a process, its end is said, the process is over. */
  goOn(fails: boolean, dies: boolean): void {
    if (dies && this.step !== undefined && this.step !== 'queued') return this.over(true);
    if (this.step === 'queued') {
      this.starts += 1;
      this.invocation = String(this.starts).padStart(32, '0');
      this.result = 'success';
      this.step = 'activating';
    } else if (this.step === 'activating') {
      const invocation = this.invocation ?? '';
      const asked = this.papers.take(invocation);
      const run = asked?.run ?? this.handRun();
      if (asked === undefined) void this.papers.begin(invocation, { run, at: 0 });
      this.begun.set(run.run, (this.begun.get(run.run) ?? 0) + 1);
      this.step = 'running';
    } else if (this.step === 'running' && this.beginning === 0) {
      // A run takes some tenths of a second at least, systemctl some milliseconds.
      void this.papers.writeEnd(this.invocation ?? '', fails ? FAILED : OK);
      this.result = fails ? 'exit-code' : 'success';
      this.step = 'told';
    } else if (this.step === 'told') this.over(false);
    void this.look();
  }

  over(isDeath: boolean): void {
    const run = this.papers.of(this.invocation ?? '')?.run.run;
    if (isDeath && this.step !== 'told') this.result = 'exit-code';
    if (isDeath) this.deaths.add(run ?? 'nobody');
    this.step = undefined;
    void this.look();
  }

  startByHand(): void {
    this.hands += 1;
    this.step ??= 'queued';
  }

  handRun(): Current {
    this.byHand += 1;
    const now = this.clock.now();
    const asked = { request: `hand-${this.byHand}`, cause: 'person', by: 'systemctl', due: now } as const;
    const first = { attempt: 1, retriesLeft: 0, coalesced: 0, redone: false, set: {}, dryRun: false };
    return { ...asked, ...first, notBefore: now, run: asked.request, startedAt: now, process: null };
  }
}
