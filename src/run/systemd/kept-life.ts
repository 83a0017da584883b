import { bootId, type Exit } from '../../core/processes.ts';
import { readStat } from '../../core/process-table.ts';
import type { By, RecordedProcess } from '../../core/runner.ts';
import type { UnitFacts } from '../../core/units.ts';
import { sightOf } from './due-verb.ts';
import type { UnitActs } from './installed-acts.ts';
import { endedEvent, plainTold } from './installed-lives.ts';
import type { UnitReadiness } from './installed-readiness.ts';
import type { InstalledServiceDeps } from './installed-types.ts';
import type { MachineDrive } from './machine-drive.ts';
import { oldProcesses, resistsKill } from './old-processes.ts';
import type { Told } from './unit-told.ts';
import type { UnitTrail } from './unit-trail.ts';

/** Which run of the unit is the life that the service's machine counts, and what the machine is told of it. */
export interface KeptLife {
  readonly id: string | null;
  /** Its main process, so that the next daemon knows it again. */
  readonly process: RecordedProcess | null;
  /** A life is due that has not been seen yet. */
  awaited: boolean;
  /** Takes up the life that an earlier daemon knew last: it goes on, or the journal says what became of it. */
  takeUp(): void;
  /** A look that everything was told of that it brought. */
  looked(facts: UnitFacts): void;
  /** What there is to tell is what the machine is told, in the same order, at the times at which it happened. */
  told(all: readonly Told[]): void;
  /** The present one is over, for a reason that nobody told. */
  fails(error: string): void;
}

export interface KeptLifeParts
  extends Pick<InstalledServiceDeps, 'clock' | 'random' | 'records' | 'restored' | 'stateId'> {
  readonly name: string;
  readonly noRestartOn: readonly number[];
  readonly drive: MachineDrive;
  readonly trail: () => UnitTrail;
  readonly acts: () => UnitActs;
  readonly readiness: UnitReadiness;
  /** In whose names a start was asked for before anything was known of the unit; undefined from then on. */
  readonly early: () => readonly By[] | undefined;
  readonly wroteDown: () => void;
  readonly over: () => void;
}

export function createKeptLife(parts: KeptLifeParts): KeptLife {
  return new Kept(parts);
}

const UNKNOWN: Exit = { kind: 'failed', error: '' };
/** A start is known to the millisecond. */
const ROUNDED = 999;

class Kept implements KeptLife {
  readonly #parts: KeptLifeParts;
  id: string | null = null;
  process: RecordedProcess | null = null;
  awaited = false;
  /** The control group of the unit. */
  #group: string | null = null;
  /** When the life was over of which something is left that even SIGKILL does not end. */
  #leftAt: number | null = null;

  constructor(parts: KeptLifeParts) {
    this.#parts = parts;
  }

  takeUp(): void {
    const { restored, drive } = this.#parts;
    const main = restored?.process ?? null;
    if (main === null || main.boot !== bootId()) return;
    this.id = main.life.split('/').at(-1) ?? null;
    this.process = main;
    drive.dispatch({ kind: 'appeared', by: 'vahti', known: true });
    if (restored?.ending === true) drive.dispatch({ kind: 'renew', reason: '' }, undefined, true);
  }

  looked(facts: UnitFacts): void {
    const { early, trail, readiness, clock } = this.#parts;
    const { present, lives } = trail().course;
    this.#group = facts.group ?? this.#group;
    if (early() !== undefined) {
      // Of the one that an earlier daemon knew nothing is left to be told.
      const old = lives.find(({ id }) => id === this.id);
      if (this.id !== null && this.id !== present && old?.toldEnd !== false)
        this.#ends(UNKNOWN, 0, clock.now());
      // One whose start an earlier daemon has told of, and which it had not yet written down.
      if (present !== null && this.id === null) this.#began(present, facts, clock.now());
    }
    this.#lookWhatIsLeft(facts);
    if (present === null || present !== this.id) return;
    readiness.begin(present, facts.startedAt ?? clock.now());
    this.#writeDown(facts);
  }

