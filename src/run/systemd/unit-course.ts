import type { LastExit, StateName } from '../../core/runner.ts';
import type { UnitFacts } from '../../core/units.ts';
import type { ManagerWord } from './journal-entry.ts';
import { hear, newLife, see, seeGone, type UnitLife } from './unit-life.ts';
import { endRecord, foreignRecord, startRecord, type Told } from './unit-told.ts';
import { type Moment, tellTrouble, unitTrouble } from './unit-trouble.ts';
import type { UnitCourse, Hearing } from './unit-state.ts';

export type UnitEvent =
  /** `now`: wall milliseconds. */
  | {
      readonly kind: 'observed';
      readonly facts: UnitFacts;
      readonly hearing: Hearing;
      readonly now: number;
    }
  /** `own`: it is what this daemon asked for. */
  | { readonly kind: 'word'; readonly word: ManagerWord; readonly own: boolean }
  /** This daemon asks systemd for it; a restart by a watch is of what runs and wants nothing new. */
  | { readonly kind: 'asked'; readonly job: 'start' | 'stop' | 'restart'; readonly byPerson: boolean }
  /** systemd did not do it, or somebody else wanted something else meanwhile. `wanted`: what it was before. */
  | { readonly kind: 'refused'; readonly job: 'start' | 'stop' | 'restart'; readonly wanted: boolean };

export interface CourseStep {
  readonly course: UnitCourse;
  readonly told: readonly Told[];
}

/** So many lives are remembered, and so many that there is still something to tell of. */
const MOST_LIVES = 20;
const MOST_UNTOLD = 500;
/** So long the journal may be behind a look. */
const PATIENCE_MS = 2000;

/** @param known what is on the time line of earlier lives already. @param told the trouble that is. */
export function freshCourse(wanted: boolean, known: readonly KnownLife[], told: string): UnitCourse {
  const lives = known
    .slice(-MOST_LIVES)
    .map(({ id, startedAt, ended }) => ({ ...newLife(id), startedAt, toldStart: true, toldEnd: ended }));
  return { facts: undefined, wanted, lives, present: null, lastExit: null, restartsSince: null, told };
}

export interface KnownLife {
  readonly id: string;
  /** Microseconds. */
  readonly startedAt: number | null;
  readonly ended: boolean;
}

/**
 * Words change what is known, and looks tell of it: what a life wrote last may come behind the word that it is over, and is to
 * be told with its end.
 */
export function next(course: UnitCourse, event: UnitEvent): CourseStep {
  switch (event.kind) {
    case 'asked':
      return { course: ask(course, event), told: [] };
    case 'refused':
      return { course: refuse(course, event), told: [] };
    case 'word':
      return { course: takeWord(course, event.word), told: foreign(course, event) };
    case 'observed': {
      const { course: taken, told } = tell(takeFacts(course, event), event);
      return { course: taken, told: [...cutShort(course, taken), ...told] };
    }
  }
}

function ask(course: UnitCourse, { job, byPerson }: Extract<UnitEvent, { kind: 'asked' }>): UnitCourse {
  const wanted = job === 'stop' ? false : byPerson || course.wanted;
  const asked = job === 'start' ? course : ofPresent(course, (life) => ({ ...life, asked: true }));
  return { ...asked, wanted };
}

/** What systemd itself has said of a stop holds. */
function refuse(course: UnitCourse, { job, wanted }: Extract<UnitEvent, { kind: 'refused' }>): UnitCourse {
  const left = ofPresent(course, (life) => ({ ...life, asked: life.askedAt !== null }));
  return job === 'stop' ? { ...left, wanted } : left;
}

function ofPresent(course: UnitCourse, how: (life: UnitLife) => UnitLife): UnitCourse {
  return course.present === null ? course : change(course, course.present, how);
}

function takeWord(course: UnitCourse, word: ManagerWord): UnitCourse {
  const { about, invocation } = word;
  // Only the last word says whether it is to be started again.
  const stopped = about.kind === 'stopped' && about.job === 'stop';
  const begun = about.kind === 'starting' || about.kind === 'started';
  const known = stopped || begun ? { ...course, wanted: begun, restartsSince: null } : course;
  const restarts = about.kind === 'stopped' && about.job === 'restart';
  const taken = restarts ? { ...known, restartsSince: Math.floor(word.time / 1000) } : known;
  return invocation === null ? taken : change(taken, invocation, (life) => hear(life, word));
}

/** Somebody else has had systemd stop or restart it. A restart that nobody asked for is systemd's own. */
function foreign({ lives }: UnitCourse, { word, own }: Extract<UnitEvent, { kind: 'word' }>): Told[] {
  const { about, invocation, time } = word;
  if (own || about.kind !== 'stopped') return [];
  const askedAt = lives.find(({ id }) => id === invocation)?.askedAt ?? null;
  if (about.job !== 'stop' && (about.job !== 'restart' || askedAt === null)) return [];
  return [foreignRecord(about.job, invocation, askedAt ?? time)];
}

