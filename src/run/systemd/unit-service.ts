import { LEVELS } from '../../core/record.ts';
import type { By, PersistedService, Runner, RunnerDeps, Said, ServiceSnapshot } from '../../core/runner.ts';
import type { UnitFacts } from '../../core/units.ts';
import { FRESH_LANES } from '../lanes.ts';
import type { RecordEffect } from '../service-state.ts';
import { action } from '../wording.ts';
import type { Following, SystemdHost } from './host.ts';
import type { Verb } from './systemctl.ts';
import { stateOf } from './unit-course.ts';
import type { Hearing } from './unit-state.ts';
import { snapshotOf } from './unit-snapshot.ts';
import type { Told } from './unit-told.ts';
import { createUnitTrail, type Job, type UnitTrail, type UnitTrailDeps } from './unit-trail.ts';

/** A unit of systemd's that somebody else made: it is followed and shown, and stopped or restarted when somebody says so. */
export interface UnitServiceSpec {
  readonly name: string;
  /** `livereduce.service`. */
  readonly unit: string;
  readonly log: { readonly path: string; readonly budgetBytes: number; readonly mode?: number };
}

export interface UnitServiceDeps extends Omit<RunnerDeps, 'leftover' | 'random' | 'stateId'>, UnitTrailDeps {
  readonly host: SystemdHost;
}

export function createUnitService(spec: UnitServiceSpec, deps: UnitServiceDeps): Runner {
  return new UnitService(spec, deps);
}

class UnitService implements Runner {
  readonly name: string;
  readonly #spec: UnitServiceSpec;
  readonly #deps: UnitServiceDeps;
  readonly #following: Following;
  readonly #trail: UnitTrail;
  readonly #over = new AbortController();
  #trouble: string | null = null;
  #waitsFor: readonly string[] = [];
  #acting: Promise<string | undefined> = Promise.resolve(undefined);
  #retired = false;
  #saved: boolean;
  /** What others are told the changes of. */
  #shown = '';
  /** When it came into its state, where systemd does not say. */
  #seen: { readonly state: string; readonly at: number };

