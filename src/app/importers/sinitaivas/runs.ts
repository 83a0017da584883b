import type { VoteSink } from './jumps.ts';
import { parseOldTime } from './old-line.ts';
import type { Vote } from './votes.ts';

/** A place in the old files: a file's index, and where in its content a line begins. */
export interface Place {
  readonly file: number;
  readonly offset: number;
  /** From 1. */
  readonly line: number;
}

/** Lines of one number as they lie in the files, or a stretch of lines whose numbers are not trusted (`seq` NaN). */
export interface Stretch extends Place {
  readonly seq: number;
  lines: number;
}

/** Numbers that follow each other in the old files, as one life of the old program wrote them. */
export interface Run {
  /** The lowest and the highest number. */
  readonly low: number;
  readonly high: number;
  /** When the first and the last were sent: milliseconds, NaN where it is not known. */
  readonly began: number;
  readonly ended: number;
  /** The last stretches of it, in the order of the files; at least 256 trusted ones, if there are so many. */
  readonly recent: readonly Stretch[];
}

/** Numbers that no file has, between two that are there. */
export interface Hole {
  /** The last number before it, and the first after it. */
  readonly from: number;
  readonly to: number;
  /** Their times, milliseconds; NaN where they are not known. */
  readonly since: number;
  readonly until: number;
}

export interface RunsResult {
  /** The run to go on from: the latest one; a replay of what was there before is none. */
  readonly latest: Run | undefined;
  readonly holes: readonly Hole[];
  /** Lines that are there more than once. */
  readonly repeated: number;
  /** How often the numbers began anew. */
  readonly resets: number;
}

export interface Runs extends VoteSink {
  result(): RunsResult;
}

interface OpenRun {
  low: number;
  high: number;
  readonly began: number;
  /** The last number, in the order of the files, and the lines that said it. */
  at: number;
  keys: readonly number[];
  recent: Stretch[];
  kept: number;
  votes: Vote[];
}

const RECENT = 256;
/** Votes whose times say together when a run ended: one sender's clock means nothing. */
const TIMES = 31;

/** Follows the numbers through all files. @param limit the latest that a line of a file can have been sent, milliseconds. */
export function createRuns(limit: (file: number) => number): Runs {
  const book = createBook();
  let run: OpenRun | undefined;
  const endRun = (): void => {
    if (run !== undefined) book.enter(run, median(run.votes.slice(-TIMES).map(timeOf)));
  };
  const timeOf = ({ time, file }: Vote): number => Math.min(parseOldTime(time), limit(file));
  return {
    trusted(vote, fresh) {
      if (run === undefined || fresh) {
        endRun();
        const began = timeOf(vote);
        book.begin(vote.seq, began);
        run = emptyRun(began);
      }
      book.count(run, vote);
      grow(run, vote);
    },
    suspicious({ lines, file, offset, line }) {
      if (run === undefined) return;
      const last = run.recent.at(-1);
      if (last !== undefined && Number.isNaN(last.seq) && last.file === file) last.lines += lines;
      else run.recent.push({ seq: Number.NaN, lines, file, offset, line });
    },
    result() {
      endRun();
      return book.result();
    },
  };
}

function emptyRun(began: number): OpenRun {
  return {
    low: Number.POSITIVE_INFINITY,
    high: 0,
    began,
    at: Number.NaN,
    keys: [],
    recent: [],
    kept: 0,
    votes: [],
  };
}

function grow(run: OpenRun, vote: Vote): void {
  const { seq, lines, file, offset, line, keys } = vote;
  run.at = seq;
  run.keys = keys;
  run.low = Math.min(run.low, seq);
  run.high = Math.max(run.high, seq);
  run.votes.push(vote);
  if (run.votes.length >= 2 * TIMES) run.votes = run.votes.slice(-TIMES);
  run.recent.push({ seq, lines, file, offset, line });
  run.kept += 1;
  if (run.kept >= 2 * RECENT) trim(run);
}

/** What all runs together have. */
function createBook() {
  let latest: Run | undefined;
  let covered: Hole[] = [];
  const holes: Hole[] = [];
  let repeated = 0;
  let resets = 0;
  return {
    begin(seq: number, began: number): void {
      // Later events under numbers that were there before: another count. Earlier ones are a replay.
      if (latest === undefined || seq > latest.high || !(began >= latest.ended)) return;
      holes.push(...between(covered));
      covered = [];
      resets += 1;
    },
    count(run: OpenRun, { seq, lines, doubled, keys }: Vote): void {
      if (seq === run.at) repeated += keys.filter((key) => run.keys.includes(key)).length + doubled;
      else if (seq <= run.high || covered.some(({ from, to }) => seq >= from && seq <= to)) repeated += lines;
      else repeated += doubled;
    },
    enter({ low, high, began, recent }: OpenRun, ended = began): void {
      // What is open now comes later in the files: it is the latest, unless it repeats what was there.
      const replay = latest !== undefined && high <= latest.high && !(ended >= latest.ended);
      if (!replay) latest = { low, high, began, ended, recent };
      covered = merge([...covered, { from: low, to: high, since: began, until: ended }]);
    },
    result: (): RunsResult => ({ latest, holes: [...holes, ...between(covered)], repeated, resets }),
  };
}

function trim(run: OpenRun): void {
  let at = run.recent.length;
  for (let left = RECENT; left > 0; left -= Number.isNaN(run.recent[at]?.seq) ? 0 : 1) at -= 1;
  run.recent = run.recent.slice(at);
  run.kept = RECENT;
}

function median(times: readonly number[]): number | undefined {
  const sorted = times.filter((time) => !Number.isNaN(time)).sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}

/** Stretches in order, those that touch made one. */
function merge(stretches: readonly Hole[]): Hole[] {
  const merged: Hole[] = [];
  for (const next of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || next.from > last.to + 1) merged.push(next);
    else if (next.to > last.to) merged[merged.length - 1] = { ...last, to: next.to, until: next.until };
  }
  return merged;
}

/** What lies between stretches. */
function between(stretches: readonly Hole[]): Hole[] {
  return stretches.slice(1).map((next, index) => {
    const previous = stretches[index] as Hole;
    return { from: previous.to, to: next.from, since: previous.until, until: next.since };
  });
}
