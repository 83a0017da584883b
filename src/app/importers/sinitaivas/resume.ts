import type { CursorFile } from './cursor-file.ts';
import type { Run, Stretch } from './runs.ts';

/** Where the new collector goes on. */
export interface Resume {
  /** Everything up to it lies whole in the old files, as far as can be known; it asks for what comes after. */
  readonly cursor: number;
  /** How that was decided. */
  readonly rule: 'cursor-and-data' | 'cursor-in-data' | 'data' | 'cursor-only';
  /** The same in words. */
  readonly because: string;
  /** Old lines behind that point, in the order of the files: they come again, and do not count in the old files. */
  readonly again: readonly Stretch[];
}

/** A commit has at most so many operations: as many lines at most were written after the cursor last moved, if it moved. */
const COMMIT_LINES = 200;

/**
 * The old program wrote a commit line by line, then its number into `cursors.json`. So a commit is known to be whole when the
 * cursor says its number, or when a later one was begun.
 * @param tornSeq the number in a torn last line, NaN where it cannot be read; undefined where the last line is whole.
 * @returns undefined where neither data nor cursor say anything.
 */
export function findResume(
  run: Run | undefined,
  file: CursorFile,
  tornSeq: number | undefined,
): Resume | undefined {
  const recent = run?.recent ?? [];
  const last = recent.findLast(isTrusted);
  const { cursor } = file;
  if (last === undefined) {
    if (cursor === undefined) return undefined;
    const because = 'there are no old lines to compare it with; cursors.json says so';
    return { cursor, rule: 'cursor-only', because, again: [] };
  }
  const lastSeq = last.seq;
  const torn = tornSeq !== undefined;
  const begun = torn && tornSeq > lastSeq;
  if (cursor === lastSeq && (!torn || begun))
    return from(
      recent,
      lastSeq,
      'cursor-and-data',
      `the last ${begun ? 'whole ' : ''}line and cursors.json agree`,
    );
  if (cursor !== undefined && cursor < lastSeq) {
    const done = from(
      recent,
      highest(recent, cursor),
      'cursor-in-data',
      'cursors.json says so; what follows in the files may be cut short',
    );
    if (done.cursor > 0 && linesOf(done.again) <= COMMIT_LINES) return done;
  }
  const before = highest(recent, lastSeq - 1);
  const why = `the last commit in the files, ${lastSeq}, may be cut short, ${doubt(file, lastSeq)}`;
  return from(recent, before === 0 ? lastSeq - 1 : before, 'data', why);
}

function isTrusted({ seq }: Stretch): boolean {
  return !Number.isNaN(seq);
}

/** The highest number up to `most`; 0 where there is none. */
function highest(recent: readonly Stretch[], most: number): number {
  return recent.reduce((best, { seq }) => (seq <= most && seq > best ? seq : best), 0);
}

function from(recent: readonly Stretch[], cursor: number, rule: Resume['rule'], because: string): Resume {
  const at = recent.findLastIndex(({ seq }) => seq <= cursor);
  return { cursor, rule, because, again: recent.filter(({ seq }, index) => index > at || seq > cursor) };
}

function linesOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { lines }) => sum + lines, 0);
}

/** Why the cursor does not help. */
function doubt({ cursor, state, reason }: CursorFile, last: number): string {
  if (cursor === undefined)
    return state === 'missing' ? 'and there is no cursors.json' : `and cursors.json does not help: ${reason}`;
  if (cursor > last) return `and cursors.json is ${cursor - last} ahead of it`;
  if (cursor < last) return `and cursors.json is ${last - cursor} behind it`;
  return 'for a line behind it is torn';
}
