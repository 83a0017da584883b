import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, ok, type Result } from '../../../core/result.ts';
import { type CursorFile, readCursorFile } from './cursor-file.ts';
import { createJumpGuard } from './jumps.ts';
import { createNumberJudge } from './numbers.ts';
import { findOldFiles, hourStart, type OldFile, STREAM_FOLDER, whichCounts } from './old-files.ts';
import { readOldLine } from './old-line.ts';
import { readOldLines } from './read-old-file.ts';
import { findResume, type Resume } from './resume.ts';
import { createRuns, type Hole, type Run, type RunsResult } from './runs.ts';
import { type ImportTrouble, trouble, unreadable } from './trouble.ts';
import { createVotes, type Vote } from './votes.ts';

/** What lies in one old file. */
export interface SurveyedFile {
  readonly path: string;
  readonly gzip: boolean;
  /** As it lies there, and unpacked. */
  readonly bytes: number;
  readonly contentBytes: number;
  readonly sha256: string;
  readonly modified: number;
  /** False where another file of the same hour holds all of it: it is in no total then. */
  readonly counts: boolean;
  /** Whole lines. */
  readonly lines: number;
  /** Half lines. */
  readonly torn: number;
  /** Why the archive could not be unpacked to its end. */
  readonly broken: string | undefined;
  /** The first and the last number that can be trusted; undefined where there is none. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** Lines whose number cannot be trusted. */
  readonly suspicious: number;
}

export interface Survey {
  readonly dir: string;
  readonly files: readonly SurveyedFile[];
  readonly others: readonly string[];
  readonly cursorFile: CursorFile;
  readonly repeated: number;
  readonly holes: readonly Hole[];
  readonly resets: number;
  readonly resume: Resume;
  /** The latest that anything in the old files can have been sent: milliseconds since 1970 UTC. */
  readonly latest: number;
  /** What was written while it was read: the old program still runs. */
  readonly changed: readonly string[];
}

export interface Progress {
  readonly path: string;
  /** Bytes read of all, as they lie on the disk. */
  readonly bytes: number;
  readonly total: number;
}

const HOUR_MS = 3_600_000;
const AHEAD_MS = 600_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads everything that sinitaivas-live left in a folder, once, and changes nothing. */
export async function survey(
  dir: string,
  now: number,
  progress: (progress: Progress) => void,
): Promise<Result<Survey, ImportTrouble>> {
  const found = await findOldFiles(dir);
  if (!found.ok) return found;
  const cursorFile = await readCursorFile(dir);
  if (!cursorFile.ok) return cursorFile;
  const { files: old, others } = found.value;
  const read = await readAll(dir, old, progress);
  if (!read.ok) return read;
  const { files, tornSeq, runs } = read.value;
  const { latest: run, holes, repeated, resets } = runs;
  const resume = findResume(run, cursorFile.value, tornSeq);
  if (resume === undefined) return nothingThere(dir, old.length, cursorFile.value);
  const changed = await changedSince(dir, old, cursorFile.value);
  if (!changed.ok) return changed;
  const latest = Math.min(now, latestOf(old, files, cursorFile.value, now), sentBy(run));
  return ok({
    dir,
    files,
    others,
    cursorFile: cursorFile.value,
    repeated,
    holes,
    resets,
    resume,
    latest,
    changed: changed.value,
  });
}

function nothingThere(dir: string, files: number, { reason }: CursorFile): Result<never, ImportTrouble> {
  if (files > 0) {
    return trouble(
      `cannot import ${dir}: no line in its ${files} files has a number to go on from, and cursors.json does not help: ${reason}`,
    );
  }
  return trouble(
    `cannot import ${dir}: it has no ${STREAM_FOLDER}/YYYY-MM-DD/ and no cursor in cursors.json (${reason}); name the folder that sinitaivas-live ran in`,
  );
}

interface ReadAll {
  readonly files: readonly SurveyedFile[];
  readonly tornSeq: number | undefined;
  readonly runs: RunsResult;
}

/** Reads file after file in the order of their hours. */
async function readAll(
  dir: string,
  old: readonly OldFile[],
  progress: (progress: Progress) => void,
): Promise<Result<ReadAll, ImportTrouble>> {
  const total = old.reduce((sum, file) => sum + file.size, 0);
  const files: Mutable<SurveyedFile>[] = [];
  const limits = old.map(({ hour }) => hourStart(hour) + HOUR_MS);
  const runs = createRuns((file) => limits[file] as number);
  const fileOf = (vote: Vote): Mutable<SurveyedFile> => files[vote.file] as Mutable<SurveyedFile>;
  const guard = createJumpGuard({
    trusted(vote, fresh) {
      const file = fileOf(vote);
      file.first ??= vote.seq;
      file.last = vote.seq;
      runs.trusted(vote, fresh);
    },
    suspicious(vote) {
      fileOf(vote).suspicious += vote.lines;
      runs.suspicious(vote);
    },
  });
  const judge = createNumberJudge(guard.judged);
  let bytes = 0;
  let tornSeq: number | undefined;
  for (const [index, each] of old.entries()) {
    try {
      const file = emptyFile(each, await countsOf(dir, old, index));
      files.push(file);
      const advance = (more: number): void => {
        bytes += more;
        progress({ path: each.path, bytes, total });
      };
      const end = await readFile(join(dir, each.path), file, index, file.counts ? judge : undefined, advance);
      if (file.counts && (file.lines > 0 || end !== undefined)) tornSeq = end;
    } catch (thrown) {
      if (errorCode(thrown) === undefined) throw thrown;
      return unreadable(join(dir, each.path), thrown);
    }
  }
  guard.end();
  return ok({ files, tornSeq, runs: runs.result() });
}

