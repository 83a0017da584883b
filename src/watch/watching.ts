import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordDraft } from '../core/record.ts';
import { asError } from '../core/result.ts';
import { perform } from './actions.ts';
import type { Course, LifeSeen, WatchSettings } from './course.ts';
import { freshGate, type GateState, next as nextGate } from './gate.ts';
import { createOpening, type Opening } from '../core/hours.ts';
import type { Judgement, WatchedLife, Watcher } from './kind.ts';
import {
  type Budget,
  current,
  FRESH_BUDGET,
  FRESH_LADDER,
  LADDER_LIMITS,
  type LadderState,
  next as nextLadder,
} from './ladder.ts';
import { figuresOf, type WatchFigures } from './watch-figures.ts';
import { lookAtRate, type Pace } from './pace.ts';
import type { Slots } from './slots.ts';
import type { WatchedService } from './watched-service.ts';
import { flipRecord, whyActed } from './wording.ts';

/** One watch, open. */
export interface OpenWatch {
  readonly settings: WatchSettings;
  readonly watcher: Watcher;
  /** What it is about: state that was kept of another one under its name is not its own. */
  readonly fingerprint: string;
  /** How many of its sort may look at the same time. */
  readonly slots?: Slots;
}

/** What outlives the daemon. Serialisable as JSON. */
export interface PersistedWatches {
  readonly budget: Budget;
  readonly watches: Readonly<
    Record<string, { readonly fingerprint: string; readonly gate: GateState; readonly ladder: LadderState }>
  >;
}

export interface WatchingDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  readonly records: (drafts: readonly RecordDraft[]) => void;
  readonly restored: PersistedWatches | undefined;
  /** Durable when it returns; called before anything is done. */
  readonly persist: (state: PersistedWatches) => void;
}

/** The watches of one service, looking. */
export interface Watching {
  figures(): readonly WatchFigures[];
  /** When they restarted the service within the last hour: wall milliseconds. */
  restarts(): readonly number[];
  close(): Promise<void>;
}

/** A look that does not answer within so long after its signal aborted is `unknown`. */
const PATIENCE_MS = 1000;

interface Running extends OpenWatch {
  readonly opening: Opening;
  readonly course: Course;
  readonly pace: Pace;
}

export function createWatching(
  service: WatchedService,
  watches: readonly OpenWatch[],
  deps: WatchingDeps,
): Watching {
  const { clock, restored } = deps;
  const over = new AbortController();
  const all: Running[] = [];
  const shared: Shared = {
    service,
    deps,
    signal: over.signal,
    budget: restored?.budget ?? FRESH_BUDGET,
    save: () => deps.persist(toPersist(shared.budget, all)),
  };

  const begin = (watch: OpenWatch): Running => {
    const opening = createOpening(watch.settings.hours);
    const course = restoreCourse(watch, deps);
    const pace = lookAtRate(watch.settings, { ...deps, ...watch }, async (signal) => {
      const began = opening.begin(clock.now());
      const life = began === undefined ? undefined : lifeToWatch(service, began);
      if (life === undefined) return;
      const { judgement, settled } = lookOnce(watch, life, signal, deps);
      const found = await judgement;
      // What was seen of a life that is over by now says nothing of the next one.
      if (!over.signal.aborted && lifeToWatch(service)?.id === life.id) take(running, found, life, shared);
      await settled;
    });
    const running: Running = { ...watch, course, pace, opening };
    return running;
  };
  for (const watch of watches) all.push(begin(watch));

  return {
    figures: () =>
      all.map(({ settings, course, pace, opening }) => {
        const now = clock.now();
        const nextLookAt = opening.next(pace.nextAt());
        const life = lifeToWatch(service, opening.begin(now) ?? opening.next(now));
        return figuresOf(settings, course, { budget: shared.budget, now, nextLookAt, life });
      }),
    restarts: () => current(shared.budget, clock.now()).restarts,
    async close() {
      over.abort();
      await Promise.all(
        all.map(async ({ pace, watcher }) => {
          await pace.close();
          await watcher.close?.();
        }),
      );
    },
  };
}

/** What the watches of one service have in common. */
interface Shared {
  readonly service: WatchedService;
  readonly deps: WatchingDeps;
  /** Aborts when they end. */
  readonly signal: AbortSignal;
  budget: Budget;
  readonly save: () => void;
}

