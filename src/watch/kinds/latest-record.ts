import * as path from 'node:path';
import type { Values } from '../../core/expression.ts';
import type { Pattern } from '../../core/pattern.ts';
import type { LookRequest, WatchContext } from '../kind.ts';
import { capturedLine, jsonValues, ownTime, patternValues } from './log-lines.ts';
import { readTail, type Tail } from './log-tail.ts';
import { oneAtATime, type Read } from './one-at-a-time.ts';

/** A structured record of a log. */
export interface FoundRecord {
  readonly values: Values;
  /** Its line, as it is. */
  readonly text: string;
}

export interface RecordSource {
  /** Undefined: the captured log. */
  readonly file?: string | undefined;
  /** With named groups, for lines that are no JSON. */
  readonly pattern?: Pattern | undefined;
  /** Which records count. */
  readonly counts: (values: Values) => boolean;
}

/** What a reader found: the latest record of this life that counts, whether there is a file, and its name for messages. */
export interface Latest {
  readonly record: FoundRecord | undefined;
  readonly missing: boolean;
}

/** What is known between two looks. */
interface Place {
  readonly life: string;
  readonly inode: number;
  /** Whole lines up to here were looked at. */
  readonly end: number;
  readonly record: FoundRecord | undefined;
}

/**
 * Follows a log and knows its latest record of this life; between looks it stays known, also over a rotation.
 *
 * Which lines are of this life: in the captured log each has its time. In another file, all that come after the first look
 * of a life. At that first look the last line is, where the file was written since the start: whoever wrote last wrote it.
 * Lines before it only when the record has a certain time of its own. So no line of an earlier life is ever taken for one of
 * this, and the worst is that a record of the first seconds is seen with the next one.
 */
export function followRecords(
  source: RecordSource,
  { clock, folder, capturedLog }: Pick<WatchContext, 'clock' | 'folder' | 'capturedLog'>,
): (request: LookRequest) => Promise<Read<Latest>> {
  const captured = source.file === undefined;
  const file = source.file === undefined ? capturedLog : path.resolve(folder, source.file);
  let place: Place | undefined;
  return oneAtATime(clock, async ({ life }) => {
    if (place?.life !== life.id) place = undefined;
    const before = place;
    const tail = await readTail(file, (stat) => {
      return before?.inode === stat.ino && before.end <= stat.size ? before.end : 0;
    });
    if (tail === undefined) return { record: before?.record, missing: true };
    const followed = before?.inode === tail.inode && before.end <= tail.size;
    const from = followed ? before.end : firstOfLife(tail, life.startedAt);
    const record = latestIn(tail, source, captured, from, life.startedAt) ?? before?.record;
    place = { life: life.id, inode: tail.inode, end: tail.end, record };
    return { record, missing: false };
  });
}

/** Where, in a file that is seen for the first time in a life, the lines begin that are certain to be of it. */
function firstOfLife(tail: Tail, startedAt: number): number {
  const last = tail.lines.at(-1);
  return last === undefined || tail.mtime < startedAt || tail.end < tail.size ? tail.end : last.offset;
}

/**
 * Finds the latest record of a life in lines of the output that come one after another, each with its time, from elsewhere than
 * its file.
 */
export function readLines(source: RecordSource) {
  let last: { readonly at: number; readonly record: FoundRecord } | undefined;
  return {
    take({ at, text }: { readonly at: number; readonly text: string }): void {
      const record = recordIn(text, source);
      if (record !== undefined && source.counts(record.values)) last = { at, record };
    },
    latest({ life }: Pick<LookRequest, 'life'>): FoundRecord | undefined {
      return last !== undefined && last.at >= life.startedAt ? last.record : undefined;
    },
  };
}

function recordIn(text: string, { pattern }: RecordSource): FoundRecord | undefined {
  const values = jsonValues(text) ?? (pattern === undefined ? undefined : patternValues(text, pattern));
  return values === undefined ? undefined : { values, text };
}

function latestIn(
  tail: Tail,
  source: RecordSource,
  captured: boolean,
  from: number,
  startedAt: number,
): FoundRecord | undefined {
  for (const { offset, text } of tail.lines.toReversed()) {
    const line = captured ? capturedLine(text) : { text, at: undefined };
    if (line === undefined) continue;
    const record = recordIn(line.text, source);
    if (record === undefined) continue;
    const ofThisLife = captured
      ? (line.at ?? 0) >= startedAt
      : offset >= from || (ownTime(record.values) ?? 0) >= startedAt;
    if (ofThisLife && source.counts(record.values)) return record;
  }
  return undefined;
}