function emptyFile({ path, gzip, mtimeMs }: OldFile, counts: boolean): Mutable<SurveyedFile> {
  return {
    path,
    gzip,
    bytes: 0,
    contentBytes: 0,
    sha256: '',
    modified: mtimeMs,
    counts,
    lines: 0,
    torn: 0,
    broken: undefined,
    first: undefined,
    last: undefined,
    suspicious: 0,
  };
}

/** Whether a file counts: of two that hold the same hour, one may hold all that the other has. */
async function countsOf(dir: string, old: readonly OldFile[], index: number): Promise<boolean> {
  const file = old[index] as OldFile;
  const other = [old[index - 1], old[index + 1]].find((near) => near?.hour === file.hour);
  if (other === undefined) return true;
  const [packed, plain] = file.gzip ? [file, other] : [other, file];
  const which = await whichCounts(dir, packed, plain);
  return which === 'both' || which === (file.gzip ? 'packed' : 'plain');
}

/**
 * Reads one file into its record.
 * @returns what is known of a torn end: the number in it, NaN where it has none, undefined where the end is whole.
 */
async function readFile(
  path: string,
  file: Mutable<SurveyedFile>,
  index: number,
  judge: { push(vote: Vote): void; endFile(): void } | undefined,
  progress: (bytes: number) => void,
): Promise<number | undefined> {
  const votes = createVotes((vote) => judge?.push(vote));
  let number = 0;
  let tornEnd: number | undefined;
  const content = await readOldLines({ path, gzip: file.gzip, progress }, (bytes, { offset, ended }) => {
    number += 1;
    if (bytes.length === 0) return;
    const { line, torn, tornSeq } = readOldLine(bytes, !ended);
    if (torn) file.torn += 1;
    tornEnd = line === undefined ? tornSeq : undefined;
    if (line === undefined) return;
    file.lines += 1;
    votes.add(line, index, offset, number);
  });
  votes.endFile();
  judge?.endFile();
  file.bytes = content.bytes;
  file.contentBytes = content.contentBytes;
  file.sha256 = content.sha256;
  file.broken = content.broken;
  return content.broken === undefined ? tornEnd : (tornEnd ?? Number.NaN);
}

/** What is not as it was when it was listed. */
async function changedSince(
  dir: string,
  old: readonly OldFile[],
  cursorFile: CursorFile,
): Promise<Result<string[], ImportTrouble>> {
  const again = await findOldFiles(dir);
  if (!again.ok) return again;
  const now = new Map(again.value.files.map((file) => [file.path, file]));
  const changed = old.filter(({ path, size, mtimeMs }) => {
    const file = now.get(path);
    return file?.size !== size || file.mtimeMs !== mtimeMs;
  });
  const before = new Set(old.map(({ path }) => path));
  const paths = [...changed, ...again.value.files.filter(({ path }) => !before.has(path))].map(
    ({ path }) => path,
  );
  const cursor = await stat(cursorFile.path).catch(() => undefined);
  if (!Object.is(cursor?.mtimeMs ?? Number.NaN, cursorFile.modified)) paths.push('cursors.json');
  return ok(paths);
}

/** When the last lines were sent, as most of them say, with room for senders whose clocks are ahead. */
function sentBy(run: Run | undefined): number {
  return run === undefined || Number.isNaN(run.ended) ? Number.POSITIVE_INFINITY : run.ended + AHEAD_MS;
}

/**
 * A line was sent before it was written: before its file was last changed, and before its hour was over. A file's time may be
 * that of a copy, so it only counts where it lies in or shortly behind the hour.
 */
function latestOf(
  old: readonly OldFile[],
  files: readonly SurveyedFile[],
  { modified }: CursorFile,
  now: number,
): number {
  const times = old.flatMap(({ hour, mtimeMs }, index) => {
    if (files[index]?.first === undefined) return [];
    const start = hourStart(hour);
    const written = mtimeMs >= start && mtimeMs <= start + HOUR_MS;
    return [written ? mtimeMs : start + HOUR_MS];
  });
  if (times.length > 0) return times.reduce((a, b) => Math.max(a, b));
  return Number.isNaN(modified) ? now : modified;
}
