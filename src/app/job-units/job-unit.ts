import type { Clock, Timer } from '../../core/clock.ts';
import { bootId } from '../../core/processes.ts';
import { readStat } from '../../core/process-table.ts';
import { asError } from '../../core/result.ts';
import type { RecordedProcess } from '../../core/runner.ts';
import type { UnitFacts } from '../../core/units.ts';
import type { PlannedJob } from '../../jobs/job.ts';
import type { StartedRun, StartRun } from '../../jobs/job-course.ts';
import { CUT_SHORT, type Current, type RunEnd } from '../../jobs/job-state.ts';
import type { Following, SystemdHost } from '../../run/systemd/host.ts';
import type { Hearing } from '../../run/systemd/unit-state.ts';
import type { RunProgress } from '../job-verb-talk.ts';
import { factsEnd, failedEnd, isRunning, notBegun } from './ends.ts';
import type { JobOutput } from './output.ts';
import { type BegunPaper, type Papers, STALE_MS } from './papers.ts';
import { newWait, type Wait } from './wait.ts';

/** The unit of a job, as a daemon sees it: it asks for runs, follows them to their end, and finds those that it did not ask for. */
export interface JobUnit {
  /** Brings a run about: asks for it where it has not begun, and follows it in any case. */
  readonly start: StartRun;
  /** The same for a run of the last daemon; one that did not begin in time does not begin any more. */
  readonly adopt: StartRun;
  /** It is stored that a run is over. */
  over(run: string): void;
  /** How far a run is, as it said last. */
  progress(run: string): RunProgress | null;
  /** Whether a run of it is waited for. */
  isBusy(): boolean;
  close(): Promise<void>;
}

export interface JobUnitDeps {
  readonly clock: Clock;
  readonly host: Pick<SystemdHost, 'follow' | 'facts' | 'begin' | 'act'>;
  readonly papers: Papers;
  readonly output: JobOutput;
  /** Of the run of an invocation: the whole value of VAHTI_LIFE. */
  readonly lifeOf: (run: string, invocation: string) => string;
  /** Whether it is stored how a run ended. */
  readonly isOver: (run: string) => boolean;
  /** A run that nobody here asked for. */
  readonly found: (run: Current) => void;
}

/** systemd has begun a run within so long, unless the machine is very busy. */
const BEGIN_MS = 120_000;
/** The journal may be so much behind. */
const PATIENCE_MS = 2000;
/** So long after its timeout a run that did not end itself is stopped. */
const OVERTIME_MS = 60_000;

export function createJobUnit(unit: string, deps: JobUnitDeps): JobUnit {
  return new Unit(unit, deps);
}

class Unit implements JobUnit {
  readonly #unit: string;
  readonly #deps: JobUnitDeps;
  readonly #following: Following;
  readonly #closing = new AbortController();
  /** Over, and not stored yet. */
  readonly #finished = new Set<string>();
  #wait: Wait | undefined;
  #again: Timer | undefined;