  told(all: readonly Told[]): void {
    const { clock, trail, records, drive } = this.#parts;
    for (const each of plainTold(all, (life) => trail().tail(life))) {
      // Words may come long after what they are about.
      if (each.kind === 'action' && this.#isOurs(each)) continue;
      const at = Math.min(clock.now(), Math.floor(each.time / 1000));
      if (each.kind === 'start') this.#began(each.life, trail().course.facts, at);
      records([trail().toDraft(each)]);
      // Nothing is asked of systemd for what is between what was meant and the end that came of it.
      if (each.kind === 'exit' && each.life === this.id) drive.together(() => this.#fell(each, at));
      if (each.kind === 'action') this.#overruled(each, at);
    }
  }

  fails(error: string): void {
    this.awaited = false;
    this.#leave({ kind: 'failed', error }, 0, this.#parts.clock.now());
  }

  #began(life: string, facts: UnitFacts | undefined, at: number): void {
    if (life === this.id) return;
    const { drive, readiness } = this.#parts;
    // The end of the one before was missed; what is said of it comes later.
    if (this.id !== null) this.#leave(UNKNOWN, 0, at);
    this.id = life;
    const { awaited } = this;
    this.awaited = false;
    if (!awaited) drive.dispatch({ kind: 'appeared', by: this.#whose(life, facts), known: false }, at);
    // Another one was wanted before there was one: this is it.
    const { state, then } = drive.state;
    if (awaited && state === 'stopping' && then !== 'stay' && then !== 'rest') {
      drive.dispatch({ kind: 'treeGone', killed: false }, at);
      this.awaited = false;
    }
    readiness.begin(life, at);
    if (facts?.invocation === life) this.#writeDown(facts);
  }

  /** Who began a life that nobody here waited for. */
  #whose(life: string, facts: UnitFacts | undefined): By {
    const { early, trail, acts, drive } = this.#parts;
    const starts = early();
    if (starts?.includes('boot') === true) return 'boot';
    const startedAt = trail().course.lives.find(({ id }) => id === life)?.startedAt ?? 0;
    const isOurs = acts().wasOurs('begin', startedAt + ROUNDED);
    const wasWanted = starts !== undefined && drive.state.wanted;
    return (facts?.restarts ?? 0) > 0 || isOurs || wasWanted ? 'vahti' : 'person';
  }

  #writeDown({ pid, invocation }: UnitFacts): void {
    if (invocation !== this.id || pid === null || this.process?.pid === pid) return;
    const { stateId, name, wroteDown } = this.#parts;
    const startTicks = readStat(pid)?.startTicks ?? 0;
    this.process = { pid, startTicks, life: `${stateId}/${name}/${invocation}`, boot: bootId() };
    wroteDown();
  }

  #fell(told: Told, at: number): void {
    const { drive, trail } = this.#parts;
    const { exit, livedMs } = endedEvent(told);
    if (drive.state.state === 'running' && this.#wasEnded(told)) {
      const { course } = trail();
      const askedAt = course.lives.find(({ id }) => id === told.life)?.askedAt ?? told.time;
      const stays = course.facts !== undefined && sightOf(course.facts) === 'idle';
      const meant = { by: 'person', reason: '' } as const;
      // What was meant for the life before it has ended this one: no failure of it.
      if (this.#parts.acts().wasOurs('end', askedAt)) drive.dispatch({ kind: 'renew', reason: '' }, at, true);
      else drive.dispatch(stays ? { kind: 'stop', ...meant } : { kind: 'restart', ...meant }, at, true);
    }
    this.#ends(exit, livedMs, at);
  }

  /** It is over, and so is all of it, unless SIGKILL does not help. */
  #ends(exit: Exit, livedMs: number, at: number): void {
    const { clock, drive } = this.#parts;
    const main = this.process;
    const left = oldProcesses(main, this.#group, at, clock);
    if (left.length === 0) return this.#leave(exit, livedMs, at);
    this.#leftAt = at;
    this.#over();
    // The next daemon has to know of it.
    this.process = main;
    drive.together(() => {
      this.#exited(exit, livedMs, at);
      drive.dispatch({ kind: 'stuck', pids: left }, at);
    });
  }

  #lookWhatIsLeft(facts: UnitFacts): void {
    const { clock, drive } = this.#parts;
    const now = clock.now();
    if (this.#leftAt !== null) {
      if (oldProcesses(this.process, this.#group, this.#leftAt, clock).length > 0) return;
      this.#leftAt = null;
      this.process = null;
      drive.dispatch({ kind: 'treeGone', killed: true });
    } else if (drive.state.state !== 'stuck' && this.id !== null && resistsKill(facts, now)) {
      const pids = oldProcesses(this.process, this.#group, now, clock);
      drive.together(() => {
        if (drive.state.state === 'running') this.#exited(UNKNOWN, 0, now);
        drive.dispatch({ kind: 'stuck', pids });
      });
    }
  }

  /** Whether somebody had systemd end it: it says so, or it is not about to start it again although it always would. */
  #wasEnded(told: Told): boolean {
    const { trail, noRestartOn } = this.#parts;
    const { facts } = trail().course;
    const { asked, exit } = endedEvent(told);
    const isDone = exit.kind === 'exited' && noRestartOn.includes(exit.code);
    return asked || (facts?.active === 'inactive' && facts.policy.restart === 'always' && !isDone);
  }

  #leave(exit: Exit, livedMs: number, at: number): void {
    const { drive } = this.#parts;
    this.#over();
    drive.together(() => {
      this.#exited(exit, livedMs, at);
      drive.dispatch({ kind: 'treeGone', killed: false }, at);
    });
  }

  #over(): void {
    this.id = null;
    this.process = null;
    this.#parts.readiness.close();
    this.#parts.over();
  }

  #exited(exit: Exit, livedMs: number, at: number): void {
    const { drive, random } = this.#parts;
    drive.dispatch({ kind: 'exited', exit, livedMs, random: random(), told: true }, at);
  }

  /** Whether it is this daemon, or the one before it, that had systemd do it. */
  #isOurs({ life, time }: Told): boolean {
    const { early, acts, restored, drive } = this.#parts;
    if (early() === undefined) return acts().wasOurs('end', time);
    if (this.id !== null) return restored?.ending === true && life === this.id;
    // What waits is not left to systemd.
    return restored !== undefined && (restored.dueAt !== null || drive.state.waitsFor.length > 0);
  }

  /** Somebody had systemd stop it. A stop of a life that is over by now was seen by its end. */
  #overruled({ fields, life }: Told, at: number): void {
    if (fields?.['action'] !== 'stop' || (this.id !== null && life !== this.id)) return;
    this.#parts.drive.dispatch({ kind: 'stop', by: 'person' }, at, true);
  }
}