function toPersist(budget: Budget, all: readonly Running[]): PersistedWatches {
  const entries = all.map(({ settings, fingerprint, course: { gate, ladder } }) => {
    // Evidence is of a life, and the next daemon begins with other lives.
    const kept: GateState = { ...gate, looks: [], unknown: 0 };
    return [settings.name, { fingerprint, gate: kept, ladder }] as const;
  });
  return { budget, watches: Object.fromEntries(entries) };
}

function restoreCourse({ settings, fingerprint }: OpenWatch, { clock, restored }: WatchingDeps): Course {
  const saved = restored?.watches[settings.name];
  const known = saved?.fingerprint === fingerprint ? saved : undefined;
  return {
    gate: known?.gate ?? freshGate(clock.now()),
    ladder: known?.ladder ?? FRESH_LADDER,
    judgement: undefined,
    lookedAt: undefined,
  };
}

/** Takes what a look found into account: what changes is stored first, then told, then acted on. */
function take({ settings, course }: Running, judgement: Judgement, life: LifeSeen, shared: Shared): void {
  const { service, signal } = shared;
  const { clock, records } = shared.deps;
  const now = clock.now();
  const before = course.gate;
  const { state, flip, failing, counted } = nextGate(before, { judgement, life }, now, settings.gate);
  Object.assign(course, { gate: state, judgement, lookedAt: now } satisfies Partial<Course>);
  const acts = failing && counted && (judgement.verdict === 'late' || judgement.verdict === 'bad');
  const seen = { failing: acts, well: state.state === 'ok', life: life.id, service: service.snapshot() };
  const limits = { ...LADDER_LIMITS, steps: settings.steps };
  const climbed = nextLadder(course.ladder, shared.budget, seen, now, limits);
  const moved = climbed.effects.length > 0 || climbed.state.done.length !== course.ladder.done.length;
  course.ladder = climbed.state;
  shared.budget = climbed.budget;
  if (moved || state.state !== before.state || state.steady !== before.steady) shared.save();
  const about = { time: clock.micros(), service: service.name, life: life.id, watch: settings.name };
  if (flip !== undefined && !(flip.from === 'new' && flip.to === 'ok'))
    records([flipRecord(about, flip, judgement)]);
  const why = whyActed(settings.name, judgement);
  const evidence = { ...judgement, looks: state.looks };
  for (const step of climbed.effects)
    perform(step, { about, why, evidence, service, records, clock, signal });
}

/**
 * The life that there is something to see of: one that runs, and is ready where it has a way to say so. What it did not do
 * before the hours of the watch began is no reproach: for the watch it began with them.
 */
function lifeToWatch(service: WatchedService, hoursBegan = 0): LifeSeen | undefined {
  const { state, life, pid, startedAt, ready, readyAt } = service.snapshot();
  if (state !== 'running' || life === null || pid === null || startedAt === null || ready === false)
    return undefined;
  const from = Math.max(readyAt ?? startedAt, hoursBegan);
  return { id: life, pid, startedAt: Math.max(startedAt, hoursBegan), from };
}

/** One look: what it found, in time whatever the watcher does, and when it is really over. */
function lookOnce(
  { watcher, settings }: OpenWatch,
  life: WatchedLife,
  signal: AbortSignal,
  { clock, log }: WatchingDeps,
): { readonly judgement: Promise<Judgement>; readonly settled: Promise<unknown> } {
  const answered = new AbortController();
  const look = async (): Promise<Judgement> => {
    try {
      return await watcher.look({ now: clock.now(), life, signal });
    } catch (thrown) {
      // A bug in one watch must not end the supervision of everything.
      const { message, stack } = asError(thrown);
      log.error('cannot look: a bug in a watch', { watch: settings.name, reason: message, stack });
      return { verdict: 'unknown', value: null, reason: `cannot look: ${message}` };
    } finally {
      answered.abort();
    }
  };
  const settled = look();
  const late = new Promise<Judgement>((resolve) => {
    const reason = `cannot look: no answer within ${settings.timeoutMs} ms`;
    const giveUp = async (): Promise<void> => {
      if (await clock.sleep(PATIENCE_MS, answered.signal))
        resolve({ verdict: 'unknown', value: null, reason });
    };
    if (signal.aborted) void giveUp();
    else signal.addEventListener('abort', () => void giveUp(), { once: true });
  });
  return { judgement: Promise.race([settled, late]), settled };
}
