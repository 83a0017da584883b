import type { Timer } from '../../core/clock.ts';
import { processAlive } from '../../core/processes.ts';
import { readStat } from '../../core/process-table.ts';
import { err, ok, type Result } from '../../core/result.ts';
import type { UnitFacts, Units } from '../../core/units.ts';
import type { JournalEntry } from './journal-entry.ts';
import { createJournal, type Journal, type JournalPlace } from './journal.ts';
import type { ProgramDeps } from './program.ts';
import { actOnUnit, beginUnit, showUnits, type SystemdTrouble, type Verb } from './systemctl.ts';
import type { Hearing } from './unit-state.ts';

/** The systemd of this machine, for all services that are units: looked at in one question, their journal followed by one process. */
export interface SystemdHost extends Units {
  /** Tells a follower of everything that happens to a unit. */
  follow(unit: string, follower: UnitFollower): Following;
  /** Does something with a unit; resolves when it is done, or refused, or after its deadline. */
  act(verb: Verb, unit: string, signal: AbortSignal): Promise<Result<void, SystemdTrouble>>;
  /** Has a unit started, and does not wait until it is up, or over. */
  begin(unit: string, signal: AbortSignal): Promise<Result<void, SystemdTrouble>>;
  close(): Promise<void>;
}

export interface UnitFollower {
  /** Its unit is there to begin and to end: while it does not run there is nothing to look at more often than the journal says. */
  readonly rests?: boolean;
  observed(facts: UnitFacts, hearing: Hearing): void;
  /** systemd could not be asked, for the reason given. */
  unobserved(trouble: string): void;
  /** Entries of the journal, in order. `old`: they may have been told of before. What it answers with is waited for. */
  told(entries: readonly JournalEntry[], old: boolean): Promise<void> | undefined;
  /** Resolves when what it was told by now would outlive this process, as far as its own files go. */
  written(): Promise<void>;
}

export interface Following {
  /** Looks at the unit now; resolves when that was told. */
  look(): Promise<void>;
  close(): void;
}

export interface SystemdHostDeps extends ProgramDeps {
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  readonly place: JournalPlace | undefined;
  /** Called with a place up to which everything is durable. */
  readonly savePlace: (place: JournalPlace) => void;
  /** Makes durable what was told; false where that cannot be now. */
  readonly flush: () => boolean;
  /** Something about all units that a person should know. */
  readonly note: (message: string, isTrouble: boolean) => void;
}

/** A unit that does not run as it should is looked at as often, and each main process whether it is still there. */
const LOOK_MS = 1000;
/** All of them, for what neither the journal nor the death of a process tells. */
const LONGEST_MS = 5000;
/** Where there is no systemd, it may come. */
const ABSENT_MS = 10_000;
/** What systemd says of one change comes within so long. */
const SETTLE_MS = 20;
/** systemd's own deadlines are shorter, unless somebody set them longer. */
const ACT_MS = 600_000;

export function createSystemdHost(deps: SystemdHostDeps): SystemdHost {
  return new Host(deps);
}

const RESTING: readonly string[] = ['inactive', 'failed'];

interface Followed {
  readonly unit: string;
  readonly follower: UnitFollower;
  facts: UnitFacts | undefined;
  /** Of its main process, as it was seen. */
  startTicks: number | undefined;
}

class Host implements SystemdHost {
  readonly #deps: SystemdHostDeps;
  readonly #over = new AbortController();
  readonly #followed = new Set<Followed>();
  readonly #journal: Journal;
  #hearing: Hearing = 'live';
  #heard: readonly string[] = [];
  /** The units of which everything is read that the journal has. */
  #caughtUp: ReadonlySet<string> = new Set();
  #journalTrouble: string | undefined;
  #place: JournalPlace | undefined;
  #saving: Promise<void> | undefined;
  #tick: Timer | undefined;
  #soon: Timer | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #absent = false;

