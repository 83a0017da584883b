import { LEVELS } from '../../core/record.ts';
import type { By, Leftover, Runner, Said, ServiceSnapshot } from '../../core/runner.ts';
import type { UnitFacts } from '../../core/units.ts';
import { hasTree, restore, toPersist } from '../embedded/persisted.ts';
import { DEFAULT_LANES } from '../lanes.ts';
import type { Effect, RecordEffect, ServiceEvent, ServiceState } from '../service-state.ts';
import { sightOf } from './due-verb.ts';
import type { Following } from './host.ts';
import { createUnitMemory } from './installed-memory.ts';
import { createUnitReadiness } from './installed-readiness.ts';
import { installedSnapshot, unitProblem } from './installed-snapshot.ts';
import type { InstalledServiceDeps, InstalledServiceSpec } from './installed-types.ts';
import { createKeptLife, type KeptLife } from './kept-life.ts';
import { createMachineDrive, type MachineDrive } from './machine-drive.ts';
import type { Hearing } from './unit-state.ts';
import { createUnitSteering, type UnitSteering } from './unit-steering.ts';
import { createUnitTrail, type UnitTrail } from './unit-trail.ts';

export type * from './installed-types.ts';

/**
 * A service that systemd runs: it starts it, starts it again at once and kills it. This one follows, tallies by the same pure
 * machine as the embedded runner, and takes the pace over where the machine says that the next start is not now.
 */
export function createInstalledService(spec: InstalledServiceSpec, deps: InstalledServiceDeps): Runner {
  return new InstalledService(spec, deps);
}

class InstalledService implements Runner {
  readonly name: string;
  readonly #spec: InstalledServiceSpec;
  readonly #deps: InstalledServiceDeps;
  readonly #drive: MachineDrive;
  readonly #life: KeptLife;
  readonly #trail: UnitTrail;
  readonly #steering: UnitSteering;
  readonly #following: Following;
  readonly #over = new AbortController();
  readonly #memory = createUnitMemory();
  readonly #readiness: ReturnType<typeof createUnitReadiness>;
  /** What was asked before anything was known of the unit; undefined from then on. */
  #asked: ServiceEvent[] | undefined = [];
  /** Resolves when something is known of the unit, or why nothing is. */
  readonly #known = Promise.withResolvers<void>();
  #saved: string;
  /** What others are told the changes of. */
  #shown = '';
  #retired = false;
  /** Why systemd cannot be asked now. */
  #trouble: string | null = null;
  #disposed: Promise<Leftover | undefined> | undefined;

