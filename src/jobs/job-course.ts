import type { Clock, Timer } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordDraft } from '../core/record.ts';
import type { Leftover, RecordedProcess } from '../core/runner.ts';
import type { JobStore, RunRow } from './history.ts';
import type { PlannedJob } from './job.ts';
import { readyToRun, step, wakeAt } from './job-machine.ts';
import { recordOf, rowOf } from './job-records.ts';
import type { Current, JobEffect, JobEvent, JobRules, JobState, RunEnd, Waiting } from './job-state.ts';
import { createKeeping, type Keeping } from './keeping.ts';
import { grant, type Locker } from './locks.ts';

/** A run as it runs. */
export interface StartedRun {
  /** Resolves when nothing of it lives any more; with undefined where it goes on, or has not begun, and nobody here waits for it. Never rejects. */
  readonly ended: Promise<RunEnd | undefined>;
  /** The daemon ends: so does the run, with everything that it started, unless it goes on by itself. */
  end(): void;
}

export type StartRun = (
  job: PlannedJob,
  run: Current,
  spawned: (process: RecordedProcess) => void,
) => StartedRun;

/** A run that is over, and everything that there is to say of it. */
export interface RunOver {
  readonly job: PlannedJob;
  readonly row: RunRow;
  /** No other try follows. */
  readonly final: boolean;
}

export interface SchedulerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: JobStore;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  /** @param spawned told of each main process of the run, so that the next daemon finds it. */
  readonly start: StartRun;
  /** Where runs go on without a daemon: takes over one of the last daemon, in whatever state it is by now. */
  readonly adopt?: StartRun;
  /** Who has locks beside jobs; asked again and again while a job waits for one. */
  readonly others?: () => readonly Locker[];
  /** Told after it is stored. */
  readonly over?: (over: RunOver) => void;
  /** How long it waits at the most before it looks at the clock again, milliseconds: the clock may have been set. */
  readonly longestWaitMs?: number;
}

/** A job, and how it stands. */
export interface Entry {
  job: PlannedJob;
  rules: JobRules;
  state: JobState;
  /** Its run, with the job as it was when that began. */
  running: (StartedRun & { readonly job: PlannedJob }) | undefined;
  /** What an earlier daemon left behind, and nobody can end: nothing begins before it is gone. */
  leftover: Leftover | undefined;
  /** It is in no plan any more: it goes when its run is over. */
  gone: boolean;
  wake: number | undefined;
}

/** Jobs as time goes on: events go in, what changed is stored, and what follows from it is done. */
export interface Course {
  readonly entries: Map<string, Entry>;
  readonly keeping: Keeping;
  /** Takes an event, and what follows from it in other jobs. Call `settle` when all are taken. */
  take(name: string, event: JobEvent): readonly JobEffect[];
  /** Stores what changed, begins what can begin, and sets the alarm. */
  settle(): void;
  holders(): readonly Locker[];
  /** Takes over the run that the last daemon began; false where it did not outlive that. */
  adopt(entry: Entry): boolean;
}

const LONGEST_WAIT_MS = 60_000;
const LOOK_MS = 1000;