  constructor(deps: SystemdHostDeps) {
    this.#deps = deps;
    this.#place = deps.place;
    this.#journal = createJournal({
      ...deps,
      take: (entries, old) => this.#told(entries, old),
      note: (message) => deps.note(message, true),
      onChange: (live, trouble) => this.#journalIs(live, trouble),
    });
  }

  follow(unit: string, follower: UnitFollower): Following {
    const followed: Followed = { unit, follower, facts: undefined, startTicks: undefined };
    this.#followed.add(followed);
    this.#changed();
    return {
      look: () => this.#look(),
      close: () => {
        this.#followed.delete(followed);
        this.#changed();
      },
    };
  }

  async facts(name: string, signal: AbortSignal): Promise<Result<UnitFacts, string>> {
    const shown = await showUnits([name], this.#deps, signal);
    if (!shown.ok) return err(shown.error.message);
    const [facts] = shown.value;
    return facts === undefined ? err(`cannot read what systemd says of ${name}`) : ok(facts);
  }

  act(verb: Verb, unit: string, signal: AbortSignal): Promise<Result<void, SystemdTrouble>> {
    return actOnUnit(verb, unit, this.#deps, {
      deadlineMs: ACT_MS,
      signal: AbortSignal.any([signal, this.#over.signal]),
    });
  }

  begin(unit: string, signal: AbortSignal): Promise<Result<void, SystemdTrouble>> {
    return beginUnit(unit, this.#deps, AbortSignal.any([signal, this.#over.signal]));
  }

  async close(): Promise<void> {
    this.#over.abort();
    this.#tick?.cancel();
    this.#soon?.cancel();
    await this.#journal.close();
    await this.#looking;
    // A round that is on its way may have an older place.
    await this.#saving;
    await this.#savePlace();
  }

  /** Several come and go in one turn: a start, a reload. */
  #changed(): void {
    if (this.#over.signal.aborted) return;
    this.#soon ??= this.#deps.clock.timer(SETTLE_MS, () => {
      this.#soon = undefined;
      void this.#look();
      this.#arm();
    });
  }

  #arm(): void {
    this.#tick?.cancel();
    if (this.#followed.size === 0 || this.#over.signal.aborted) return;
    this.#tick = this.#deps.clock.timer(LOOK_MS, () => {
      void this.#savePlace();
      if (this.#isDue()) void this.#look();
      this.#arm();
    });
  }

  #isDue(): boolean {
    const elapsed = this.#deps.clock.monotonic() - this.#lookedAt;
    if (this.#absent) return elapsed >= ABSENT_MS;
    return this.#hearing !== 'live' || elapsed >= LONGEST_MS || ![...this.#followed].every(isSteady);
  }

  /** One look at a time; who asks while one is on its way gets the next. */
  async #look(): Promise<void> {
    if (this.#looking === undefined)
      this.#looking = this.#lookOnce().finally(() => {
        this.#looking = undefined;
      });
    else this.#again = true;
    await this.#looking;
  }

  async #lookOnce(): Promise<void> {
    do {
      this.#again = false;
      this.#lookedAt = this.#deps.clock.monotonic();
      const all = [...this.#followed];
      const units = [...new Set(all.map(({ unit }) => unit))];
      const shown = await showUnits(units, this.#deps, this.#over.signal);
      if (this.#over.signal.aborted) return;
      this.#absent = !shown.ok && shown.error.kind === 'absent';
      if (shown.ok) this.#hear(units);
      for (const each of all) {
        if (!this.#followed.has(each)) continue;
        const facts = shown.ok ? shown.value[units.indexOf(each.unit)] : undefined;
        if (facts !== undefined) this.#observed(each, facts);
        else if (!shown.ok) each.follower.unobserved(shown.error.message);
      }
    } while (this.#again);
  }

  /** Only where there is a systemd. */
  #hear(units: readonly string[]): void {
    if (units.join(' ') === this.#heard.join(' ')) return;
    this.#heard = units;
    this.#journal.follow(units);
  }

  #observed(followed: Followed, facts: UnitFacts): void {
    if (facts.pid !== followed.facts?.pid)
      followed.startTicks = facts.pid === null ? undefined : readStat(facts.pid)?.startTicks;
    followed.facts = facts;
    // First what was written meanwhile, then what is now: a watch that looked in between would see nothing, or what is old.
    if (this.#hearing === 'deaf' || this.#caughtUp.has(followed.unit))
      followed.follower.observed(facts, this.#hearing);
  }

  #told(entries: readonly JournalEntry[], old: boolean): Promise<void> | undefined {
    const waits: (Promise<void> | undefined)[] = [];
    for (const { unit, follower } of this.#followed) {
      const own = entries.filter((entry) => entry.unit === unit);
      if (own.length > 0) waits.push(follower.told(own, old));
    }
    if (entries.some(({ from }) => from === 'manager')) this.#lookSoon();
    const slow = waits.filter((wait) => wait !== undefined);
    return slow.length === 0 ? undefined : Promise.all(slow).then(() => {});
  }

  #lookSoon(): void {
    void this.#deps.clock
      .sleep(SETTLE_MS, this.#over.signal)
      .then((slept) => (slept ? this.#look() : undefined));
  }

  #journalIs(live: boolean, trouble: string | undefined): void {
    this.#hearing = live ? 'live' : 'deaf';
    if (trouble !== undefined && trouble !== this.#journalTrouble) this.#deps.note(trouble, true);
    if (live && this.#journalTrouble !== undefined) this.#deps.note('the journal is followed again', false);
    this.#journalTrouble = trouble;
    if (live) this.#caughtUp = new Set(this.#heard);
    // A daemon that is killed in its first moments has a place to go on from: of a unit without one only the newest lines are read.
    if (live) void this.#savePlace();
    void this.#look();
  }

  /** Where the journal is read from after a kill: never ahead of the captured logs, nor of the time line. */
  #savePlace(): Promise<void> {
    this.#saving ??= this.#placeIsWritten().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #placeIsWritten(): Promise<void> {
    const place = this.#journal.place();
    if (place === undefined || place.cursor === this.#place?.cursor) return;
    await Promise.all([...this.#followed].map(({ follower }) => follower.written()));
    if (!this.#deps.flush()) return;
    this.#place = place;
    this.#deps.savePlace(place);
  }
}

/** It runs, with the main process that was seen: its end is seen by that. Or it rests. */
function isSteady({ facts, startTicks, follower }: Followed): boolean {
  if (follower.rests === true && facts !== undefined && RESTING.includes(facts.active)) return true;
  if (facts?.active !== 'active' || facts.pid === null || startTicks === undefined) return false;
  return processAlive({ pid: facts.pid, startTicks });
}
