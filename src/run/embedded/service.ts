import type { Timer } from '../../core/clock.ts';
import { LEVELS } from '../../core/record.ts';
import { DEFAULT_LANES, FRESH_LANES, WINDOW_MS, type LaneSettings } from '../lanes.ts';
import { next } from '../service-machine.ts';
import { initialState, shiftTimes } from '../service-state.ts';
import type { By, Effect, RecordEffect, ServiceEvent, ServiceState, StateName } from '../service-state.ts';
import { createCapturedLog, type CapturedLog } from './captured-log.ts';
import { startLife, type Life } from './life.ts';
import type {
  EmbeddedService,
  EmbeddedServiceDeps,
  EmbeddedServiceSpec,
  LastExit,
  PersistedService,
  ServiceSnapshot,
} from './service-types.ts';

export type * from './service-types.ts';

const DEFAULT_STOP_MS = 30_000;
/** Smaller steps of the wall clock do not matter here. */
const CLOCK_STEP_MS = 1000;

export function createEmbeddedService(spec: EmbeddedServiceSpec, deps: EmbeddedServiceDeps): EmbeddedService {
  return new Interpreter(spec, deps);
}

/** Does what the pure machine says, and tells it what happened. */
class Interpreter implements EmbeddedService {
  readonly name: string;
  readonly #spec: EmbeddedServiceSpec;
  readonly #deps: EmbeddedServiceDeps;
  readonly #settings: LaneSettings;
  readonly #captured: CapturedLog;
  readonly #queue: ServiceEvent[] = [];
  readonly #draining = new Set<Promise<void>>();
  #machine: ServiceState;
  #saved: string;
  #wallOffset: number;
  #life: Life | undefined;
  /** Resolves when the tree of the present life is gone or stuck. */
  #over = Promise.withResolvers<void>();
  #exitedAt: number | undefined;
  #lastExit: LastExit | null = null;
  #timer: Timer | undefined;
  #busy = false;
  #disposed: Promise<void> | undefined;

  constructor(spec: EmbeddedServiceSpec, deps: EmbeddedServiceDeps) {
    const { clock, records, log } = deps;
    this.name = spec.name;
    this.#spec = spec;
    this.#deps = deps;
    this.#settings = { ...DEFAULT_LANES, ...spec.restart };
    this.#captured = createCapturedLog({ ...spec.log, service: spec.name, clock, records, log });
    this.#machine = restore(deps.restored, clock.now());
    this.#saved = JSON.stringify(this.#toPersist());
    this.#wallOffset = clock.now() - clock.monotonic();
  }

