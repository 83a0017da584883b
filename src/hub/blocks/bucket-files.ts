import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../core/result.ts';

/** A stretch of receipt whose blocks lie in one file, which goes as a whole when its time is over. */
export interface BucketFile {
  readonly path: string;
  /** Which records are kept alike; a file name. */
  readonly group: string;
  /** Milliseconds, UTC: from `start` up to `end`. */
  readonly start: number;
  readonly end: number;
}

/** `logs/1800000000-3600.db`: seconds. */
const NAME = /^(\d{1,12})-(\d{1,8})\.db$/;

export function bucketPath(folder: string, group: string, start: number, lengthMs: number): string {
  return join(folder, group, `${start / 1000}-${lengthMs / 1000}.db`);
}

/** All buckets of a folder, the oldest first within each group. */
export function listBuckets(folder: string): readonly BucketFile[] {
  const found = namesIn(folder).flatMap((group) =>
    namesIn(join(folder, group)).flatMap((name): BucketFile[] => {
      const [, start, length] = NAME.exec(name) ?? [];
      if (start === undefined || length === undefined) return [];
      const from = Number(start) * 1000;
      return [{ path: join(folder, group, name), group, start: from, end: from + Number(length) * 1000 }];
    }),
  );
  return found.toSorted((a, b) => a.group.localeCompare(b.group) || a.start - b.start || a.end - b.end);
}

/** What a bucket takes on the disk, its write-ahead log too. */
export function bucketBytes({ path }: BucketFile): number {
  return [path, `${path}-wal`].reduce((sum, file) => sum + sizeOf(file), 0);
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // None was made yet, or a file beside the groups.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

const NICE_SECONDS = [1, 2, 5, 10, 30, 60, 300, 900, 1800, 3600, 4 * 3600, 12 * 3600, 86_400] as const;

/**
 * How long the buckets of a window are, milliseconds: a sixteenth of it, so that what is past the window takes little room, a day at
 * most, a second at least.
 */
export function bucketLength(keepMs: number): number {
  const wanted = keepMs / 16_000;
  return (NICE_SECONDS.findLast((seconds) => seconds <= wanted) ?? 1) * 1000;
}
