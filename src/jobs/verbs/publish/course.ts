import type { Clock } from '../../../core/clock.ts';
import type { Files } from '../../../core/files.ts';
import type { Programs } from '../../program.ts';
import type { Blacklist } from './blacklist.ts';
import type { History, HistoryReader } from './history.ts';
import type { NewRow } from './history-tables.ts';
import type { HistoryRow } from './history-tables.ts';
import type { Naming } from './names.ts';
import type { PublishOptions } from './options.ts';
import type { Outlet } from './outlet.ts';
import type { Report } from './report.ts';
import type { Candidate } from './selection.ts';

/** What all steps of a run work with. */
export interface Course {
  readonly run: string;
  readonly options: PublishOptions;
  readonly naming: Naming;
  /** Real path of the folder that is published. */
  readonly root: string;
  readonly outlet: Outlet;
  /** The folder where what is one too many goes; real path. */
  readonly quarantine: string | undefined;
  /** A private folder, for copies. */
  readonly work: string;
  readonly history: Memory;
  readonly blacklist: Blacklist;
  readonly files: Files;
  readonly programs: Programs;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly report: Report;
  readonly dryRun: boolean;
}

/** The history; of a dry run nothing is written, and what it would have written is known to it all the same. */
export interface Memory extends Pick<HistoryReader, 'current' | 'named'> {
  readonly all: ReadonlyMap<string, HistoryRow>;
  /** Sets the row of a file: changes the one that is given, else adds one. Answers with its number. */
  set(known: HistoryRow | undefined, row: NewRow): number;
  change(id: number, to: Partial<NewRow>): void;
  /** As `change`, with the next `flush`: of what can be found out again. */
  later(id: number, to: Partial<NewRow>): void;
  flush(): void;
  /** Has what was ignored under a public name tried again. */
  reopenIgnored(baseName: string): void;
  together(writes: () => void): void;
}

export function memoryOf(history: History): Memory {
  let later: (() => void)[] = [];
  return {
    all: history.all(),
    current: (path) => history.current(path),
    named: (name) => history.named(name),
    set(known, row) {
      if (known === undefined) return history.add(row);
      const { firstAt: _firstAt, ...rest } = row;
      history.change(known.id, rest);
      return known.id;
    },
    change: (id, to) => history.change(id, to),
    later: (id, to) => void later.push(() => history.change(id, to)),
    flush() {
      const writes = later;
      later = [];
      if (writes.length > 0) history.together(() => writes.forEach((write) => write()));
    },
    reopenIgnored: (baseName) => history.reopenIgnored(baseName),
    together: (writes) => history.together(writes),
  };
}

/** @param history undefined where there is none yet. */
export function dryMemoryOf(history: HistoryReader | undefined): Memory {
  const planned = new Map<string, HistoryRow>();
  let id = -1;
  return {
    all: history?.all() ?? new Map(),
    current: (path) => planned.get(path) ?? history?.current(path),
    named: (name) => [
      ...(history?.named(name) ?? []),
      ...[...planned.values()].filter((row) => row.baseName === name && row.publicName !== null),
    ],
    set(_known, row) {
      planned.set(row.path, { ...row, id });
      id -= 1;
      return id + 1;
    },
    change() {},
    later() {},
    flush() {},
    reopenIgnored() {},
    together: (writes) => writes(),
  };
}

/** What the history keeps of a later content of what is published. */
export function changeOf(
  { clock }: Pick<Course, 'clock'>,
  candidate: Pick<Candidate, 'bytes' | 'mtimeNs'>,
  sha256: string,
): Pick<NewRow, 'changedTo' | 'changedAt' | 'changedLook'> {
  return { changedTo: sha256, changedAt: clock.now(), changedLook: lookOf(candidate) };
}

/** Size and time of a file, as one word. */
export function lookOf({ bytes, mtimeNs }: Pick<Candidate, 'bytes' | 'mtimeNs'>): string {
  return `${bytes} ${mtimeNs}`;
}

/** A row of a candidate that nothing has come of yet. */
export function rowOf({ run, clock }: Course, candidate: Candidate, row: Partial<NewRow>): NewRow {
  const now = clock.now();
  return {
    path: candidate.path,
    level: candidate.level,
    version: candidate.version,
    sha256: null,
    bytes: candidate.bytes,
    mtimeNs: candidate.mtimeNs,
    publicName: null,
    baseName: null,
    supplement: 0,
    sent: null,
    temp: null,
    replaces: null,
    state: 'error',
    why: null,
    attempts: 0,
    run,
    firstAt: now,
    at: now,
    changedTo: null,
    changedAt: null,
    changedLook: null,
    ...row,
  };
}