  start(by: By): void {
    if (this.#disposed === undefined) this.#dispatch({ kind: 'start', by });
  }

  stop(by: By): void {
    this.#dispatch({ kind: 'stop', by });
  }

  restart(by: By, reason: string): void {
    if (this.#disposed === undefined) this.#dispatch({ kind: 'restart', by, reason });
  }

  ended(): Promise<void> {
    return this.#life === undefined ? Promise.resolve() : this.#over.promise;
  }

  dispose(): Promise<void> {
    if (this.#disposed !== undefined) return this.#disposed;
    this.#dispatch({ kind: 'shutdown' });
    this.#disposed = this.#close();
    return this.#disposed;
  }

  async #close(): Promise<void> {
    await this.ended();
    this.#timer?.cancel();
    await this.#life?.drain();
    await Promise.all(this.#draining);
    await this.#captured.close();
  }

  /** Events that come up while one is being dealt with (from whoever takes the records) wait for their turn. */
  #dispatch(event: ServiceEvent): void {
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let first = this.#queue.shift(); first !== undefined; first = this.#queue.shift())
        this.#take(first);
    } finally {
      this.#busy = false;
    }
  }

  #take(event: ServiceEvent): void {
    this.#followClock();
    const { state, effects } = next(this.#machine, event, this.#deps.clock.now(), this.#settings);
    if (state.state !== this.#machine.state) this.#timer?.cancel();
    this.#machine = state;
    this.#save();
    for (const effect of effects) this.#perform(effect);
    if (!hasTree(this.#machine.state)) this.#life = undefined;
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'spawn':
        return this.#spawn(effect.by);
      case 'endTree':
        return void this.#endLife();
      case 'armTimer':
        this.#timer?.cancel();
        if (this.#disposed !== undefined) return;
        this.#timer = this.#deps.clock.timer(effect.delayMs, () => this.#dispatch({ kind: 'timer' }));
        return;
      case 'record':
        return this.#tell(effect.record);
    }
  }

  #spawn(by: By): void {
    const life = startLife({ ...this.#spec, stateId: this.#deps.stateId }, this.#captured, this.#deps.clock);
    this.#life = life;
    this.#over = Promise.withResolvers();
    this.#exitedAt = undefined;
    if (life.pid !== undefined) {
      this.#save();
      const message = `started, life ${life.id}, pid ${life.pid}`;
      this.#tell({ kind: 'start', level: LEVELS.info, message, fields: { pid: life.pid, by } });
    }
    void life.exited.then(({ exit, at, livedMs }) => {
      this.#exitedAt = at;
      this.#dispatch({ kind: 'exited', exit, livedMs, random: this.#deps.random() });
    });
  }

  async #endLife(): Promise<void> {
    const life = this.#life;
    const over = this.#over;
    if (life === undefined) return;
    // What is stuck has had its SIGTERM.
    const end = await life.end(this.#machine.state === 'stuck' ? 0 : (this.#spec.stopMs ?? DEFAULT_STOP_MS));
    if (end.kind === 'stuck') {
      this.#dispatch({ kind: 'stuck', pids: end.pids });
    } else {
      // The next life may start while the last words of this one are still read.
      const drained = life.drain();
      this.#draining.add(drained);
      void drained.then(() => this.#draining.delete(drained));
      this.#dispatch({ kind: 'treeGone', killed: end.killed });
    }
    over.resolve();
  }

  #tell({ kind, level, message, fields }: RecordEffect): void {
    const { clock, records } = this.#deps;
    const life = this.#life;
    const ends = kind === 'exit';
    const time = (ends ? this.#exitedAt : undefined) ?? clock.micros();
    const tail = ends && level >= LEVELS.warn ? (life?.tail() ?? []) : [];
    if (ends) this.#lastExit = { at: Math.floor(time / 1000), life: life?.id ?? '', message, level };
    const all = tail.length === 0 ? fields : { ...fields, tail };
    const draft = { time, service: this.name, life: life?.id ?? '', kind, level, sender: 'daemon', message };
    records([all === undefined ? draft : { ...draft, fields: all }]);
  }

  #toPersist(): PersistedService {
    const { wanted, lane, dueAt, state, then } = this.#machine;
    const done = state === 'done' || (state === 'stopping' && then === 'done');
    const process = hasTree(state) ? (this.#life?.recorded ?? null) : null;
    return { wanted, done, lane, dueAt, process };
  }

  #save(): void {
    const state = this.#toPersist();
    const text = JSON.stringify(state);
    if (text === this.#saved) return;
    this.#saved = text;
    this.#deps.persist(this.name, state);
  }

  /** After a step of the wall clock the machine's times move along, so that no wait or tally changes. */
  #followClock(): void {
    const { clock } = this.#deps;
    const offset = clock.now() - clock.monotonic();
    if (Math.abs(offset - this.#wallOffset) < CLOCK_STEP_MS) return;
    this.#machine = shiftTimes(this.#machine, Math.round(offset - this.#wallOffset));
    this.#wallOffset = offset;
  }

  snapshot(): ServiceSnapshot {
    this.#followClock();
    const { state, since, wanted, lane, dueAt } = this.#machine;
    const now = this.#deps.clock.now();
    return {
      name: this.name,
      state,
      since,
      wanted,
      life: this.#life?.id ?? null,
      pid: this.#life?.pid ?? null,
      startedAt: this.#life?.startedAt ?? null,
      lane: lane.lane,
      failures: lane.failures,
      startsInWindow: lane.starts.filter((start) => now - start <= WINDOW_MS).length,
      nextStartAt: state === 'waiting' ? dueAt : null,
      lastExit: this.#lastExit,
      logPath: this.#captured.path,
    };
  }
}

/** Whether processes of a life may be alive. */
function hasTree(state: StateName): boolean {
  return state === 'running' || state === 'stopping' || state === 'stuck';
}

function restore(restored: PersistedService | undefined, now: number): ServiceState {
  const fresh = initialState(now);
  if (restored === undefined) return fresh;
  const { wanted, done, lane, dueAt } = restored;
  return { ...fresh, state: done ? 'done' : 'stopped', wanted, lane: lane ?? FRESH_LANES, dueAt };
}