  constructor(unit: string, deps: JobUnitDeps) {
    this.#unit = unit;
    this.#deps = deps;
    this.#following = deps.host.follow(unit, {
      rests: true,
      observed: (facts, hearing) => this.#observed(facts, hearing),
      // It is asked again.
      unobserved: () => {},
      told: (entries, old) => deps.output.take(entries, old),
      written: () => deps.output.written(),
    });
  }

  readonly start: StartRun = (job, run, spawned) => this.#bring(job, run, spawned, true);

  readonly adopt: StartRun = (job, run, spawned) =>
    this.#bring(job, run, spawned, this.#deps.clock.now() - run.startedAt < STALE_MS);

  over(run: string): void {
    this.#finished.delete(run);
    const own = this.#begun(run);
    if (own !== undefined) this.#deps.papers.settle(own.invocation);
    // There may be another one that somebody began.
    void this.#following.look();
  }

  progress(run: string): RunProgress | null {
    const own = this.#begun(run);
    return own === undefined ? null : this.#deps.papers.readProgress(own.invocation);
  }

  isBusy(): boolean {
    return this.#wait !== undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#again?.cancel();
    this.#following.close();
    await this.#deps.output.close();
  }

  #begun(run: string): BegunPaper | undefined {
    return this.#deps.papers.begun().find((each) => each.run.run === run);
  }

  #bring(
    job: PlannedJob,
    run: Current,
    spawned: (process: RecordedProcess) => void,
    begins: boolean,
  ): StartedRun {
    let done: (end: RunEnd | undefined) => void = () => {};
    const ended = new Promise<RunEnd | undefined>((resolve) => {
      done = resolve;
    });
    const wait = newWait(job, run, spawned, done, this.#deps.clock.monotonic());
    this.#wait = wait;
    this.#deps.output.expect(run.run);
    if (this.#begun(run.run) !== undefined) void this.#following.look();
    else if (begins) void this.#ask(wait);
    else this.#giveUp(wait, CUT_SHORT);
    return { ended, end: () => this.#finish(wait, undefined) };
  }

  async #ask(wait: Wait): Promise<void> {
    const { clock, papers, host } = this.#deps;
    const { run } = wait;
    try {
      await papers.request({ run, at: clock.now() });
    } catch (error) {
      return this.#finish(wait, failedEnd(`cannot ask for it: ${asError(error).message}`));
    }
    // The last daemon may have asked for it, too: then another start would be one that nobody wants.
    if (this.#begun(run.run) !== undefined) {
      papers.withdraw();
      return this.#following.look();
    }
    const { signal } = this.#closing;
    const shown = await host.facts(this.#unit, signal);
    if (this.#wait !== wait) return;
    wait.before = shown.ok ? shown.value.invocation : null;
    // Tries that follow each other quickly must not use up a start limit.
    if (shown.ok && shown.value.active === 'failed') await host.act('reset-failed', this.#unit, signal);
    if (this.#wait !== wait) return;
    // What the last daemon had systemd start has taken it meanwhile. From here on a run takes longer than systemd does.
    if (this.#begun(run.run) !== undefined) return this.#following.look();
    const trouble = await this.#begin(wait);
    const missing =
      shown.ok && shown.value.load === 'not-found' ? ': it is not installed, write vahti install' : '';
    if (trouble !== undefined) this.#giveUp(wait, failedEnd(`${trouble}${missing}`));
  }

  /** Has systemd start the unit. Resolves with a sentence where it does not. */
  async #begin(wait: Wait): Promise<string | undefined> {
    wait.asking = true;
    const begun = await this.#deps.host.begin(this.#unit, this.#closing.signal);
    wait.asking = false;
    if (this.#wait !== wait) return undefined;
    wait.asked = true;
    wait.looks = 0;
    void this.#following.look();
    return begun.ok || begun.error.kind === 'aborted' ? undefined : begun.error.message;
  }

  #observed(facts: UnitFacts, hearing: Hearing): void {
    if (this.#closing.signal.aborted) return;
    const wait = this.#wait;
    if (wait === undefined) return this.#find();
    const own = this.#begun(wait.run.run);
    if (own === undefined) return this.#awaitBegin(wait, facts);
    if (!wait.seen) {
      wait.seen = true;
      return void this.#following.look();
    }
    if (isRunning(facts) && facts.invocation === own.invocation) this.#watch(wait, own, facts);
    else this.#awaitWords(wait, own, facts, hearing);
  }

  /** It is over. What it printed last may be on its way. */
  #awaitWords(wait: Wait, { invocation }: BegunPaper, facts: UnitFacts, hearing: Hearing): void {
    const { clock, output, papers } = this.#deps;
    wait.overAt ??= clock.monotonic();
    const isTold = hearing === 'deaf' || output.isTold(invocation);
    if (!isTold && clock.monotonic() - wait.overAt < PATIENCE_MS) return this.#lookAgain();
    this.#finish(wait, papers.readEnd(invocation) ?? factsEnd(invocation, facts));
  }

  #watch(wait: Wait, { invocation, run }: BegunPaper, { pid }: UnitFacts): void {
    const { clock, host, lifeOf } = this.#deps;
    const startTicks = pid === null ? undefined : readStat(pid)?.startTicks;
    if (pid !== null && startTicks !== undefined && pid !== wait.pid) {
      wait.pid = pid;
      wait.spawned({ pid, startTicks, life: lifeOf(run.run, invocation), boot: bootId() });
    }
    // It ends itself, unless something is wrong with it.
    const isLong = clock.now() - run.startedAt > wait.job.timeoutMs + OVERTIME_MS;
    if (!isLong || wait.stopped) return;
    wait.stopped = true;
    void host.act('stop', this.#unit, this.#closing.signal);
  }

  #awaitBegin(wait: Wait, facts: UnitFacts): void {
    const { clock, host, papers } = this.#deps;
    // An older look may be of a run that is over: what systemd starts by now is to find what was asked for.
    if (wait.asking) return;
    if (wait.asked && ++wait.looks === 1) return void this.#following.look();
    if (isRunning(facts)) return this.#giveWay(wait, facts);
    if (!wait.asked) return;
    const { invocation } = facts;
    const isNew = invocation !== null && invocation !== wait.before;
    // A start that ended before it took anything; unless it was somebody else's.
    if (isNew && papers.of(invocation) === undefined) return this.#giveUp(wait, notBegun(facts));
    if (clock.monotonic() - wait.since <= BEGIN_MS) {
      // The start may have been taken for one that was just ending. While it is on its way another one changes nothing.
      if (wait.looks > 2) void this.#begin(wait);
      return this.#lookAgain();
    }
    // What systemd still had to start would be a run that nobody asked for.
    void host.act('stop', this.#unit, this.#closing.signal);
    this.#giveUp(wait, failedEnd(`systemd did not begin it within ${BEGIN_MS / 1000} s`));
  }

  /** Where a person was quicker, what was to run waits for that. */
  #giveWay(wait: Wait, { invocation }: UnitFacts): void {
    const { papers, found } = this.#deps;
    const other = papers.of(invocation ?? '');
    if (other === undefined || other.isOver) return;
    if (!papers.withdraw()) return this.#lookAgain();
    this.#wait = undefined;
    found(other.run);
    wait.done(undefined);
  }

  /** Nothing is waited for: is there something that is to be? */
  #find(): void {
    const { papers, isOver, found } = this.#deps;
    for (const paper of papers.begun().toSorted((a, b) => a.at - b.at)) {
      if (paper.isOver || this.#finished.has(paper.run.run)) continue;
      if (!isOver(paper.run.run)) return found(paper.run);
      papers.settle(paper.invocation);
    }
  }

  /** What nobody has taken is nobody's any more; what was taken meanwhile is followed. */
  #giveUp(wait: Wait, end: RunEnd): void {
    if (this.#deps.papers.withdraw() || this.#begun(wait.run.run) === undefined) this.#finish(wait, end);
    else this.#lookAgain();
  }

  #finish(wait: Wait, end: RunEnd | undefined): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    if (end !== undefined) this.#finished.add(wait.run.run);
    wait.done(end);
  }

  #lookAgain(): void {
    this.#again ??= this.#deps.clock.timer(PATIENCE_MS, () => {
      this.#again = undefined;
      void this.#following.look();
    });
  }
}
