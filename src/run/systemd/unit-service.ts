import { LEVELS, type RecordDraft } from '../../core/record.ts';
import type { By, PersistedService, Runner, RunnerDeps, ServiceSnapshot } from '../../core/runner.ts';
import type { UnitFacts } from '../../core/units.ts';
import { FRESH_LANES } from '../lanes.ts';
import type { RecordEffect } from '../service-state.ts';
import { action } from '../wording.ts';
import type { Following, SystemdHost } from './host.ts';
import { type JournalEntry, withRuns } from './journal-entry.ts';
import type { Verb } from './systemctl.ts';
import {
  freshCourse,
  type Hearing,
  type KnownLife,
  next,
  stateOf,
  type UnitCourse,
  type UnitEvent,
} from './unit-course.ts';
import { createUnitLog, type KnownOnce, recordKey, type UnitLog } from './unit-log.ts';
import { snapshotOf } from './unit-snapshot.ts';
import type { Told } from './unit-told.ts';

/** A unit of systemd's that somebody else made: it is followed and shown, and stopped or restarted when somebody says so. */
export interface UnitServiceSpec {
  readonly name: string;
  /** `livereduce.service`. */
  readonly unit: string;
  readonly log: { readonly path: string; readonly budgetBytes: number; readonly mode?: number };
}

export interface UnitServiceDeps extends Omit<RunnerDeps, 'leftover' | 'random' | 'stateId'> {
  readonly host: SystemdHost;
  /** What is on the time line already of its lives, and of its trouble as a whole; see `freshCourse`. */
  readonly known: { readonly lives: readonly KnownLife[]; readonly told: string };
  /** What the time line has of it since a time, microseconds; see UnitLog. */
  readonly recorded: (since: number) => KnownOnce;
}

export function createUnitService(spec: UnitServiceSpec, deps: UnitServiceDeps): Runner {
  return new UnitService(spec, deps);
}

/** Words of systemd's about what was asked for come within so long. */
const OWN_MS = 2000;

class UnitService implements Runner {
  readonly name: string;
  readonly #spec: UnitServiceSpec;
  readonly #deps: UnitServiceDeps;
  readonly #following: Following;
  readonly #log: UnitLog;
  readonly #over = new AbortController();
  #course: UnitCourse;
  #trouble: string | null = null;
  /** The run that the journal spoke of last. */
  #run: string | null = null;
  #waitsFor: readonly string[] = [];
  /** What was asked for, as the journal calls it, and until when its words can come; monotonic. */
  readonly #own = new Map<string, number>();
  #acting: Promise<string | undefined> = Promise.resolve(undefined);
  #retired = false;
  #saved: boolean;
  /** What others are told the changes of. */
  #shown = '';
  /** When it came into its state, where systemd does not say. */
  #seen: { readonly state: string; readonly at: number };

