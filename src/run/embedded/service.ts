import type { Timer } from '../../core/clock.ts';
import { LEVELS, type RecordDraft } from '../../core/record.ts';
import type { By, LastExit, Leftover, Runner, Said, ServiceSnapshot } from '../../core/runner.ts';
import { DEFAULT_LANES } from '../lanes.ts';
import { next } from '../service-machine.ts';
import { shiftTimes } from '../service-state.ts';
import type { Effect, MachineSettings, RecordEffect, ServiceEvent, ServiceState } from '../service-state.ts';
import { createLifeReadiness } from '../readiness/readiness.ts';
import { stuckRecord } from '../wording.ts';
import { createCapturedLog, type CapturedLog } from './captured-log.ts';
import { leftoverLife, leftoverOf } from './leftover.ts';
import { type Life, startLife } from './life.ts';
import { describe, hasTree, restore, toPersist } from './persisted.ts';
import { createLifeMemory, type LifeMemory } from './life-memory.ts';
import type { EmbeddedServiceDeps, EmbeddedServiceSpec } from './service-types.ts';

export type * from './service-types.ts';

const DEFAULT_STOP_MS = 30_000;
/** Smaller steps of the wall clock do not matter here. */
const CLOCK_STEP_MS = 1000;

export function createEmbeddedService(spec: EmbeddedServiceSpec, deps: EmbeddedServiceDeps): Runner {
  return new Interpreter(spec, deps);
}

/** Does what the pure machine says, and tells it what happened. */
class Interpreter implements Runner {
  readonly name: string;
  readonly #spec: EmbeddedServiceSpec;
  readonly #deps: EmbeddedServiceDeps;
  readonly #settings: MachineSettings;
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
  readonly #memory: LifeMemory;
  /** What the present event has to tell. */
  #told: RecordDraft[] = [];
  #timer: Timer | undefined;
  #readyAt: number | null = null;
  #busy = false;
  /** Nothing starts any more. */
  #retired = false;
  #disposed: Promise<Leftover | undefined> | undefined;
  #stuckPids: readonly number[] = [];

