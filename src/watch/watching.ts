import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { RecordDraft } from '../core/record.ts';
import { asError } from '../core/result.ts';
import { perform } from './actions.ts';
import type { Course, LifeSeen, WatchSettings } from './course.ts';
import { freshGate, type GateState, next as nextGate } from './gate.ts';
import type { Judgement, WatchedLife, Watcher } from './kind.ts';
import {
  type Budget,
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
    Record<
      string,
      { readonly fingerprint: string; readonly gate: GateState; readonly ladder: LadderState }
    >
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
  budget(): Budget;
  close(): Promise<void>;
}

/** A look that does not answer within so long after its signal aborted is `unknown`. */
const PATIENCE_MS = 1000;

interface Running extends OpenWatch {
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
  const courses = new Map<string, Running>();
  let budget = restored?.budget ?? FRESH_BUDGET;

  const save = (): void => {
    const entries = [...courses.values()].map(
      ({ settings, fingerprint, course: { gate, ladder } }) =>
        [settings.name, { fingerprint, gate: { ...gate, looks: [], unknown: 0 }, ladder }] as const,
    );
    deps.persist({ budget, watches: Object.fromEntries(entries) });
  };

  const take = ({ settings, course }: Running, judgement: Judgement, life: LifeSeen): void => {
    const now = clock.now();
    const before = course.gate;
    const { state, flip, failing, counted } = nextGate(before, { judgement, life }, now, settings.gate);
    Object.assign(course, { gate: state, judgement, lookedAt: now } satisfies Partial<Course>);
    const acts = failing && counted && (judgement.verdict === 'late' || judgement.verdict === 'bad');
    const seen = { failing: acts, well: state.state === 'ok', life: life.id, service: service.snapshot() };
    const climbed = nextLadder(course.ladder, budget, seen, now, { ...LADDER_LIMITS, steps: settings.steps });
    const moved = climbed.effects.length > 0 || climbed.state.done.length !== course.ladder.done.length;
    course.ladder = climbed.state;
    if (climbed.effects.length > 0) budget = climbed.budget;
    if (moved || state.state !== before.state || state.steady !== before.steady) save();
    const about = { time: clock.micros(), service: service.name, life: life.id, watch: settings.name };
    if (flip !== undefined && !(flip.from === 'new' && flip.to === 'ok'))
      deps.records([flipRecord(about, flip, judgement)]);
    const why = whyActed(settings.name, judgement);
    const evidence = { ...judgement, looks: state.looks };
    for (const step of climbed.effects)
      perform(step, { about, why, evidence, service, records: deps.records, clock, signal: over.signal });
  };

  const begin = (watch: OpenWatch): Running => {
    const { settings } = watch;
    const saved = restored?.watches[settings.name];
    const known = saved?.fingerprint === watch.fingerprint ? saved : undefined;
    const course: Course = {
      gate: known?.gate ?? freshGate(clock.now()),
      ladder: known?.ladder ?? FRESH_LADDER,
      judgement: undefined,
      lookedAt: undefined,
    };
    const pace = lookAtRate(settings, { ...deps, ...watch }, async (signal) => {
      const life = lifeToWatch(service);
      if (life === undefined) return;
      const { judgement, settled } = lookOnce(watch, life, signal, deps);
      const found = await judgement;
      // What was seen of a life that is over by now says nothing of the next one.
      if (!over.signal.aborted && lifeToWatch(service)?.id === life.id) take(running, found, life);
      await settled;
    });
    const running: Running = { ...watch, course, pace };
    return running;
  };
  for (const watch of watches) courses.set(watch.settings.name, begin(watch));

  return {
    figures: () =>
      [...courses.values()].map(({ settings, course, pace }) =>
        figuresOf(settings, course, { budget, now: clock.now(), nextLookAt: pace.nextAt(), life: lifeToWatch(service) }),
      ),
    budget: () => budget,
    async close() {
      over.abort();
      await Promise.all(
        [...courses.values()].map(async ({ pace, watcher }) => {
          await pace.close();
          await watcher.close?.();
        }),
      );
    },
  };
}

/** The life that there is something to see of: one that runs, and is ready where it has a way to say so. */
function lifeToWatch(service: WatchedService): LifeSeen | undefined {
  const { state, life, pid, startedAt, ready, readyAt } = service.snapshot();
  if (state !== 'running' || life === null || pid === null || startedAt === null || ready === false)
    return undefined;
  return { id: life, pid, startedAt, from: readyAt ?? startedAt };
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
      if (await clock.sleep(PATIENCE_MS, answered.signal)) resolve({ verdict: 'unknown', value: null, reason });
    };
    if (signal.aborted) void giveUp();
    else signal.addEventListener('abort', () => void giveUp(), { once: true });
  });
  return { judgement: Promise.race([settled, late]), settled };
}
