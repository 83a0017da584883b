import type { Stretch } from './runs.ts';
import type { Survey, SurveyedFile } from './survey.ts';

/** What `.vahti/imported.json` says of an old installation that was taken over. */
export interface ImportRecord {
  readonly v: 1;
  readonly from: 'sinitaivas-live';
  /** Absolute. */
  readonly dir: string;
  /** ISO 8601 in UTC. */
  readonly imported: string;
  /** The collector goes on behind this number. */
  readonly cursor: number;
  readonly rule: string;
  readonly because: string;
  readonly cursorFile: { readonly state: string; readonly cursor: number | null; readonly reason: string };
  /** Old lines behind the cursor: they come again, so they do not count in the old files. Bytes are those of the content, unpacked. */
  readonly again: readonly AgainLines[];
  readonly totals: Totals;
  readonly holes: readonly HoleRecord[];
  /** How often the numbers began anew. */
  readonly resets: number;
  readonly files: readonly FileRecord[];
  /** What else lay beside the old files. */
  readonly others: readonly string[];
}

export interface AgainLines {
  readonly path: string;
  readonly fromLine: number;
  readonly fromByte: number;
  readonly lines: number;
}

export interface Totals {
  readonly files: number;
  readonly bytes: number;
  readonly contentBytes: number;
  readonly lines: number;
  readonly torn: number;
  /** Lines that are there more than once. */
  readonly repeated: number;
  readonly suspicious: number;
}

export interface HoleRecord {
  readonly from: number;
  readonly to: number;
  readonly since: string | null;
  readonly until: string | null;
}

export interface FileRecord {
  readonly path: string;
  readonly gzip: boolean;
  readonly bytes: number;
  readonly contentBytes: number;
  readonly sha256: string;
  readonly modified: string;
  /** False: another file of the same hour holds all of it. */
  readonly counts: boolean;
  readonly lines: number;
  readonly torn: number;
  readonly broken: string | null;
  readonly first: number | null;
  readonly last: number | null;
  readonly suspicious: number;
}

/** @param now wall milliseconds. */
export function recordOf(survey: Survey, now: number): ImportRecord {
  const { resume, cursorFile } = survey;
  return {
    v: 1,
    from: 'sinitaivas-live',
    dir: survey.dir,
    imported: isoText(now) as string,
    cursor: resume.cursor,
    rule: resume.rule,
    because: resume.because,
    cursorFile: {
      state: cursorFile.state,
      cursor: cursorFile.cursor ?? null,
      reason: cursorFile.reason,
    },
    again: againOf(resume.again, survey.files),
    totals: totalsOf(survey),
    holes: survey.holes.map(({ from, to, since, until }) => ({
      from,
      to,
      since: isoText(since),
      until: isoText(until),
    })),
    resets: survey.resets,
    files: survey.files.map(fileRecord),
    others: survey.others,
  };
}

/** Stretches that follow each other made one. */
function againOf(stretches: readonly Stretch[], files: readonly SurveyedFile[]): AgainLines[] {
  const found: AgainLines[] = [];
  for (const { file, line, offset, lines } of stretches) {
    const path = (files[file] as SurveyedFile).path;
    const last = found.at(-1);
    if (last?.path === path && last.fromLine + last.lines === line)
      found[found.length - 1] = { ...last, lines: last.lines + lines };
    else found.push({ path, fromLine: line, fromByte: offset, lines });
  }
  return found;
}

function totalsOf({ files, repeated }: Survey): Totals {
  const counting = files.filter(({ counts }) => counts);
  const sum = (count: (file: SurveyedFile) => number): number =>
    counting.reduce((total, file) => total + count(file), 0);
  return {
    files: counting.length,
    bytes: sum((file) => file.bytes),
    contentBytes: sum((file) => file.contentBytes),
    lines: sum((file) => file.lines),
    torn: sum((file) => file.torn),
    repeated,
    suspicious: sum((file) => file.suspicious),
  };
}

function fileRecord({ modified, broken, first, last, ...file }: SurveyedFile): FileRecord {
  return {
    ...file,
    modified: isoText(modified) as string,
    broken: broken ?? null,
    first: first ?? null,
    last: last ?? null,
  };
}

function isoText(ms: number): string | null {
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;
}