/** @param ending nothing begins from its abort on. */
export function createCourse(deps: SchedulerDeps, ending: AbortSignal): Course {
  const { clock, records } = deps;
  const entries = new Map<string, Entry>();
  const holders = (): readonly Locker[] => [...holdersOf(entries.values()), ...(deps.others?.() ?? [])];

  const take = (name: string, event: JobEvent): readonly JobEffect[] => {
    const entry = entries.get(name);
    if (entry === undefined || (entry.gone && event.kind !== 'ended' && event.kind !== 'spawned')) return [];
    const now = clock.now();
    const { state, effects } = step(entry.state, event, now, entry.rules);
    const isOver = entry.gone && state.current === null;
    const rows = effects.flatMap((effect) => rowsOf(name, effect, now));
    const follow = (): void => effects.forEach((effect) => perform(entry, effect));
    if (state === entry.state && rows.length === 0 && !isOver) follow();
    else keeping.change(name, isOver ? null : state, rows, follow);
    entry.state = state;
    entry.wake = wakeAt(state, now, entry.rules);
    if (isOver) entries.delete(name);
    for (const effect of effects) if (effect.kind === 'chain') chain(name, effect.on);
    return effects;
  };

  const chain = (job: string, on: 'ok' | 'failed'): void => {
    for (const other of entries.keys()) if (other !== job) take(other, { kind: 'chained', job, on });
  };

  const perform = (entry: Entry, effect: JobEffect): void => {
    const { job } = entry;
    const record = recordOf(job.name, effect, clock.micros());
    if (record !== undefined) records([record]);
    if (effect.kind === 'begun') begin(entry, effect.run);
    if (effect.kind === 'over')
      deps.over?.({ job, row: rowOf(job.name, effect.run, effect.end, clock.now()), final: effect.final });
  };

  const begin = (entry: Entry, run: Current, start = deps.start): void => {
    if (ending.aborted) return;
    const { name } = entry.job;
    const spawned = (process: RecordedProcess): void => {
      take(name, { kind: 'spawned', process });
      keeping.flush();
    };
    hold(entry, start(entry.job, run, spawned), (end) => {
      take(name, { kind: 'ended', end });
      settle();
    });
  };
  const adopt = (entry: Entry): boolean => {
    const { current } = entry.state;
    if (deps.adopt !== undefined && current !== null) begin(entry, current, deps.adopt);
    return deps.adopt !== undefined && current !== null;
  };

  const settle = (): void => {
    while (keeping.flush() && !ending.aborted) {
      const granted = grant(waitingFor(entries.values(), clock.now()), holders());
      for (const { name } of granted) take(name, { kind: 'claim' });
      if (granted.length === 0) return setAlarm();
    }
  };

  const setAlarm = createAlarm(deps, ending, entries, take, () => settle());
  const keeping = createKeeping(deps.store, clock, deps.log, settle);
  return { entries, keeping, take, settle, holders, adopt };
}

/** Waits for the end of a run, unless another one takes its place. */
function hold(entry: Entry, started: StartedRun, over: (end: RunEnd) => void): void {
  const running = { ...started, job: entry.job };
  entry.running = running;
  void started.ended.then((end) => {
    if (entry.running !== running) return;
    entry.running = undefined;
    if (end !== undefined) over(end);
  });
}

/** Ticks each job when something is due of it. */
function createAlarm(
  { clock, others, longestWaitMs = LONGEST_WAIT_MS }: SchedulerDeps,
  ending: AbortSignal,
  entries: ReadonlyMap<string, Entry>,
  take: Course['take'],
  settle: () => void,
): () => void {
  let timer: Timer | undefined;
  let lookedAt = clock.now();
  const look = (): void => {
    const now = clock.now();
    // After a clock that was put back nothing is as it was reckoned.
    const isBack = now < lookedAt;
    lookedAt = now;
    for (const [name, { wake }] of entries)
      if (isBack || (wake !== undefined && wake <= now)) take(name, { kind: 'tick' });
    settle();
  };
  ending.addEventListener('abort', () => timer?.cancel());
  return () => {
    timer?.cancel();
    if (ending.aborted || entries.size === 0) return;
    const wakes = [...entries.values()].flatMap(({ wake }) => wake ?? []);
    // Nobody says when a service gives its locks back.
    const waits = others !== undefined && waitingFor(entries.values(), clock.now()).length > 0;
    if (waits) wakes.push(clock.now() + LOOK_MS);
    timer = clock.timer(Math.max(0, Math.min(longestWaitMs, Math.min(...wakes) - clock.now())), look);
  };
}

function rowsOf(name: string, effect: JobEffect, now: number): readonly RunRow[] {
  if (effect.kind === 'begun') return [rowOf(name, effect.run)];
  return effect.kind === 'over' ? [rowOf(name, effect.run, effect.end, now)] : [];
}

function holdersOf(entries: Iterable<Entry>): readonly Locker[] {
  return [...entries]
    .filter(({ state }) => state.current !== null)
    .map(({ job, running }) => ({ name: job.name, locks: (running?.job ?? job).locks }));
}

type Ready = Locker & { readonly first: Waiting };

/** Those that only wait for their locks: people first, then who waits longest. */
function waitingFor(entries: Iterable<Entry>, now: number): readonly Ready[] {
  const rank = ({ first }: Ready): number => (first.cause === 'person' ? 0 : 1);
  const ready = [...entries].flatMap(({ job: { name, locks }, state, rules, leftover }): Ready[] => {
    const first = leftover === undefined ? readyToRun(state, now, rules) : undefined;
    return first === undefined ? [] : [{ name, locks, first }];
  });
  return ready.toSorted(
    (a, b) => rank(a) - rank(b) || a.first.notBefore - b.first.notBefore || (a.name < b.name ? -1 : 1),
  );
}