  constructor(spec: InstalledServiceSpec, deps: InstalledServiceDeps) {
    const { clock, restored } = deps;
    this.name = spec.name;
    this.#spec = spec;
    this.#deps = deps;
    const mustBeReady = typeof spec.ready?.withinMs === 'number';
    const settings = { ...DEFAULT_LANES, ...spec.restart, mustBeReady };
    const initial = restore(restored, clock.now());
    this.#saved = JSON.stringify(toPersist(initial, undefined));
    this.#drive = createMachineDrive(initial, {
      clock,
      settings,
      perform: (effect, silent) => this.#perform(effect, silent),
      taken: (state) => this.#taken(state),
      idle: () => this.#moved(),
    });
    this.#readiness = createUnitReadiness(spec.ready, deps, (event, isOld) =>
      this.#drive.dispatch(event, undefined, isOld),
    );
    this.#life = createKeptLife({
      ...deps,
      ...spec,
      noRestartOn: settings.noRestartOn,
      drive: this.#drive,
      trail: () => this.#trail,
      acts: () => this.#steering.acts,
      readiness: this.#readiness,
      early: () => this.#asked?.flatMap((event) => (event.kind === 'start' ? event.by : [])),
      wroteDown: () => this.#save(this.#drive.state),
      over: () => this.#memory.end(),
    });
    this.#trail = this.#openTrail();
    this.#steering = this.#openSteering();
    this.#life.takeUp();
    this.#following = deps.host.follow(spec.unit, {
      observed: (facts, hearing) => this.#observed(facts, hearing),
      unobserved: (trouble) => this.#unobserved(trouble),
      told: (entries, old) => this.#trail.took(entries, old),
      written: () => this.#trail.written(),
    });
  }

  #openTrail(): UnitTrail {
    const { name: service, log } = this.#spec;
    const wanted = this.#drive.state.wanted;
    const heard = (line: string, life: string): void => this.#readiness.heard(line, life);
    return createUnitTrail(
      { service, wanted, log, heard, tell: (told) => this.#life.told(told) },
      this.#deps,
    );
  }

  #openSteering(): UnitSteering {
    return createUnitSteering({
      ...this.#deps,
      unit: this.#spec.unit,
      signal: this.#over.signal,
      drive: this.#drive,
      life: this.#life,
      trail: this.#trail,
      mayAct: () => this.#mayAct(),
      look: () => this.#following.look(),
      refused: (verb, message) =>
        this.#tell({ ...note(LEVELS.error, message), fields: { action: verb, failed: true } }),
    });
  }

  #mayAct(): boolean {
    if (this.#asked !== undefined || this.#over.signal.aborted) return false;
    return !this.#retired || this.#drive.state.state === 'stopping';
  }

  get #facts(): UnitFacts | undefined {
    return this.#trail.course.facts;
  }

  start(by: By, how?: { readonly patient?: boolean; readonly said?: Said | undefined }): void {
    if (!this.#retired) this.#ask({ kind: 'start', by, ...how });
  }

  stop(by: By, said?: Said): void {
    this.#ask({ kind: 'stop', by, said });
  }

  restart(by: By, reason: string, who?: string, fields?: Readonly<Record<string, unknown>>): void {
    // What has no life yet needs no other one, but for a person, who does not wait.
    if (this.#retired || (by !== 'person' && this.#life.id === null)) return;
    const more = { ...(who === undefined ? {} : { who }), ...(fields === undefined ? {} : { fields }) };
    this.#ask({ kind: 'restart', by, reason, ...more });
  }

  renew(reason: string): void {
    if (!this.#retired && this.#life.id !== null) this.#ask({ kind: 'renew', reason });
  }

  needs(waitsFor: readonly string[]): void {
    const isNew = waitsFor.join('\0') !== this.#drive.state.waitsFor.join('\0');
    if (!this.#retired && isNew) this.#drive.dispatch({ kind: 'needs', waitsFor });
  }

  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    this.#drive.dispatch({ kind: 'retire' });
  }

  ended(): Promise<void> {
    const begins = this.#life.id === null && this.#drive.state.state === 'running';
    return begins ? Promise.resolve() : this.#drive.ended();
  }

  async settled(): Promise<string | undefined> {
    await this.#known.promise;
    await this.#steering.acts.idle();
    const problem = unitProblem(this.#trail.course, this.#spec.unit);
    return this.#steering.refusal ?? this.#trouble ?? problem ?? undefined;
  }

  dispose(whose?: 'daemon'): Promise<Leftover | undefined> {
    this.#retired = true;
    this.#disposed ??= this.#close(whose);
    return this.#disposed;
  }

  async #close(whose: 'daemon' | undefined): Promise<undefined> {
    if (whose === undefined) await this.#bringDown();
    this.#over.abort();
    this.#drive.close();
    this.#readiness.close();
    this.#following.close();
    await this.#steering.acts.idle();
    await this.#trail.close();
  }

  async #bringDown(): Promise<void> {
    await this.#known.promise;
    this.#drive.dispatch({ kind: 'shutdown' });
    await this.ended();
    // What ended by itself a moment ago is about to come back.
    const comes = this.#facts !== undefined && ['runs', 'restarts'].includes(sightOf(this.#facts));
    if (comes) this.#steering.acts.act('stop');
    await this.#steering.acts.idle();
  }

  #ask(event: ServiceEvent): void {
    this.#steering.refusal = undefined;
    if (this.#asked === undefined) return this.#drive.dispatch(event);
    this.#asked.push(event);
    // A stop holds from now on, whatever becomes of this daemon.
    if (event.kind === 'stop') this.#save({ ...this.#drive.state, wanted: false });
  }

  #observed(facts: UnitFacts, hearing: Hearing): void {
    if (this.#trouble !== null) this.#tell(note(LEVELS.info, 'systemd can be asked again'));
    this.#trouble = null;
    const isHeld = this.#steering.isHeld(facts);
    this.#memory.look(this.#spec.showsMemory ? facts.group : null);
    this.#trail.observed(facts, hearing);
    this.#life.looked(facts);
    this.#readiness.looked(facts);
    this.#known.resolve();
    const asked = this.#asked ?? [];
    this.#asked = undefined;
    if (isHeld && this.#life.awaited) this.#drive.dispatch({ kind: 'stop', by: 'person' }, undefined, true);
    for (const event of asked) this.#drive.dispatch(event);
    this.#moved();
  }

  #unobserved(trouble: string): void {
    this.#known.resolve();
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#tell(note(LEVELS.error, trouble));
    this.#deps.changed?.(this.name);
  }

  #perform(effect: Exclude<Effect, { kind: 'armTimer' }>, silent: boolean): void {
    if (effect.kind === 'spawn') this.#life.awaited = true;
    if (effect.kind === 'record' && !(silent && isHearsay(effect.record))) this.#tell(effect.record);
    // To the end of a tree `steering` sees.
  }

  #taken(state: ServiceState): void {
    if (!hasTree(state.state)) this.#life.awaited = false;
    this.#save(state);
  }

  #moved(): void {
    this.#steering.steer();
    const { state, wanted, life, pid, ready, lane, nextStartAt, runBy } = this.snapshot();
    const shown = [state, wanted, life, pid, ready, lane, nextStartAt, runBy?.trouble].join(' ');
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#deps.changed?.(this.name);
  }

  #tell(record: RecordEffect): void {
    this.#deps.records([this.#trail.toDraftNow(record, this.#life.id)]);
  }

  #save(machine: ServiceState): void {
    const ends = machine.state === 'stopping' && machine.wanted;
    const state = {
      ...toPersist(machine, { recorded: this.#life.process }),
      ...(ends ? { ending: true } : {}),
    };
    const text = JSON.stringify(state);
    if (text === this.#saved) return;
    this.#saved = text;
    this.#deps.persist(this.name, state);
  }

  snapshot(): ServiceSnapshot {
    this.#drive.followClock();
    return installedSnapshot(this.#drive.state, this.#trail.course, {
      name: this.name,
      unit: this.#spec.unit,
      life: this.#life.id,
      trouble: this.#trouble,
      logPath: this.#trail.logPath,
      ready: this.#readiness.isAsked ? this.#drive.state.ready : null,
      readyAt: this.#readiness.readyAt(),
      memory: this.#memory.figure(),
      now: this.#deps.clock.now(),
    });
  }
}

/** What the time line has already, when it is only taken over. */
function isHearsay({ kind, fields }: RecordEffect): boolean {
  return kind === 'action' || fields?.['subject'] === 'ready';
}

function note(level: number, message: string): RecordEffect {
  return { kind: 'note', level, message };
}
