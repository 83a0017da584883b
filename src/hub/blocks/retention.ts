import { rmSync, statfsSync } from 'node:fs';
import { type BucketFile, bucketBytes, listBuckets } from './bucket-files.ts';

/** What a folder of buckets keeps. */
export interface Keeping {
  /** How long a group's records are kept from their receipt on, milliseconds. */
  readonly keepMs: (group: string) => number;
  /** All files together. */
  readonly bytes: number;
  /** So many bytes of its disk are left free. */
  readonly free: number;
  /** Which group gives way first when there is too little room: the lowest first. */
  readonly worth: (group: string) => number;
}

/** Why a bucket went. */
export interface Gone {
  readonly bucket: BucketFile;
  readonly why: 'age' | 'bytes' | 'free';
}

/**
 * Deletes whole files: those whose time is over; then, while they are too many bytes, or the disk has too few free ones, the oldest of
 * what is worth least. The newest file of a group stays: it alone knows up to where its agents have sent (see BlockWriter.begin).
 * Deleting takes no room on the disk.
 * @param now milliseconds. @param freeOf how many bytes the disk of a folder has free.
 */
export function purge(
  folder: string,
  keeping: Keeping,
  now: number,
  freeOf: (folder: string) => number = freeBytes,
): readonly Gone[] {
  const gone: Gone[] = [];
  const drop = (bucket: BucketFile, why: Gone['why']): void => {
    remove(bucket);
    gone.push({ bucket, why });
  };
  const all = listBuckets(folder);
  const newest = new Map(all.map((bucket) => [bucket.group, bucket]));
  const kept: BucketFile[] = [];
  for (const bucket of all) {
    const isOld = bucket.end + keeping.keepMs(bucket.group) <= now;
    if (isOld && newest.get(bucket.group) !== bucket) drop(bucket, 'age');
    else kept.push(bucket);
  }
  const candidates = kept
    .filter((bucket) => newest.get(bucket.group) !== bucket)
    .toSorted((a, b) => keeping.worth(a.group) - keeping.worth(b.group) || a.start - b.start);
  let bytes = kept.reduce((sum, bucket) => sum + bucketBytes(bucket), 0);
  for (const bucket of candidates) {
    const why = bytes > keeping.bytes ? 'bytes' : freeOf(folder) < keeping.free ? 'free' : undefined;
    if (why === undefined) break;
    bytes -= bucketBytes(bucket);
    drop(bucket, why);
  }
  return gone;
}

/** The database goes first: what is beside it is looked at by nobody then. */
function remove({ path }: BucketFile): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true });
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