  constructor(spec: UnitServiceSpec, deps: UnitServiceDeps) {
    const { clock, host, known } = deps;
    this.name = spec.name;
    this.#spec = spec;
    this.#deps = deps;
    this.#saved = deps.restored?.wanted ?? true;
    this.#course = freshCourse(this.#saved, known.lives, known.told);
    this.#seen = { state: '', at: clock.now() };
    this.#log = createUnitLog({ ...spec.log, ...deps, service: spec.name });
    this.#following = host.follow(spec.unit, {
      observed: (facts, hearing) => this.#observed(facts, hearing),
      unobserved: (trouble) => this.#unobserved(trouble),
      told: (entries, old) => this.#told(entries, old),
    });
  }

  /** Nobody but a person has it started: at the boot of the machine that is systemd's. */
  start(by: By): void {
    if (by !== 'person' || this.#retired) return;
    this.#tell(action({ kind: 'start', by }));
    this.#act('start', by);
  }

  stop(by: By): void {
    if (this.#retired) return;
    this.#tell(action({ kind: 'stop', by }));
    this.#act('stop', by);
  }

  /** What does not run, or is just being stopped, only a person restarts: `try-restart` leaves it alone. */
  restart(by: By, reason: string, who?: string, fields?: Readonly<Record<string, unknown>>): void {
    const state = stateOf(this.#course);
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
    await this.#log.close();
  }

  /** What is wanted is written down before anything is done. */
  #act(verb: Exclude<Verb, 'reset-failed'>, by: By): void {
    const job = verb === 'try-restart' ? 'restart' : verb;
    const { wanted } = this.#course;
    this.#step({ kind: 'asked', job, byPerson: by === 'person' });
    this.#acting = this.#actNow(verb, { kind: 'refused', job, wanted });
  }

  /** Resolves with a sentence where it was not done. */
  async #actNow(
    verb: Exclude<Verb, 'reset-failed'>,
    refused: Extract<UnitEvent, { kind: 'refused' }>,
  ): Promise<string | undefined> {
    const { host, clock } = this.#deps;
    const { unit } = this.#spec;
    const { signal } = this.#over;
    const { job } = refused;
    this.#own.set(job, Number.POSITIVE_INFINITY);
    // A person's start is always allowed: a start limit that was used up would forbid it. Where this is refused, so is that.
    if (verb !== 'stop' && this.#course.facts?.active === 'failed')
      await host.act('reset-failed', unit, signal);
    const done = await host.act(verb, unit, signal);
    this.#own.set(job, clock.monotonic() + OWN_MS);
    if (signal.aborted) return undefined;
    if (!done.ok) this.#step(refused);
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
    this.#step({ kind: 'observed', facts, hearing, now: this.#deps.clock.now() });
  }

  #unobserved(trouble: string): void {
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#tell({ kind: 'note', level: LEVELS.error, message: trouble });
    this.#deps.changed?.(this.name);
  }

  #told(given: readonly JournalEntry[], old: boolean): Promise<void> | undefined {
    const entries = withRuns(given, this.#run ?? this.#course.present);
    this.#run = entries.at(-1)?.invocation ?? this.#run;
    const wait = this.#log.take(entries, old);
    const words = entries.filter((entry) => entry.from === 'manager');
    const [first] = words;
    const known = old && first !== undefined ? this.#deps.recorded(first.time) : undefined;
    for (const word of words) this.#step({ kind: 'word', word, own: this.#isOwn(word) }, known);
    return wait;
  }

  #isOwn({ about }: Extract<JournalEntry, { from: 'manager' }>): boolean {
    if (about.kind !== 'stopped') return false;
    return this.#deps.clock.monotonic() < (this.#own.get(about.job) ?? 0);
  }

  #step(event: UnitEvent, known?: KnownOnce): void {
    const { course, told } = next(this.#course, event);
    this.#course = course;
    const state = stateOf(course);
    if (state !== this.#seen.state) this.#seen = { state, at: this.#deps.clock.now() };
    if (course.wanted !== this.#saved) this.#save(course.wanted);
    const drafts = told
      .map((each) => this.#toDraft(each))
      .filter((draft) => known?.take(recordKey(draft)) !== true);
    if (drafts.length > 0) this.#deps.records(drafts);
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

  #toDraft({ time, life, kind, level, message, fields }: Told): RecordDraft {
    const tail = kind === 'exit' && level >= LEVELS.warn ? this.#log.tail(life) : [];
    const all = tail.length === 0 ? fields : { ...fields, tail };
    const draft = { time, service: this.name, life, kind, level, sender: 'daemon', message };
    return all === undefined ? draft : { ...draft, fields: all };
  }

  /** Of what this daemon does, now. */
  #tell(effect: RecordEffect | ReturnType<typeof action>): void {
    const record = effect.kind === 'record' ? effect.record : (effect as RecordEffect);
    const life = this.#course.present ?? '';
    this.#deps.records([this.#toDraft({ ...record, life, time: this.#deps.clock.micros() })]);
  }

  snapshot(): ServiceSnapshot {
    return snapshotOf(this.#course, {
      name: this.name,
      unit: this.#spec.unit,
      trouble: this.#trouble,
      waitsFor: this.#waitsFor,
      logPath: this.#log.path,
      seenAt: this.#seen.at,
      now: this.#deps.clock.now(),
    });
  }
}
