import { LEVELS, type RecordDraft } from '../../core/record.ts';
import type { RunnerDeps } from '../../core/runner.ts';
import type { UnitFacts } from '../../core/units.ts';
import type { RecordEffect } from '../service-state.ts';
import { type JournalEntry, withRuns } from './journal-entry.ts';
import { freshCourse, type KnownLife, next, type UnitEvent } from './unit-course.ts';
import type { Hearing, UnitCourse } from './unit-state.ts';
import { createUnitLog, type KnownOnce, recordKey, type UnitLog, type UnitLogOptions } from './unit-log.ts';
import type { Told } from './unit-told.ts';

/** What is known of a unit that is followed, from looks and from the journal, on its way to the time line and to its captured log. */
export interface UnitTrail {
  readonly course: UnitCourse;
  readonly logPath: string;
  /** systemd is about to be asked for something. */
  asked(job: Job, byPerson: boolean): void;
  /** It was done, or not: words about it come soon, if at all. */
  answered(job: Job): void;
  /** It was not done. @param wanted what it was before. */
  refused(job: Job, wanted: boolean): void;
  observed(facts: UnitFacts, hearing: Hearing): void;
  took(entries: readonly JournalEntry[], old: boolean): Promise<void> | undefined;
  /** The last lines of a life. */
  tail(life: string): readonly string[];
  /** Resolves when the captured log has all that was taken by now. */
  written(): Promise<void>;
  toDraft(told: Told): RecordDraft;
  /** Of what this daemon does, now. */
  toDraftNow(record: RecordEffect, life: string | null): RecordDraft;
  close(): Promise<void>;
}

export type Job = 'start' | 'stop' | 'restart';

export interface UnitTrailDeps extends Pick<RunnerDeps, 'clock' | 'log' | 'records'> {
  /** What is on the time line already of its lives, and of its trouble as a whole; see `freshCourse`. */
  readonly known: { readonly lives: readonly KnownLife[]; readonly told: string };
  /** What the time line has of it since a time, microseconds; see UnitLog. */
  readonly recorded: (since: number) => KnownOnce;
}

export interface UnitTrailSpec {
  readonly service: string;
  readonly wanted: boolean;
  readonly log: Pick<UnitLogOptions, 'path' | 'budgetBytes' | 'mode'>;
  /** Takes what there is to tell, in order. */
  readonly tell: (told: readonly Told[]) => void;
  /** Lends each line that a life writes, behind the line's way into the log. */
  readonly heard?: (line: string, life: string) => void;
}

/** Words of systemd's about what was asked for come within so long. */
const OWN_MS = 2000;

export function createUnitTrail(spec: UnitTrailSpec, deps: UnitTrailDeps): UnitTrail {
  const { service } = spec;
  const { clock } = deps;
  const log: UnitLog = createUnitLog({ ...deps, ...spec.log, service });
  /** What was asked for, as the journal calls it, and until when its words can come; monotonic. */
  const own = new Map<string, number>();
  let course = freshCourse(spec.wanted, deps.known.lives, deps.known.told);
  /** The run that the journal spoke of last. */
  let run: string | null = null;

  const isOwn = ({ about }: Extract<JournalEntry, { from: 'manager' }>): boolean =>
    about.kind === 'stopped' && clock.monotonic() < (own.get(about.job) ?? 0);
  const toDraft = ({ time, life, kind, level, message, fields }: Told): RecordDraft => {
    const tail = kind === 'exit' && level >= LEVELS.warn ? log.tail(life) : [];
    const all = tail.length === 0 ? fields : { ...fields, tail };
    const draft = { time, service, life, kind, level, sender: 'daemon', message };
    return all === undefined ? draft : { ...draft, fields: all };
  };
  const step = (event: UnitEvent, known?: KnownOnce): void => {
    const taken = next(course, event);
    ({ course } = taken);
    const fresh = taken.told.filter((each) => known?.take(recordKey(toDraft(each))) !== true);
    spec.tell(fresh);
  };

  return {
    get course() {
      return course;
    },
    logPath: log.path,
    asked(job, byPerson) {
      own.set(job, Number.POSITIVE_INFINITY);
      step({ kind: 'asked', job, byPerson });
    },
    answered: (job) => void own.set(job, clock.monotonic() + OWN_MS),
    refused: (job, wanted) => step({ kind: 'refused', job, wanted }),
    observed: (facts, hearing) => step({ kind: 'observed', facts, hearing, now: clock.now() }),
    took(given, old) {
      const entries = withRuns(given, run ?? course.present);
      run = entries.at(-1)?.invocation ?? run;
      const wait = log.take(entries, old);
      const words = entries.filter((entry) => entry.from === 'manager');
      const [first] = words;
      const known = old && first !== undefined ? deps.recorded(first.time) : undefined;
      for (const word of words) step({ kind: 'word', word, own: isOwn(word) }, known);
      for (const entry of spec.heard === undefined ? [] : entries)
        if (entry.from === 'unit') spec.heard?.(entry.message, entry.invocation ?? '');
      return wait;
    },
    tail: (life) => log.tail(life),
    written: () => log.written(),
    toDraft,
    toDraftNow: (record, life) => toDraft({ ...record, life: life ?? '', time: clock.micros() }),
    close: () => log.close(),
  };
}