  constructor(spec: EmbeddedServiceSpec, deps: EmbeddedServiceDeps) {
    const { clock, records, log } = deps;
    this.name = spec.name;
    this.#spec = spec;
    this.#deps = deps;
    const mustBeReady = typeof spec.ready?.withinMs === 'number';
    this.#settings = { ...DEFAULT_LANES, ...spec.restart, mustBeReady };
    this.#captured = createCapturedLog({ ...spec.log, service: spec.name, clock, records, log });
    this.#memory = createLifeMemory(spec.memory, {
      clock,
      restart: (reason) => this.restart('vahti', reason),
      tell: (record) => this.#tell(record),
    });
    this.#machine = restore(deps.restored, clock.now());
    this.#saved = JSON.stringify(toPersist(this.#machine, undefined));
    this.#wallOffset = clock.now() - clock.monotonic();
    if (deps.leftover !== undefined) this.#waitFor(deps.leftover);
  }

  start(by: By, how?: { readonly patient?: boolean; readonly said?: Said | undefined }): void {
    if (!this.#retired) this.#dispatch({ kind: 'start', by, ...how });
  }

  stop(by: By, said?: Said): void {
    this.#dispatch({ kind: 'stop', by, said });
  }

  restart(by: By, reason: string, who?: string, fields?: Readonly<Record<string, unknown>>): void {
    const more = { ...(who === undefined ? {} : { who }), ...(fields === undefined ? {} : { fields }) };
    if (!this.#retired) this.#dispatch({ kind: 'restart', by, reason, ...more });
  }

  renew(reason: string): void {
    if (!this.#retired) this.#dispatch({ kind: 'renew', reason });
  }

  needs(waitsFor: readonly string[]): void {
    const known = this.#machine.waitsFor;
    const same = known.length === waitsFor.length && known.every((each, index) => each === waitsFor[index]);
    if (!this.#retired && !same) this.#dispatch({ kind: 'needs', waitsFor });
  }

  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#dispatch({ kind: 'retire' });
  }

  ended(): Promise<void> {
    return this.#life === undefined ? Promise.resolve() : this.#over.promise;
  }

  dispose(): Promise<Leftover | undefined> {
    if (this.#disposed !== undefined) return this.#disposed;
    this.#retired = true;
    this.#dispatch({ kind: 'shutdown' });
    this.#disposed = this.#close();
    return this.#disposed;
  }

  async #close(): Promise<Leftover | undefined> {
    await this.ended();
    this.#timer?.cancel();
    await this.#life?.drain();
    await Promise.all(this.#draining);
    await this.#captured.close();
    const life = this.#life;
    return life && leftoverOf(life, `${this.#deps.stateId}/${this.name}`, this.#stuckPids);
  }

  /** Begins as stuck: what an earlier runner left behind is in the way of the first life. */
  #waitFor(leftover: Leftover): void {
    const then = this.#machine.state === 'done' ? 'done' : 'stay';
    this.#machine = { ...this.#machine, state: 'stuck', then };
    this.#life = leftoverLife(leftover, this.#deps.clock);
    this.#over.resolve();
    this.#dispatch({ kind: 'stuck', pids: leftover.pids });
    if (!leftover.told) this.#perform(stuckRecord(leftover.pids));
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
    if (event.kind === 'stuck') this.#stuckPids = event.pids;
    if (event.kind === 'ready') this.#readyAt = this.#deps.clock.now();
    if (state.state !== this.#machine.state) this.#timer?.cancel();
    this.#machine = state;
    this.#save();
    for (const effect of effects) this.#perform(effect);
    if (!hasTree(this.#machine.state)) this.#life = undefined;
    this.#giveRecords();
    this.#deps.changed?.(this.name);
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
    const { clock, stateId, startLife: start = startLife } = this.#deps;
    const { ready } = this.#spec;
    const readiness =
      ready === undefined ? ready : createLifeReadiness(ready, clock, (event) => this.#dispatch(event));
    const life = start({ ...this.#spec, stateId, readiness }, this.#captured, clock);
    this.#readyAt = null;
    this.#life = life;
    this.#over = Promise.withResolvers();
    this.#exitedAt = undefined;
    this.#memory.begin(life);
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
    if (end.kind === 'gone') this.#memory.end();
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

  #tell({ kind, level, message: said, fields }: RecordEffect): void {
    const { clock } = this.#deps;
    const life = this.#life;
    const ends = kind === 'exit';
    const message = ends ? this.#memory.explain(said) : said;
    const time = (ends ? this.#exitedAt : undefined) ?? clock.micros();
    const tail = ends && level >= LEVELS.warn ? (life?.tail() ?? []) : [];
    if (ends) this.#lastExit = { at: Math.floor(time / 1000), life: life?.id ?? '', message, level };
    const all = tail.length === 0 ? fields : { ...fields, tail };
    const draft = { time, service: this.name, life: life?.id ?? '', kind, level, sender: 'daemon', message };
    this.#told.push(all === undefined ? draft : { ...draft, fields: all });
    if (!this.#busy) this.#giveRecords();
  }

  /** All of an event together, and after the next life has started: storing them is a sync of the disk. */
  #giveRecords(): void {
    const told = this.#told;
    this.#told = [];
    if (told.length > 0) this.#deps.records(told);
  }

  #save(): void {
    const state = toPersist(this.#machine, this.#life);
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
    const hasLife = this.#life !== undefined;
    return {
      name: this.name,
      ...describe(this.#machine, this.#life, this.#deps.clock.now()),
      ready: this.#spec.ready === undefined ? null : hasLife && this.#machine.ready,
      readyAt: hasLife ? this.#readyAt : null,
      lastExit: this.#lastExit,
      logPath: this.#captured.path,
      memory: this.#memory.figure(),
    };
  }
}