  constructor(spec: UnitServiceSpec, deps: UnitServiceDeps) {
    const { clock, host } = deps;
    this.name = spec.name;
    this.#spec = spec;
    this.#deps = deps;
    this.#saved = deps.restored?.wanted ?? true;
    this.#seen = { state: '', at: clock.now() };
    const { name: service, log } = spec;
    const tell = (told: readonly Told[]): void => this.#stepped(told);
    this.#trail = createUnitTrail({ service, wanted: this.#saved, log, tell }, deps);
    this.#following = host.follow(spec.unit, {
      observed: (facts, hearing) => this.#observed(facts, hearing),
      unobserved: (trouble) => this.#unobserved(trouble),
      told: (entries, old) => this.#trail.took(entries, old),
      written: () => this.#trail.written(),
    });
  }

  /** Nobody but a person has it started: at the boot of the machine that is systemd's. */
  start(by: By, how?: { readonly said?: Said | undefined }): void {
    if (by !== 'person' || this.#retired) return;
    this.#tell(action({ kind: 'start', by, said: how?.said }));
    this.#act('start', by);
  }

  stop(by: By, said?: Said): void {
    if (this.#retired) return;
    this.#tell(action({ kind: 'stop', by, said }));
    this.#act('stop', by);
  }

  /** What does not run, or is just being stopped, only a person restarts: `try-restart` leaves it alone. */
  restart(by: By, reason: string, who?: string, fields?: Readonly<Record<string, unknown>>): void {
    const state = stateOf(this.#trail.course);
    if (this.#retired || (by !== 'person' && state !== 'running')) return;
    const more = { ...(who === undefined ? {} : { who }), ...(fields === undefined ? {} : { fields }) };
    this.#tell(action({ kind: 'restart', by, reason, ...more }));
    this.#act(by === 'person' ? 'restart' : 'try-restart', by);
  }

  renew(reason: string): void {
    this.restart('vahti', reason);
  }

  needs(waitsFor: readonly string[]): void {
    this.#waitsFor = waitsFor;
  }

  retire(): void {
    this.#retired = true;
  }

  async ended(): Promise<void> {
    await this.#acting;
  }

  settled(): Promise<string | undefined> {
    return this.#acting;
  }

  /** The unit runs on: it is systemd's. */
  async dispose(): Promise<undefined> {
    this.#retired = true;
    this.#over.abort();
    this.#following.close();
    await this.#acting;
    await this.#trail.close();
  }

  /** What is wanted is written down before anything is done. */
  #act(verb: Exclude<Verb, 'reset-failed'>, by: By): void {
    const job = verb === 'try-restart' ? 'restart' : verb;
    const { wanted } = this.#trail.course;
    this.#trail.asked(job, by === 'person');
    this.#acting = this.#actNow(verb, job, wanted);
  }

  /** Resolves with a sentence where it was not done. */
  async #actNow(verb: Exclude<Verb, 'reset-failed'>, job: Job, wanted: boolean): Promise<string | undefined> {
    const { host } = this.#deps;
    const { unit } = this.#spec;
    const { signal } = this.#over;
    // A person's start is always allowed: a start limit that was used up would forbid it. Where this is refused, so is that.
    if (verb !== 'stop' && this.#trail.course.facts?.active === 'failed')
      await host.act('reset-failed', unit, signal);
    const done = await host.act(verb, unit, signal);
    this.#trail.answered(job);
    if (signal.aborted) return undefined;
    if (!done.ok) this.#trail.refused(job, wanted);
    await this.#following.look();
    if (done.ok) return undefined;
    const fields = { action: verb, failed: true };
    // What somebody wants at this moment goes before what a watch wants.
    const level = done.error.kind === 'overruled' ? LEVELS.info : LEVELS.error;
    this.#tell({ kind: 'note', level, message: done.error.message, fields });
    return done.error.message;
  }

  #observed(facts: UnitFacts, hearing: Hearing): void {
    if (this.#trouble !== null)
      this.#tell({ kind: 'note', level: LEVELS.info, message: 'systemd can be asked again' });
    this.#trouble = null;
    this.#trail.observed(facts, hearing);
  }

  #unobserved(trouble: string): void {
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#tell({ kind: 'note', level: LEVELS.error, message: trouble });
    this.#deps.changed?.(this.name);
  }

  #stepped(told: readonly Told[]): void {
    const { course } = this.#trail;
    const state = stateOf(course);
    if (state !== this.#seen.state) this.#seen = { state, at: this.#deps.clock.now() };
    if (course.wanted !== this.#saved) this.#save(course.wanted);
    if (told.length > 0) this.#deps.records(told.map((each) => this.#trail.toDraft(each)));
    const shown = [state, course.wanted, course.present, course.facts?.pid, course.facts?.active].join(' ');
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#deps.changed?.(this.name);
  }

  #save(wanted: boolean): void {
    this.#saved = wanted;
    const state: PersistedService = { wanted, done: false, lane: FRESH_LANES, dueAt: null, process: null };
    this.#deps.persist(this.name, state);
  }

  /** Of what this daemon does, now. */
  #tell(effect: RecordEffect | ReturnType<typeof action>): void {
    const record = effect.kind === 'record' ? effect.record : (effect as RecordEffect);
    this.#deps.records([this.#trail.toDraftNow(record, this.#trail.course.present)]);
  }

  snapshot(): ServiceSnapshot {
    return snapshotOf(this.#trail.course, {
      name: this.name,
      unit: this.#spec.unit,
      trouble: this.#trouble,
      waitsFor: this.#waitsFor,
      logPath: this.#trail.logPath,
      seenAt: this.#seen.at,
      now: this.#deps.clock.now(),
    });
  }
}
