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

export interface Runs {
  trusted(vote: Vote, reach: number): void;
  suspicious(vote: Vote): void;
  result(): RunsResult;
}

interface OpenRun extends Run {
  low: number;
  high: number;
  began: number;
  ended: number;
  /** The last trusted number, in the order of the files, and the lines that said it. */
  at: number;
  keys: readonly number[];
  reach: number;
  recent: Stretch[];
  kept: number;
  times: number[];
}

const RECENT = 256;
/** Votes whose times say together when a run ended: one sender's clock means nothing. */
const TIMES = 255;

/** Follows the trusted numbers through all files. @param limit the latest that a line of a file can have been sent, milliseconds. */
export function createRuns(limit: (file: number) => number): Runs {
  let run: OpenRun | undefined;
  let latest: Run | undefined;
  let covered: Hole[] = [];
  const holes: Hole[] = [];
  let repeated = 0;
  let resets = 0;

  const startRun = (vote: Vote, reach: number): OpenRun => {
    endRun();
    const began = Math.min(vote.time, limit(vote.file));
    // Later events under numbers that were there before: another count. Earlier ones are a replay.
    if (latest !== undefined && vote.seq <= latest.high && began >= latest.ended) {
      holes.push(...between(covered));
      covered = [];
      resets += 1;
    }
    const { seq } = vote;
    return {
      low: seq,
      high: seq,
      began,
      ended: began,
      at: Number.NaN,
      keys: [],
      reach,
      recent: [],
      kept: 0,
      times: [],
    };
  };

  const endRun = (): void => {
    if (run === undefined) return;
    const { low, high, recent } = run;
    const began = run.began;
    const ended = median(run.times) ?? began;
    // What is open now comes later in the files: it is the latest, unless it repeats what was there.
    const replay = latest !== undefined && high <= latest.high && !(ended >= latest.ended);
    if (!replay) latest = { low, high, began, ended, recent };
    covered = merge([...covered, { from: low, to: high, since: began, until: ended }]);
    run = undefined;
  };

  const count = (open: OpenRun, vote: Vote): void => {
    const { seq, lines, doubled, keys } = vote;
    const again = (): boolean => covered.some(({ from, to }) => seq >= from && seq <= to);
    if (seq === open.at) repeated += keys.filter((key) => open.keys.includes(key)).length + doubled;
    else if (seq <= open.high || again()) repeated += lines;
    else repeated += doubled;
  };

  return {
    trusted(vote, reach) {
      const { seq, lines, file, offset, line, keys } = vote;
      if (run === undefined || Math.abs(seq - run.at) > Math.max(reach, run.reach)) run = startRun(vote, reach);
      count(run, vote);
      run.at = seq;
      run.keys = keys;
      run.reach = reach;
      run.low = Math.min(run.low, seq);
      run.high = Math.max(run.high, seq);
      const time = Math.min(vote.time, limit(file));
      if (!Number.isNaN(time)) run.times.push(time);
      if (run.times.length >= 2 * TIMES) run.times = run.times.slice(-TIMES);
      run.recent.push({ seq, lines, file, offset, line });
      run.kept += 1;
      if (run.kept >= 2 * RECENT) trim(run);
    },
    suspicious({ lines, file, offset, line }) {
      if (run === undefined) return;
      const last = run.recent.at(-1);
      if (last !== undefined && Number.isNaN(last.seq) && last.file === file) last.lines += lines;
      else run.recent.push({ seq: Number.NaN, lines, file, offset, line });
    },
    result() {
      endRun();
      return { latest, holes: [...holes, ...between(covered)], repeated, resets };
    },
  };
}

function trim(run: OpenRun): void {
  let at = run.recent.length;
  for (let left = RECENT; left > 0; left -= Number.isNaN(run.recent[at]?.seq) ? 0 : 1) at -= 1;
  run.recent = run.recent.slice(at);
  run.kept = RECENT;
}

function median(times: readonly number[]): number | undefined {
  const sorted = times.slice(-TIMES).sort((a, b) => a - b);
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