function takeFacts(course: UnitCourse, { facts, now }: Extract<UnitEvent, { kind: 'observed' }>): UnitCourse {
  const present = hasLife(facts) ? facts.invocation : null;
  // One that failed before anybody looked is known by that alone.
  const named = present ?? (facts.active === 'failed' ? facts.invocation : null);
  const known = named === null ? course.lives : withLife(course.lives, named);
  const lives = known.map((life) => {
    if (life.id === present) return see(life, facts);
    return life.toldEnd ? life : seeGone(life, facts, now);
  });
  const asked = lives.find(({ id }) => id === present)?.asked === true;
  const runs = present !== null && !asked && facts.active !== 'deactivating';
  const taken = { ...course, facts, present, lives };
  if (runs) return { ...taken, wanted: true, restartsSince: null };
  return wasCutShort(taken, now) ? { ...taken, wanted: false, restartsSince: null } : taken;
}

/** A stop between the two halves of a restart, which only looks tell of. */
function cutShort(before: UnitCourse, after: UnitCourse): Told[] {
  const at = before.restartsSince;
  if (at === null || !before.wanted || after.wanted) return [];
  return [foreignRecord('stop', before.lives.at(-1)?.id ?? null, at * 1000)];
}

/** A stop between the two halves of a restart leaves no word: there is nothing to stop. */
function wasCutShort({ facts, restartsSince }: UnitCourse, now: number): boolean {
  return facts?.active === 'inactive' && restartsSince !== null && now - restartsSince >= PATIENCE_MS;
}

function change(course: UnitCourse, id: string, how: (life: UnitLife) => UnitLife): UnitCourse {
  const lives = withLife(course.lives, id).map((life) => (life.id === id ? how(life) : life));
  return { ...course, lives };
}

/** What was told goes before what was not. */
function withLife(lives: readonly UnitLife[], id: string): readonly UnitLife[] {
  if (lives.some((life) => life.id === id)) return lives;
  const most = lives[0]?.toldEnd === true ? MOST_LIVES : MOST_UNTOLD;
  return [...lives, newLife(id)].slice(-most);
}

/** Whether there is a run of it: one that waits for its next start has none. */
function hasLife({ active, sub }: UnitFacts): boolean {
  return active !== 'inactive' && active !== 'failed' && !sub.startsWith('auto-restart');
}

/** Tells what there is to tell by now, life by life. */
function tell(course: UnitCourse, moment: Moment): CourseStep {
  const { hearing, now } = moment;
  const told: Told[] = [];
  let { lastExit } = course;
  const lives = course.lives.map((life, index) => {
    const over = isOver(life, hearing, now);
    const hasNext = index < course.lives.length - 1;
    let known = life;
    const begun = life.pid !== null || life.wasActive || over || hasNext;
    if (!life.toldStart && life.startedAt !== null && begun) {
      told.push(startRecord(life, life.startedAt));
      known = { ...known, toldStart: true };
    }
    if (life.toldEnd || !over) return known;
    const end = endRecord(
      life,
      course.facts,
      Math.min(now, (course.lives[index + 1]?.startedAt ?? Infinity) / 1000),
    );
    lastExit = asLastExit(life, end);
    told.push(end);
    return { ...known, toldEnd: true };
  });
  const ended: UnitCourse = { ...course, lives, lastExit: lastExit ?? lastKnown(course, now) };
  const trouble = tellTrouble(ended, moment);
  return { course: { ...ended, told: trouble.known }, told: [...told, ...trouble.told] };
}

/** What was told before this daemon began, as far as systemd still knows it. */
function lastKnown({ facts, lives }: UnitCourse, now: number): LastExit | null {
  if (facts === undefined || hasLife(facts)) return null;
  const life = lives.find(({ id, toldEnd }) => id === facts.invocation && toldEnd);
  return life === undefined ? null : asLastExit(life, endRecord(seeGone(life, facts, now), facts, now));
}

function asLastExit({ id }: UnitLife, { time, message, level }: Told): LastExit {
  return { at: Math.floor(time / 1000), life: id, message, level };
}

function isOver({ result, goneAt }: UnitLife, hearing: Hearing, now: number): boolean {
  if (result !== null) return true;
  if (goneAt === null) return false;
  return hearing === 'deaf' || now - goneAt >= PATIENCE_MS;
}

/** The unit's state in the words of all services. */
export function stateOf(course: UnitCourse): StateName {
  const { facts } = course;
  switch (facts?.active) {
    case 'active':
    case 'reloading':
    case 'refreshing':
    case 'maintenance':
      return 'running';
    case 'activating':
      return facts.sub.startsWith('auto-restart') ? 'waiting' : 'running';
    case 'deactivating':
      return 'stopping';
    case 'inactive':
    case 'failed':
      return unitTrouble(course) === undefined ? 'stopped' : 'failed';
    case undefined:
      return 'stopped';
  }
}
