import type { UnitFacts } from '../../core/units.ts';
import { type RunEnd, signalName } from './unit-end.ts';
import type { Happening, ManagerWord } from './journal-entry.ts';

/** One run of a unit, as far as it is known: from the journal, from looks, from both in any order. Times are microseconds. */
export interface UnitLife {
  /** systemd's id of the run. */
  readonly id: string;
  readonly startedAt: number | null;
  readonly pid: number | null;
  readonly exit: RunEnd['exit'];
  readonly beside: string | null;
  readonly result: string | null;
  /** When the main process ended, else when the run was over. */
  readonly endedAt: number | null;
  /** It was told to stop, by whomever. */
  readonly asked: boolean;
  /** When systemd said so. */
  readonly askedAt: number | null;
  readonly wasActive: boolean;
  readonly outOfMemory: boolean;
  readonly startLimit: boolean;
  /** What systemd said of it in its own words, the last few. */
  readonly words: readonly string[];
  /** When a look saw that it was over, as long as the journal did not say so. */
  readonly goneAt: number | null;
  /** What was told of it. */
  readonly toldStart: boolean;
  readonly toldEnd: boolean;
}

export function newLife(id: string): UnitLife {
  return {
    id,
    startedAt: null,
    pid: null,
    exit: null,
    beside: null,
    result: null,
    endedAt: null,
    asked: false,
    askedAt: null,
    wasActive: false,
    outOfMemory: false,
    startLimit: false,
    words: [],
    goneAt: null,
    toldStart: false,
    toldEnd: false,
  };
}

const MOST_WORDS = 5;

/** What the journal says of it is taken in. */
export function hear(life: UnitLife, { about, message, time }: ManagerWord): UnitLife {
  switch (about.kind) {
    case 'starting':
      return { ...life, startedAt: life.startedAt ?? time };
    case 'started':
      return { ...life, startedAt: life.startedAt ?? time, wasActive: true };
    case 'stopping':
      return { ...life, asked: true, askedAt: time };
    case 'stopped':
      return life;
    case 'exited':
      return heardExit(life, about, time);
    case 'over':
      return heardOver(life, about.result, time);
    case 'start-limit':
      return { ...life, startLimit: true };
    case 'out-of-memory':
      return { ...life, outOfMemory: true };
    case 'other':
      return { ...life, words: [...life.words, message].slice(-MOST_WORDS) };
  }
}

/** That systemd gives up is said of the last run, too, behind its own end. */
function heardOver(life: UnitLife, result: string, time: number): UnitLife {
  const startLimit = life.startLimit || result === 'start-limit-hit';
  return { ...life, startLimit, result: life.result ?? result, endedAt: life.endedAt ?? time };
}

function heardExit(life: UnitLife, about: Extract<Happening, { kind: 'exited' }>, time: number): UnitLife {
  const { command, exit: kind, status } = about;
  if (command === 'ExecStart') return { ...life, exit: { kind, status }, endedAt: time };
  const how = kind === 'exited' ? `exited with code ${status}` : `was ended by ${signalName(status)}`;
  return { ...life, beside: `${command} ${how}` };
}

/** What a look at the unit says of its present run is taken in. */
export function see(life: UnitLife, facts: UnitFacts): UnitLife {
  const isActive = facts.active === 'active' || facts.active === 'reloading' || facts.active === 'refreshing';
  return {
    ...life,
    startedAt: life.startedAt ?? toMicros(facts.startedAt),
    pid: facts.pid ?? life.pid,
    wasActive: life.wasActive || isActive,
    goneAt: null,
  };
}

/** It is over by a look; what systemd still knows of it is taken in where the journal has not said it. */
export function seeGone(life: UnitLife, facts: UnitFacts, now: number): UnitLife {
  const goneAt = life.goneAt ?? now;
  if (facts.invocation !== life.id) return { ...life, goneAt };
  return {
    ...life,
    startedAt: life.startedAt ?? toMicros(facts.startedAt),
    goneAt,
    exit: life.exit ?? facts.exit,
    endedAt: life.endedAt ?? toMicros(facts.exit?.at ?? facts.since),
  };
}

function toMicros(ms: number | null): number | null {
  return ms === null ? null : ms * 1000;
}
