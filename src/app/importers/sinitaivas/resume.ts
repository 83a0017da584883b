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
  const clean = tornSeq === undefined && recent.at(-1) === last;
  if (cursor === lastSeq && clean)
    return {
      cursor,
      rule: 'cursor-and-data',
      because: 'the last line and cursors.json agree',
      again: [],
    };
  if (tornSeq !== undefined && tornSeq > lastSeq && recent.at(-1) === last)
    return from(recent, lastSeq, 'data', 'the commit after it was begun, and is torn');
  if (cursor !== undefined && cursor <= lastSeq && !(cursor === lastSeq && tornSeq !== undefined)) {
    const done = recent.findLast(({ seq }) => seq <= cursor);
    const behind = done === undefined ? [] : recent.slice(recent.indexOf(done) + 1);
    if (done !== undefined && linesOf(behind) <= COMMIT_LINES)
      return from(recent, done.seq, 'cursor-in-data', 'cursors.json says so; what follows may be cut short');
  }
  const before = recent.findLast(({ seq }) => seq < lastSeq)?.seq ?? lastSeq - 1;
  const why = `the last commit in the files, ${lastSeq}, may be cut short, ${doubt(file, lastSeq, tornSeq !== undefined)}`;
  return from(recent, before, 'data', why);
}

function isTrusted({ seq }: Stretch): boolean {
  return !Number.isNaN(seq);
}

function from(recent: readonly Stretch[], cursor: number, rule: Resume['rule'], because: string): Resume {
  const at = recent.findLastIndex(({ seq }) => seq <= cursor);
  return { cursor, rule, because, again: recent.slice(at + 1) };
}

function linesOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { lines }) => sum + lines, 0);
}

/** Why the cursor does not help. */
function doubt({ cursor, state, reason }: CursorFile, last: number, torn: boolean): string {
  if (cursor === undefined) return state === 'missing' ? 'and there is no cursors.json' : `and of cursors.json ${reason}`;
  if (cursor > last) return `and cursors.json is ${cursor - last} ahead of it`;
  if (cursor < last) return `and cursors.json is ${last - cursor} behind it`;
  return torn ? 'for a line behind it is torn' : 'for lines behind it have numbers that cannot be trusted';
}
